import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readConftest } from "../../src/policy/conftest.ts"
import { readToml } from "../../src/policy/toml.ts"
import { configMap, deployment, gate, judge } from "./gate.ts"

const rules = `package main

deny contains "plain" if input.kind == "ConfigMap"

violation_name contains {"msg": "named"} if input.metadata.name == "a"

warn_name contains "warned" if input.metadata.name == "a"

deny_other contains "other" if input.kind == "ConfigMap"
`

const exception = (names: string, head = "exception contains rules") =>
  `package main

# METADATA
# title: until the move
# custom:
#   owner: platform
${head} if {
	input.metadata.namespace == "shop"
	rules := ${names}
}
`

const told = (decision: Effect.Success<ReturnType<typeof judge>>) => ({
  violations: decision.violations.map(({ message }) => message).toSorted(),
  waived: decision.waived.map(({ message }) => message).toSorted()
})

layer(gate())("conftest's exceptions", (it) => {
  it.effect("let through all results of the rules that they name without prefix, for that object", () =>
    Effect.gen(function*() {
      const files = { "policies/a.rego": rules, "policies/e.rego": exception(`["name", "other"]`) }
      const elsewhere = { ...configMap("a"), metadata: { name: "a", namespace: "other" } }
      const decision = yield* judge(files, [configMap("a"), elsewhere])
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(told(decision), {
        violations: ["named", "other", "plain", "plain", "warned"],
        waived: ["named", "other", "warned"]
      })
      assert.deepStrictEqual(decision.waived.find(({ rule }) => rule === "violation_name")?.waiver, {
        policy: "name",
        objects: [{ kind: "ConfigMap", namespace: "shop", name: "a" }],
        reason: "until the move",
        owner: "platform",
        where: { file: "policies/e.rego", line: 7 }
      })
      assert.deepStrictEqual(decision.summary, { objects: 2, passed: 0, warned: 1, denied: 4, waived: 3 })
    }))

  it.effect("mean the plain rules by an empty name", () =>
    Effect.gen(function*() {
      const files = { "policies/a.rego": rules, "policies/e.rego": exception(`[""]`) }
      const decision = yield* judge(files, [configMap("b")])
      assert.deepStrictEqual(told(decision), { violations: ["other"], waived: ["plain"] })
    }))

  it.effect("hold in their own package only", () =>
    Effect.gen(function*() {
      const files = { "policies/a.rego": rules, "policies/e.rego": exception(`["other", ""]`).replace("main", "team") }
      const decision = yield* judge(files, [configMap("b")])
      assert.deepStrictEqual(told(decision), { violations: ["other", "plain"], waived: [] })
    }))

  it.effect("let no error through", () =>
    Effect.gen(function*() {
      const broken = "package main\n\ndeny_x contains 1\n"
      const files = { "policies/a.rego": broken, "policies/e.rego": exception(`["x"]`) }
      const decision = yield* judge(files, [configMap("b")])
      assert.deepStrictEqual(decision.violations.map(({ rule }) => rule), ["error"])
    }))

  it.effect("deny where they break", () =>
    Effect.gen(function*() {
      const conflict =
        "package main\n\nexception := [[\"\"]] if input.kind\n\nexception := [[\"x\"]] if input.metadata\n"
      const decision = yield* judge({ "policies/a.rego": rules, "policies/e.rego": conflict }, [configMap("b")])
      assert.deepStrictEqual(decision.violations.map(({ rule }) => rule), ["error"])
    }))
})

layer(gate())("conftest's file of an object", (it) => {
  it.effect("is not provided, and a policy that reads it is refused with its line", () =>
    Effect.gen(function*() {
      const rule =
        "package main\n\ndeny contains \"x\" if {\n\tinput.kind\n\tdata.conftest.file.name == \"a.yaml\"\n}\n"
      const error = yield* Effect.flip(judge({ "policies/a.rego": rule }, [configMap("a")]))
      assert.match(error.message, /reads data\.conftest/u)
      assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/a.rego", 5])
      const imported = rule.replace("\n\n", "\n\nimport data.conftest.file\n").replace("data.conftest.file.", "file.")
      assert.match(
        (yield* Effect.flip(judge({ "policies/a.rego": imported }, [configMap("a")]))).message,
        /imports data\.conftest/u
      )
      const text = rule.replace("data.conftest.file.name", "\"data.conftest.file.name\"")
      assert.strictEqual((yield* judge({ "policies/a.rego": text }, [configMap("a")]))._tag, "Passed")
    }))
})

layer(gate())("Rego v0", (it) => {
  const v0 =
    "package main\n\ndeny[msg] {\n  input.kind == \"ConfigMap\"\n  msg := sprintf(\"%v\", [input.metadata.name])\n}\n"

  it.effect("is read where the delivery says so", () =>
    Effect.gen(function*() {
      const decision = yield* judge({ "policies/a.rego": v0 }, [configMap("a")], { regoVersion: "v0" })
      assert.deepStrictEqual(told(decision).violations, ["a"])
    }))

  it.effect("is read where a conftest.toml says so, in its folder and below", () =>
    Effect.gen(function*() {
      const files = {
        "policies/old/conftest.toml": "rego-version = \"v0\"\n",
        "policies/old/deep/a.rego": v0,
        "policies/new.rego": "package fresh\n\ndeny contains \"new\" if input.kind\n"
      }
      assert.deepStrictEqual(told(yield* judge(files, [configMap("a")])).violations, ["a", "new"])
      const error = yield* Effect.flip(
        judge({ ...files, "policies/b.rego": v0.replace("main", "b") }, [configMap("a")])
      )
      assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/b.rego", 3])
    }))

  it.effect("is refused where its rules never report, with the line", () =>
    Effect.gen(function*() {
      const files = { "policies/a.rego": "package main\n\ndeny {\n  input.kind\n}\n" }
      const error = yield* Effect.flip(judge(files, [configMap("a")], { regoVersion: "v0" }))
      assert.match(error.message, /deny is a boolean/u)
      assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/a.rego", 3])
    }))
})

layer(gate())("a conftest.toml among the policies", (it) => {
  const together =
    "package main\n\ndeny contains sprintf(\"%d in %v\", [count(input), input[0].path]) if count(input) > 1\n"

  it.effect("has its rules judge all objects at once, but those that say otherwise", () =>
    Effect.gen(function*() {
      const files = {
        "policies/all/conftest.toml": "combine = true # as in CI\n",
        "policies/all/a.rego": together,
        "policies/each.rego": "package each\n\ndeny contains input.metadata.name if input.kind == \"ConfigMap\"\n",
        "policies/all/one.rego":
          "# METADATA\n# scope: package\n# schemas:\n# - input: schema.object\npackage one\n\ndeny contains input.kind\n"
      }
      const decision = yield* judge(files, [configMap("a"), deployment("b", "x")])
      assert.deepStrictEqual(told(decision).violations, ["2 in app.yaml", "ConfigMap", "Deployment", "a"])
    }))

  it.effect("names the packages that report, and may have warnings deny", () =>
    Effect.gen(function*() {
      const files = {
        "policies/conftest.toml": "fail-on-warn = true\nnamespace = [\n  \"main\", # ours\n  \"team.*\",\n]\n",
        "policies/a.rego": "package main\n\nwarn contains \"main\" if input.kind\n",
        "policies/b.rego": "package team.web\n\ndeny contains \"team\" if input.kind\n",
        "policies/c.rego": "package lib.kubernetes\n\ndeny contains \"lib\" if input.kind\n"
      }
      const decision = yield* judge(files, [configMap("a")])
      assert.deepStrictEqual(decision.violations.map(({ message, severity }) => [message, severity]), [
        ["main", "deny"],
        ["team", "deny"]
      ])
    }))

  it.effect("is refused with its line where it cannot be read", () =>
    Effect.gen(function*() {
      const refusal = (text: string) =>
        Effect.flip(judge({ "policies/conftest.toml": text, "policies/a.rego": rules }, [configMap("a")]))
      const broken = yield* refusal("policy = \"policy\"\n\ncombine = yes\n")
      assert.deepStrictEqual([broken.origin?.file, broken.origin?.line], ["policies/conftest.toml", 3])
      assert.match((yield* refusal("rego-version = \"v2\"")).message, /rego-version is v0 or v1/u)
      assert.match((yield* refusal("combine = \"true\"")).message, /combine is true or false/u)
    }))
})

describe("TOML", () => {
  it("is read as far as settings need it", () => {
    const text = `# a comment
a = "b # no comment" # one
'C' = 'd\\e'
list = ["x", 'y',
  # inside
  "z"]
empty = []
number = 1_000
yes = true
[table]
a = "not ours"
`
    const read = readToml(text)
    assert.deepStrictEqual("values" in read ? Object.fromEntries(read.values) : read, {
      a: "b # no comment",
      c: "d\\e",
      list: ["x", "y", "z"],
      empty: [],
      number: 1000,
      yes: true
    })
  })

  for (
    const text of [
      "a",
      "a = ",
      "a = \"b",
      "a = [\"b\"",
      "a = 1 2",
      "a = {}",
      "a = \"\"\"x\"\"\"",
      "a = [1]",
      "= 1",
      "a.b = 1"
    ]
  ) {
    it(`is refused where it says what is not read here: ${text}`, () => {
      assert.deepStrictEqual(readToml(`x = 1\n${text}`), { line: 2 })
    })
  }

  it("settings are those of the nearest file", () => {
    const file = (path: string, text: string) => ({ path, content: Buffer.from(text) })
    const { of, problems } = readConftest([
      file("conftest.toml", "combine = true"),
      file("policies/old/conftest.toml", "rego-version = \"V0\"")
    ])
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual([of("policies/a.rego").isCombined, of("policies/old/a.rego").isCombined], [true, false])
    assert.strictEqual(of("policies/old/x/a.rego").regoVersion, "v0")
    assert.isUndefined(of("policies/older/a.rego").regoVersion)
  })
})

describe("globs of packages", () => {
  const reports = (pattern: string, name: string) =>
    readConftest([{ path: "conftest.toml", content: Buffer.from(`namespace = ["${pattern}"]`) }]).of("a.rego").reports(
      name
    )

  it("are conftest's", () => {
    assert.isTrue(reports("team.*", "team.web.prod"))
    assert.isFalse(reports("team.*", "teams.web"))
    assert.isTrue(reports("[!a]b?", "xbc"))
    assert.isFalse(reports("[!a]b?", "abc"))
  })

  it("take no longer for a name that nearly fits", () => {
    assert.isFalse(reports(`${"*a".repeat(50)}b`, "a".repeat(500)))
  })
})
