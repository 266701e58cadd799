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

  describe("of a Gatekeeper constraint", () => {
    const constraint = (more: ReadonlyArray<string>) => [
      "apiVersion: constraints.gatekeeper.sh/v1beta1",
      "kind: Own",
      "metadata:",
      "  name: a",
      ...more,
      "# behind it",
      "---",
      "kind: Other",
      ""
    ]
    const shown = (more: ReadonlyArray<string>, line = 3) => {
      const text = ["kind: Before", "---", ...constraint(more)].join("\n")
      return ruleExcerpts(text, { file: "a.yaml", line })
    }
    const match = ["  match:", "    kinds:", "      - {apiGroups: [\"\"], kinds: [ConfigMap]}"]
    const parameters = ["  parameters:", "    labels: [owner]"]

    it("are all of it, where that is little", () => {
      const spec = ["spec:", ...match, ...parameters]
      assert.deepStrictEqual(shown(spec), [{ from: 3, lines: constraint(spec).slice(0, 10) }])
      assert.deepStrictEqual(shown([]), [{ from: 3, lines: constraint([]).slice(0, 4) }])
    })

    it("are its name, its match and its parameters, without a break, where there is more", () => {
      const more = ["spec:", ...match, ...parameters, "  enforcementAction: deny", ...Array(12).fill("  # a remark")]
      assert.deepStrictEqual(shown([...more, "  x: 1"]).map(({ from, lines }) => [from, lines.length, lines.at(-1)]), [
        [4, 9, "    labels: [owner]"]
      ])
      const labels = ["  labels:", ...Array.from({ length: 9 }, (_, index) => `    a${index}: b`)]
      const [far] = shown([...labels, "spec:", ...match, ...parameters])
      assert.deepStrictEqual([far?.from, far?.lines], [17, ["spec:", ...match, ...parameters]])
    })

    it("are the same whatever comes first", () => {
      const rest = [
        "spec:",
        ...match,
        ...parameters,
        "metadata:",
        "  name: a",
        ...Array(12).fill("  # a remark"),
        "  x: 1"
      ]
      const text = ["kind: Own", "apiVersion: constraints.gatekeeper.sh/v1beta1", ...rest].join("\n")
      const [only] = ruleExcerpts(text, { file: "a.yaml", line: 1 })
      assert.deepStrictEqual([only?.from, only?.lines.length, only?.lines.at(-1)], [1, 10, "  name: a"])
    })

    it("are 15 at most", () => {
      const long = ["  parameters:", "    labels:", ...Array.from({ length: 40 }, (_, index) => `      - a${index}`)]
      const [cut] = shown(["spec:", ...match, ...long])
      assert.deepStrictEqual([cut?.from, cut?.lines.length], [8, 15])
    })

    it("are its own in a list of them, and none where no constraint begins", () => {
      const item = [
        "  - apiVersion: constraints.gatekeeper.sh/v1beta1",
        "    kind: Own",
        "    metadata: {name: a}",
        "    spec: {match: {namespaces: [a]}}"
      ]
      const text = ["apiVersion: v1", "kind: List", "items:", ...item, ...item].join("\n")
      assert.deepStrictEqual(ruleExcerpts(text, { file: "a.yaml", line: 4 }), [{ from: 4, lines: item }])
      assert.deepStrictEqual(ruleExcerpts(text, { file: "a.yaml", line: 5 }), [])
    })
  })
})
