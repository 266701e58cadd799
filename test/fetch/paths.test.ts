import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { nameRefusal, resolvePath } from "../../src/fetch/paths.ts"

const resolved = (folder: string, reference: string) => {
  const result = resolvePath(folder, reference)
  return Result.isSuccess(result) ? result.success : `refused: ${result.failure.why}`
}

describe("paths", () => {
  it("resolves references from their folder", () => {
    assert.strictEqual(resolved("", "a/b"), "a/b")
    assert.strictEqual(resolved("a/b", "../c/./d//e/"), "a/c/d/e")
    assert.strictEqual(resolved("a", ".."), "")
    assert.strictEqual(resolved("", "."), "")
    assert.strictEqual(resolved("a", "x/../../b"), "b")
    assert.strictEqual(resolved("", ".gitignore"), ".gitignore")
    assert.strictEqual(resolved("", "a:b/c d/ü/%2e%2e"), "a:b/c d/ü/%2e%2e")
  })

  it("never leaves the tree, not even to come back", () => {
    for (
      const [folder, reference] of [["", ".."], ["a", "../../a/b"], ["a/b", "../../../x"], ["", "a/../../b"]] as const
    ) {
      assert.match(resolved(folder, reference), /leads out of the repository/u)
    }
    assert.match(resolved("", "/etc/passwd"), /is absolute/u)
    assert.match(resolved("", "https://example.com/x"), /is an address/u)
    assert.match(resolved("", "git::https://example.com"), /is an address/u)
  })

  it("refuses .git and what other systems take for it", () => {
    const names = [
      ".git",
      ".GIT",
      ".Git",
      "git~1",
      "GIT~12",
      ".git.",
      ".git ",
      ".git . .",
      ".git::$INDEX_ALLOCATION",
      ".git:x",
      ".g\u200cit",
      "\ufeff.git",
      ".gi\u202et"
    ]
    for (const name of names) assert.match(nameRefusal(name) ?? "", /\.git/u, JSON.stringify(name))
    for (const name of [".github", "git", "x.git", "git~", ".gitattributes"]) {
      assert.isUndefined(nameRefusal(name), name)
    }
  })

  it("refuses names that no tree should have", () => {
    const names = [
      "",
      ".",
      "..",
      "...",
      ".. ",
      ". .",
      "..\u200c",
      "a\\b",
      "a/b",
      "a\u0000",
      "a\nb",
      "\u007f",
      "x".repeat(256)
    ]
    for (const name of names) assert.isDefined(nameRefusal(name), JSON.stringify(name))
    assert.match(resolved("", "a/".repeat(101)), /deeper than 100/u)
    assert.match(resolved("", Array.from({ length: 20 }, () => "x".repeat(250)).join("/")), /more than 4096 bytes/u)
  })
})
