import { assert, describe, it } from "@effect/vitest"
import { plain } from "../../src/cli/color.ts"
import { excerptLines, manifestExcerpt, ruleExcerpts } from "../../src/cli/excerpt.ts"

const two = "kind: A\nmetadata:\n  name: a\n---\nkind: B\nmetadata:\n\tname: b\n"

describe("lines of a source", () => {
  it("stay in their document, and mark the column", () => {
    const excerpt = manifestExcerpt(two, { file: "a.yaml", line: 5, column: 7 })!
    assert.deepStrictEqual(excerptLines(excerpt, plain), [
      "> 5 │ kind: B",
      "    │       ^",
      "  6 │ metadata:",
      "  7 │   name: b"
    ])
    const tabbed = manifestExcerpt(two, { file: "a.yaml", line: 7, column: 2 })!
    assert.deepStrictEqual(excerptLines(tabbed, plain).slice(2, 4), ["> 7 │   name: b", "    │   ^"])
  })

  it("are none where the file has no such line, or where a Secret is", () => {
    assert.isUndefined(manifestExcerpt(two, { file: "a.yaml" }))
    assert.isUndefined(manifestExcerpt(two, { file: "a.yaml", line: 99 }))
    for (
      const text of [
        "kind: Secret\ndata: {a: b}",
        "kind: 'Secret'\n",
        "{\"apiVersion\":\"v1\",\"kind\" : \"Secret\"}",
        "kind: List\nitems:\n  - kind: Secret\n",
        "secretGenerator:\n- literals: [a=b]\n"
      ]
    ) assert.isUndefined(manifestExcerpt(text, { file: "a.yaml", line: 1 }), text)
    assert.isDefined(manifestExcerpt("kind: SecretStore\n", { file: "a.yaml", line: 1 }))
    assert.isDefined(manifestExcerpt(`${two}---\nkind: Secret\n`, { file: "a.yaml", line: 1 }))
  })

  it("write no escape sequence of somebody else", () => {
    const excerpt = manifestExcerpt("a: \u001b[31mred\u202e\n", { file: "a.yaml", line: 1, column: 1 })!
    assert.notMatch(excerptLines(excerpt, plain).join("\n"), /[\u001b\u202e]/u)
  })

  it("are all bodies of a rule, and of nothing else", () => {
    const text = "package a\n\ndeny contains 1 if {\n\ttrue\n}\n\nwarn contains 2\n\n# more\ndeny contains 3\n"
    assert.deepStrictEqual(
      ruleExcerpts(text, { file: "a.rego", line: 3 }).map(({ from, lines }) => [from, lines.length]),
      [
        [3, 3],
        [10, 1]
      ]
    )
    assert.deepStrictEqual(ruleExcerpts(text, { file: "a.rego", line: 4 }), [])
    const long = `package a\n\ndeny contains 1 if {\n${"\ttrue\n".repeat(100)}}\n`
    assert.lengthOf(ruleExcerpts(long, { file: "a.rego", line: 3 })[0]!.lines, 30)
  })

  it("show a Gatekeeper constraint as it is written", () => {
    const text = "kind: Template\n---\n\nkind: Own\nmetadata:\n  name: a\n\n---\nkind: Other\n"
    assert.deepStrictEqual(ruleExcerpts(text, { file: "a.yaml", line: 4 }), [
      { from: 4, lines: ["kind: Own", "metadata:", "  name: a"] }
    ])
  })
})
