import { assert, describe, it } from "@effect/vitest"
import { blocksOf, commandsOf, fits, folderOf, shownIn, sluicesIn } from "./markdown.ts"

describe("pages", () => {
  it("give their blocks, with their lines and without the indentation of a list", () => {
    const page =
      "# A\n\n```sh no-run needs Docker\ndocker ps\n```\n\n1. First:\n\n   ```yaml\n   a:\n     b: 1\n   ```\n"
    assert.deepStrictEqual(blocksOf("a.md", page), [
      { where: "a.md:3", language: "sh", info: "no-run needs Docker", text: "docker ps\n" },
      { where: "a.md:9", language: "yaml", info: "", text: "a:\n  b: 1\n" }
    ])
    assert.strictEqual(folderOf("<!-- Run in deploy/samples/shop. -->\n# A"), "deploy/samples/shop")
    assert.strictEqual(folderOf("# A"), ".")
  })

  it("give commands, joined where a line goes on, and without comments", () => {
    assert.deepStrictEqual(commandsOf("a --b \\\n  c # why\n\n# nothing\nd '#e'\n"), ["a --b    c", "d '#e'"])
    assert.lengthOf(commandsOf("a <<EOF\nb\nEOF\nc\n"), 1)
    assert.deepStrictEqual(shownIn("$ a\nb\nc\n$ d\n"), [{ command: "a", output: "b\nc\n" }, {
      command: "d",
      output: ""
    }])
    assert.deepStrictEqual(sluicesIn("cd x && npx sluice suspend shop --reason \"a b\" 2> log | grep sluice"), [
      ["suspend", "shop", "--reason", "a b"]
    ])
  })

  it("know an output by what does not differ from run to run", () => {
    assert.isTrue(fits("shop  True   main@sha1:0420feb3   106s\n", "shop True main@sha1:deadbeef 2m\n"))
    assert.isTrue(fits("a\nb\nc\nd\n", "a\n…\nd\n"))
    assert.isFalse(fits("shop False\n", "shop True\n"))
    assert.isFalse(fits("a\nb\n", "a\n"))
  })
})
