import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "../../src/domain/Json.ts"
import { stale } from "../../src/domain/stale.ts"
import { liveMetadata } from "../../src/kube/liveMetadata.ts"
import { seen } from "../../src/kube/Seen.ts"

const objectWith = (fieldsV1: JsonObject, manager: string): JsonObject => ({
  metadata: {
    name: "a",
    namespace: "shop",
    uid: "1",
    resourceVersion: "2",
    managedFields: [
      { manager: "sluice", operation: "Apply", apiVersion: "v1", fieldsV1: { "f:data": { "f:own": {} } } },
      { manager, operation: "Update", apiVersion: "v1", time: "2026-11-29T10:00:00Z", fieldsV1 }
    ]
  }
})

const deep = (levels: number, leaves: JsonObject = {}): JsonObject =>
  JSON.parse(`${"{\"f:a\":".repeat(levels)}${JSON.stringify(leaves)}${"}".repeat(levels)}`) as JsonObject

// The API server takes whatever anybody writes into managedFields in another's name.
describe("ownership that was written to do harm", () => {
  for (const manager of ["k9s", "kubectl-edit", "sluice"]) {
    it(`is seen, however deep it is: ${manager}`, () => {
      for (const levels of [50, 99, 200, 20_000]) {
        const live = liveMetadata("v1", "ConfigMap", objectWith(deep(levels), manager))
        const { fingerprint, guests, held, intruders } = seen(live)
        assert.isString(fingerprint + held)
        assert.lengthOf([...guests, ...intruders], 1)
      }
    })

    it(`costs no more than it may, however wide it is below: ${manager}`, () => {
      const leaves = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`f:leaf-${index}`, {}]))
      const wide = deep(90, { [`f:${"x".repeat(100_000)}`]: leaves })
      const live = liveMetadata("v1", "ConfigMap", objectWith(wide, manager))
      const before = process.memoryUsage().heapUsed
      for (let count = 0; count < 20; count++) {
        seen(live)
        stale(live.managedFields)
      }
      assert.isBelow(process.memoryUsage().heapUsed - before, 200 * 2 ** 20)
    })
  }
})
