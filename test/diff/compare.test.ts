import { assert, describe, it } from "@effect/vitest"
import { compare, type Side } from "../../src/diff/compare.ts"
import type { JsonObject } from "../../src/domain/Json.ts"

const side = (object: JsonObject, fieldsV1: JsonObject, others: Side["managedFields"] = []): Side => ({
  object,
  managedFields: [{ manager: "sluice", operation: "Apply", fieldsV1 }, ...others]
})

describe("compare", () => {
  it("names fields as people write them", () => {
    const fields = {
      "f:metadata": { "f:labels": { "f:app.kubernetes.io/name": {} }, "f:finalizers": { ".": {}, "v:\"a/b\"": {} } },
      "f:spec": {
        "f:ports": {
          "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {}, "f:targetPort": {} }
        },
        "f:containers": { "k:{\"name\":\"app\"}": { ".": {}, "f:name": {}, "f:image": {} } },
        "f:selector": {}
      }
    }
    const object = (image: string, app: string, finalizers: ReadonlyArray<string>): JsonObject => ({
      metadata: { labels: { "app.kubernetes.io/name": app }, finalizers },
      spec: {
        ports: [{ port: 443, protocol: "TCP" }, { port: 80, protocol: "TCP", targetPort: image }],
        containers: [{ name: "side" }, { name: "app", image }],
        selector: { app, tier: "front" }
      }
    })
    const difference = compare(side(object("1", "a", []), fields), side(object("2", "b", ["a/b"]), fields))
    assert.deepStrictEqual(difference.fields, [
      { path: "metadata.labels[\"app.kubernetes.io/name\"]", from: "a", to: "b" },
      { path: "metadata.finalizers[\"a/b\"]", to: "a/b" },
      { path: "spec.ports[port=80,protocol=TCP].targetPort", from: "1", to: "2" },
      { path: "spec.containers[name=app].image", from: "1", to: "2" },
      { path: "spec.selector.app", from: "a", to: "b" }
    ])
    assert.isTrue(difference.needsWrite)
  })

  it("sees only what we own, and not our own marks", () => {
    const mine = { "f:metadata": { "f:annotations": { "f:sluice.dev/origin": {} } }, "f:data": { "f:a": {} } }
    const difference = compare(
      side({ metadata: { annotations: { "sluice.dev/origin": "old" } }, data: { a: "1", b: "x" } }, mine),
      side({ metadata: { annotations: { "sluice.dev/origin": "new" } }, data: { a: "1", b: "y" } }, mine)
    )
    assert.deepStrictEqual(difference, {
      fields: [],
      fallsBack: [],
      takesFrom: [],
      takesFromAppliers: [],
      handsOver: [],
      needsWrite: false
    })
  })

  it("writes to own a field that already has its value, and to let one go", () => {
    const object = { data: { a: "1" } }
    const both = { "f:data": { "f:a": {} } }
    assert.isTrue(compare(side(object, {}), side(object, both)).needsWrite)
    assert.isTrue(compare(side(object, both), side(object, {})).needsWrite)
  })

  it("hands over what is left to others, and sees no change of it", () => {
    const owns = (fieldsV1: JsonObject) => [{ manager: "hpa", operation: "Update", subresource: "scale", fieldsV1 }]
    const replicas = { "f:spec": { "f:replicas": {}, "f:paused": {} } }
    const isLeft = (path: ReadonlyArray<string>) => path.join(".") === "f:spec.f:replicas"
    const ours = compare(
      side({ spec: { replicas: 7, paused: true } }, replicas),
      side({ spec: { replicas: 3, paused: true } }, replicas),
      isLeft
    )
    assert.deepStrictEqual(ours, {
      fields: [],
      fallsBack: [],
      takesFrom: [],
      takesFromAppliers: [],
      handsOver: ["spec.replicas"],
      needsWrite: true
    })
    const theirs = {
      ...side({ spec: { replicas: 7, paused: true } }, { "f:spec": { "f:paused": {} } }, owns(replicas))
    }
    assert.deepStrictEqual(compare(theirs, theirs, isLeft), { ...ours, handsOver: [], needsWrite: false })
  })

  it("tells what falls back to a default, and who loses a field", () => {
    const helm = (fieldsV1: JsonObject) => [{ manager: "helm", operation: "Update", fieldsV1 }]
    const difference = compare(
      side(
        { spec: { replicas: 5, paused: true } },
        { "f:spec": { "f:replicas": {} } },
        helm({ "f:spec": { "f:paused": {} } })
      ),
      side({ spec: { replicas: 1, paused: false } }, { "f:spec": { "f:paused": {} } }, helm({}))
    )
    assert.deepStrictEqual(difference.fallsBack, [{ path: "spec.replicas", from: 5, to: 1 }])
    assert.deepStrictEqual(difference.takesFrom, ["helm"])
  })
})
