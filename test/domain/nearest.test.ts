import { assert, describe, it } from "@effect/vitest"
import { nearest } from "../../src/domain/nearest.ts"

describe("nearest", () => {
  const known = ["branch", "tag", "commit", "secretRef", "path"]
  it("finds what was meant", () => {
    assert.strictEqual(nearest("brnach", known), "branch")
    assert.strictEqual(nearest("secretref", known), "secretRef")
    assert.strictEqual(nearest("secretReference", ["secretRef"]), undefined)
    assert.strictEqual(nearest("pahts", known), "path")
  })
  it("says nothing rather than nonsense", () => {
    assert.strictEqual(nearest("replicas", known), undefined)
    assert.strictEqual(nearest("x", []), undefined)
    assert.strictEqual(nearest("z".repeat(100_000), known), undefined)
  })
})
