import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ledger from "../../src/apply/Ledger.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import type { Inventory, InventoryEntry } from "../../src/domain/Inventory.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { admitted, configMap } from "./Subject.ts"

const [first] = admitted([configMap("one", "shop", { value: "1" })])
const entry: InventoryEntry = {
  ref: first!.ref,
  apiVersion: "v1",
  digest: first!.digest,
  fingerprint: "sha256:as we left it",
  uid: "u-1"
}
const applied = { revision: "main@sha1:1", identity: "one", closure: "one", healthy: true }
const before: Inventory = { entries: [entry], applied, healthyObjects: 1 }
const update: Changeset = {
  admitted: admitted([configMap("one", "shop", { value: "1" })]),
  changes: [{
    action: "update",
    ref: first!.ref,
    apiVersion: "v1",
    manifest: first!,
    fields: [],
    takesFrom: [],
    live: { uid: "u-1", resourceVersion: "2", fingerprint: "sha256:taken" }
  }],
  losses: [],
  digest: "sha256:abc"
}

/** Saves go to the test: nothing is asked of it. */
const nobody = Layer.mock(KubeStatus, {})

describe("the books of an apply", () => {
  it.effect("end with what was written, also where that is what stood there before they were opened", () =>
    Effect.gen(function*() {
      const saved: Array<Inventory> = []
      const save = (inventory: Inventory) => Effect.sync(() => void saved.push(inventory))
      const ledger = yield* Ledger.open(before, update, { prune: true, save })
      assert.isUndefined(saved.at(-1)?.entries[0]?.fingerprint, "nobody knows yet what it will be like")
      assert.deepStrictEqual(saved.at(-1)?.applied, { ...applied, identity: "" }, "nor which revision stands whole")
      // Put back within the second in which it was written first: the same fields, the same time.
      ledger.written(entry)
      yield* ledger.close(applied, 1, undefined)
      assert.deepStrictEqual(saved.at(-1), before)
    }).pipe(Effect.provide(nobody)))

  it.effect("are not saved where nothing was done", () =>
    Effect.gen(function*() {
      const saved: Array<Inventory> = []
      const save = (inventory: Inventory) => Effect.sync(() => void saved.push(inventory))
      const unchanged = {
        ...update.changes[0]!,
        action: "unchanged" as const,
        live: { ...update.changes[0]!.live!, fingerprint: entry.fingerprint! }
      }
      const ledger = yield* Ledger.open(before, { ...update, changes: [unchanged] }, { prune: true, save })
      yield* ledger.flush
      yield* ledger.close(applied, 1, undefined)
      assert.deepStrictEqual(saved, [])
    }).pipe(Effect.provide(nobody)))
})
