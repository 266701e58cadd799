import { assert, describe, it } from "@effect/vitest"
import { remarks } from "../../src/policy/remarks.ts"
import type { Rule } from "../../src/policy/Rule.ts"

const told = (text: string, rules: ReadonlyArray<Rule> = [], path = "policies/a.rego"): ReadonlyArray<string> =>
  remarks([{ path, content: Buffer.from(text) }], rules)
    .map(({ help, origin, says }) => `${origin.line} ${says} | ${help}`)

const metadata = (...lines: ReadonlyArray<string>) =>
  ["package a", "", "# METADATA", ...lines.map((line) => `# ${line}`), "deny contains \"x\" if input.kind"].join("\n")

const rule = (judges: Rule["judges"]): Rule => ({
  package: "a",
  path: ["a"],
  name: "deny",
  severity: "deny",
  judges,
  policy: "a",
  files: ["policies/a.rego"],
  places: []
})

describe("what compiles and is most likely a mistake", () => {
  it("is a name in METADATA that nobody reads, with its line and the nearest right one", () => {
    assert.deepStrictEqual(told(metadata("titel: A", "custom:", "  sevrity: high", "  ID: a", "  remedi: x")), [
      "4 METADATA has \"titel\", which nobody reads | Did you mean \"title\"?",
      "6 METADATA's custom has \"sevrity\", which nobody reads | Did you mean \"severity\"?",
      "7 METADATA's custom has \"ID\", which nobody reads | Did you mean \"id\"?",
      "8 METADATA's custom has \"remedi\", which nobody reads | Did you mean \"remedy\"?"
    ])
    assert.match(told(metadata("severity: high"))[0]!, /^4 METADATA has "severity".*OPA knows scope, title/u)
  })

  it("is a value that reports cannot use", () => {
    assert.deepStrictEqual(told(metadata("custom: {id: 7, severity: severe}")), [
      "4 METADATA's custom.id is no text, and is not read | Write a text, in quotes.",
      "4 METADATA's custom.severity is \"severe\", which reports do not know | Write info, low, medium, high or critical."
    ])
  })

  it("is no field of the author's own, no severity in capitals, no comment, and nothing that OPA refuses", () => {
    assert.deepStrictEqual(told(metadata("title: A", "custom:", "  owner: dana", "  no: 1", "  severity: HIGH")), [])
    assert.deepStrictEqual(told("# metadata\n# titel: A\npackage a\n\n# titel: b\n"), [])
    assert.deepStrictEqual(told(metadata("title: [")), [])
    assert.deepStrictEqual(told(metadata("titel: A"), [], "policies/a.json"), [])
  })

  it("is a rule for all objects at once that is given each by itself", () => {
    const text = "package a\n\n# input[_].contents\ndeny contains \"x\" if input[_].contents.kind == \"A\"\n"
    assert.match(told(text, [rule("object")])[0]!, /^4 reads all objects at once.*schema\.combined/u)
    assert.deepStrictEqual(told(text, [rule("combined")]), [])
    assert.deepStrictEqual(told(text), [])
  })

  it("is a file of waivers where none are read from", () => {
    for (const path of ["policies/waivers.yml", "policies/images/waivers.yaml"]) {
      assert.match(remarks([{ path, content: Buffer.from("waivers:\n  - {}\n") }], [])[0]!.says, /waives nothing$/u)
    }
    assert.deepStrictEqual(remarks([{ path: "policies/waivers.yml", content: Buffer.from("mine: 1\n") }], []), [])
  })
})
