import { assert, describe, it } from "@effect/vitest"
import { compact } from "../../src/apply/compactInventory.ts"
import type { Inventory } from "../../src/domain/Inventory.ts"

const full: Inventory = {
  entries: [
    {
      ref: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" },
      apiVersion: "apps/v1",
      digest: "sha256:aa",
      fingerprint: "f",
      uid: "u"
    },
    { ref: { group: "", kind: "Namespace", namespace: "", name: "größe:😀" }, apiVersion: "v1" }
  ],
  applied: { revision: "main@sha1:aa", identity: "i", closure: "c", healthy: true },
  healthyObjects: 2
}

describe("a compact inventory", () => {
  it("says the same, and leaves out what was left out", () => {
    const kept = compact(full)
    assert.deepStrictEqual(kept, full)
    assert.hasAllKeys(kept.entries[1]!, ["ref", "apiVersion"])
    assert.deepStrictEqual(compact({ entries: [] }), { entries: [] })
  })
})
