import { assert, describe, it } from "@effect/vitest"
import { guard } from "../../src/apply/guard.ts"
import type { Change, Changeset } from "../../src/domain/Changeset.ts"
import { admitted, configMap, delivery } from "./Subject.ts"

const deleted = (kind: string, name: string): Change => ({
  action: "delete",
  ref: { group: kind === "CustomResourceDefinition" ? "apiextensions.k8s.io" : "", kind, namespace: "shop", name },
  apiVersion: "v1",
  fields: [],
  takesFrom: []
})

const changeset = (kept: number, gone: ReadonlyArray<Change>): Changeset => ({
  admitted: admitted(Array.from({ length: kept }, (_, index) => configMap(`kept-${index}`, "shop", {}))),
  changes: gone,
  losses: [],
  digest: "sha256:abc"
})

const maps = (count: number) => Array.from({ length: count }, (_, index) => deleted("ConfigMap", `gone-${index}`))
const blocked = (limit: string | number, kept: number, gone: ReadonlyArray<Change>, healthyObjects?: number) => {
  const inventory = {
    entries: Array.from({ length: kept + gone.length }, (_, index) => ({
      ref: deleted("ConfigMap", `${index}`).ref,
      apiVersion: "v1"
    })),
    ...healthyObjects === undefined ? {} : { healthyObjects }
  }
  return guard(delivery("web", "shop", { deletionLimit: limit }), changeset(kept, gone), inventory)?.message
}

describe("guard", () => {
  it("lets through what stays within the limit", () => {
    assert.isUndefined(blocked("50%", 5, maps(5)))
    assert.isUndefined(blocked("50%", 1, maps(1)), "the only object may be renamed")
    assert.isUndefined(blocked(3, 1, maps(3)))
    assert.isUndefined(blocked("0%", 5, []))
  })

  it("blocks what is beyond it, and names objects and digest", () => {
    assert.include(blocked("50%", 3, maps(5)), "5 of 8 objects would be gone")
    assert.include(blocked(3, 9, maps(4)), "ConfigMap/shop/gone-3.")
    assert.include(blocked("0%", 5, maps(1)), "1 of 6")
    assert.include(blocked("100%", 0, maps(1)), "the revision is empty")
    assert.include(blocked(10, 1, maps(30)), "and 10 more")
  })

  it("counts from the last healthy revision, so that many small commits are one large one", () => {
    assert.include(blocked("50%", 49, maps(1), 100), "51 of 100 objects would be gone")
  })

  it("asks before what takes others with it, or data, whatever its number", () => {
    for (const kind of ["Namespace", "PersistentVolumeClaim", "CustomResourceDefinition"]) {
      assert.include(blocked("100%", 9, [deleted(kind, "x")]), `${kind}/shop/x would be deleted`)
    }
  })

  it("asks before a Delivery goes that takes something along, and tells it beside all else", () => {
    const along = ["Delivery/shop/db would be deleted, and with it PersistentVolumeClaim/shop/data"]
    const why = (kept: number, gone: ReadonlyArray<Change>) =>
      guard(delivery("web", "shop"), changeset(kept, gone), { entries: [], healthyObjects: 10 }, along)?.message
    assert.match(why(9, maps(1))!, /^Delivery\/shop\/db would be deleted, and with it \S+\/data\. To be deleted: /u)
    assert.include(why(9, [deleted("Namespace", "x")]), `Namespace/shop/x would be deleted; ${along[0]}`)
    assert.include(why(1, maps(9)), `spec.apply.deletionLimit is 50%; ${along[0]}`)
  })

  it("is lifted by the digest of this changeset and no other", () => {
    const inventory = { entries: [] }
    const confirmed = (digest: string) =>
      guard(delivery("web", "shop", {}, { "sluice.dev/confirm": digest }), changeset(0, maps(2)), inventory)
    assert.isUndefined(confirmed("sha256:abc"))
    assert.isDefined(confirmed("sha256:abd"))
  })
})
