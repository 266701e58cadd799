import { assert, describe, it } from "@effect/vitest"
import { awaited } from "../../src/controller/dependencies.ts"
import type { LiveDelivery } from "../../src/controller/Registry.ts"
import { live, ready, registry } from "./live.ts"

const url = "https://git.example.com/shop.git"
const one = `main@sha1:${"1".repeat(40)}`
const two = `main@sha1:${"2".repeat(40)}`
const urlOf = ({ resource }: LiveDelivery) => resource.spec.source?.git.url
const web = live("shop/web", { spec: { dependsOn: [{ name: "database" }] } })
const waits = (database: LiveDelivery | undefined, revision = two) =>
  awaited(registry(web, ...database === undefined ? [] : [database]), web, { revision, url }, urlOf)?.detail

describe("dependsOn", () => {
  it("waits for what does not exist, and says so", () => {
    assert.match(waits(undefined) ?? "", /shop\/database, which does not exist/u)
  })

  it("waits for what is not ready, or was ready as it was before its last change", () => {
    assert.match(waits(live("shop/database")) ?? "", /not ready/u)
    const changed = { ...live("shop/database", { status: ready(two) }), generation: 2 }
    assert.match(waits(changed) ?? "", /not ready/u)
  })

  it("waits until a dependency of the same source is on the same revision", () => {
    assert.match(waits(live("shop/database", { status: ready(one) })) ?? "", /not on main@sha1:2/u)
    assert.isUndefined(waits(live("shop/database", { status: ready(two) })))
  })

  it("does not compare revisions of different sources or branches", () => {
    const source = { git: { url: "https://git.example.com/other.git", branch: "main" } }
    assert.isUndefined(waits(live("shop/database", { spec: { source }, status: ready(one) })))
    assert.isUndefined(waits(live("shop/database", { status: ready(one.replace("main", "stable")) })))
  })
})
