import { assert, describe, it } from "@effect/vitest"
import { lessFields, placeOf } from "../../src/domain/fieldsV1.ts"
import {
  leave,
  leaveBy,
  leavesField,
  pointersFor,
  scaledBy,
  stillOwned,
  withoutLeft
} from "../../src/domain/ignored.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { isWithin, parse } from "../../src/domain/jsonPointer.ts"
import { ofObject } from "../../src/domain/ObjectRef.ts"
import { stamp } from "../../src/domain/ownership.ts"
import { deployment, manifest } from "../apply/Subject.ts"

const sent = (object: JsonObject, ...pointers: ReadonlyArray<string>) =>
  withoutLeft(leave(manifest(object), pointers)).object

const autoscaler = (scaleTargetRef: JsonObject, apiVersion = "autoscaling/v2", kind = "HorizontalPodAutoscaler") => {
  const object = { apiVersion, kind, metadata: { name: "h", namespace: "shop" }, spec: { scaleTargetRef } }
  return scaledBy(ofObject(object), object)
}

describe("jsonPointer", () => {
  it("reads names as RFC 6901 writes them", () => {
    assert.deepStrictEqual(parse("/spec/replicas"), ["spec", "replicas"])
    assert.deepStrictEqual(parse("/metadata/annotations/example.com~1a~01"), [
      "metadata",
      "annotations",
      "example.com/a~1"
    ])
    assert.deepStrictEqual(parse("/a//0"), ["a", "", "0"])
    assert.isTrue(isWithin(["a", "b"], ["a"]))
    assert.isFalse(isWithin(["ab"], ["a"]))
    assert.isFalse(isWithin(["a"], ["a", "b"]))
  })
})

describe("ignored", () => {
  const web = deployment("web", "shop", { replicas: 3 })

  it("leaves out exactly what is named, by the indices of the rendered list", () => {
    assert.deepStrictEqual(sent(web, "/spec/replicas"), deployment("web", "shop"))
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "1", "b/c~d": "2" } }
    assert.deepStrictEqual(sent(object, "/data/b~1c~0d").data, { a: "1" })
    assert.deepStrictEqual(sent(object, "/data/a", "/data/b~1c~0d").data, {}, "the map itself was not named")
    assert.isFalse(Object.hasOwn(sent(object, "/data"), "data"))
    const listed = { ...object, rules: [{ x: 1 }, { x: 2 }, { x: 3, y: 4 }], data: {} }
    assert.deepStrictEqual(sent(listed, "/rules/0", "/rules/2/y").rules, [{ x: 2 }, { x: 3 }])
    assert.deepStrictEqual(sent(listed, "/rules/7", "/rules/-", "/rulesx", "/data/a"), listed)
  })

  it("keeps the bytes that are sent and the object the same", () => {
    const left = withoutLeft(leave(manifest(web), ["/spec/replicas"]))
    assert.deepStrictEqual(JSON.parse(left.json), left.object)
    const whole = manifest(web)
    assert.strictEqual(withoutLeft(whole), whole)
  })

  it("always sends what makes the object that one and ours", () => {
    const stamped = stamp(
      manifest({ ...web, metadata: { ...web.metadata as JsonObject, labels: { a: "1" } } }),
      "l",
      "o"
    )
    const { metadata } = withoutLeft(leave(stamped, ["/metadata", "/kind"])).object
    assert.deepStrictEqual(metadata, {
      name: "web",
      namespace: "shop",
      labels: { "sluice.dev/delivery": "l" },
      annotations: { "sluice.dev/origin": "o" }
    })
    const isLeft = leavesField(leave(stamped, ["/metadata/labels"]))
    assert.isTrue(isLeft(["f:metadata", "f:labels", "f:a"]))
    assert.isFalse(isLeft(["f:metadata", "f:labels", "f:sluice.dev/delivery"]))
  })

  it("selects by group, kind, namespace and name, and what is not said fits all", () => {
    const paths = ["/x"]
    const fits = (target: JsonObject) =>
      pointersFor([{ paths, target: target as object }])(manifest(web).ref).length > 0
    assert.isTrue(fits({}))
    assert.isTrue(fits({ group: "apps", kind: "Deployment", namespace: "shop", name: "web" }))
    for (const target of [{ group: "" }, { kind: "deployment" }, { namespace: "" }, { name: "we" }, { name: "w*" }]) {
      assert.isFalse(fits(target), JSON.stringify(target))
    }
  })

  it("reads what an autoscaler scales", () => {
    const target = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" }
    const full = { apiVersion: "apps/v1", kind: "Deployment", name: "web" }
    assert.deepStrictEqual(autoscaler(full), { paths: ["/spec/replicas"], target })
    assert.deepStrictEqual(autoscaler(full, "autoscaling/v1")?.target, target)
    assert.deepStrictEqual(autoscaler({ name: "web" }, "keda.sh/v1alpha1", "ScaledObject")?.target, {
      kind: "Deployment",
      namespace: "shop",
      name: "web"
    })
    assert.isUndefined(autoscaler(full, "example.com/v1"))
    assert.isUndefined(autoscaler({ kind: "Deployment" }))
  })

  it("makes a rule that comes or goes a change of the objects that have the field, and of no other", () => {
    const rule = { paths: ["/spec/replicas"], target: {} }
    const [plain, ruled] = [leaveBy([])(manifest(web)), leaveBy([rule])(manifest(web))]
    assert.strictEqual(plain.digest, manifest(web).digest)
    assert.notStrictEqual(ruled.digest, plain.digest)
    assert.strictEqual(ruled.digest, leaveBy([rule, rule])(manifest(web)).digest)
    const without = manifest(deployment("web", "shop"))
    assert.strictEqual(leaveBy([rule])(without).digest, without.digest)
    assert.deepStrictEqual(leaveBy([rule])(without).leaves, ["/spec/replicas"], "it may be ours from before")
  })
})

describe("fieldsV1", () => {
  const object = deployment("web", "shop", {}, {
    containers: [
      { name: "side", image: "s" },
      { name: "app", image: "a", args: ["x", "y"], ports: [{ containerPort: 80 }] }
    ]
  })
  const template = ["f:spec", "f:template", "f:spec", "f:containers"]

  it("finds an owned field in the rendered object", () => {
    assert.deepStrictEqual(placeOf(object, ["f:spec", "f:replicas"]), ["spec", "replicas"], "also one that it lacks")
    assert.deepStrictEqual(placeOf(object, [...template, "k:{\"name\":\"app\"}", "f:image"])?.slice(-2), ["1", "image"])
    assert.isUndefined(placeOf(object, [...template, "k:{\"name\":\"other\"}", "f:image"]))
    const port = [...template, "k:{\"name\":\"app\"}", "f:ports", "k:{\"containerPort\":80,\"protocol\":\"TCP\"}"]
    assert.deepStrictEqual(placeOf(object, port)?.slice(-2), ["ports", "0"], "with a key that has its default")
    assert.deepStrictEqual(placeOf({ l: ["a", "b"] }, ["f:l", "v:\"b\""]), ["l", "1"])
    assert.deepStrictEqual(placeOf({ l: ["a", "b"] }, ["f:l", "i:1"]), ["l", "1"])
  })

  it("gives up what is named and claims no more for it", () => {
    const owned = { "f:spec": { "f:replicas": {}, "f:selector": {} }, "f:data": { "f:a": {} } }
    const isReplicas = leavesField(leave(manifest(object), ["/spec/replicas"]))
    assert.deepStrictEqual(lessFields(owned, isReplicas), { "f:spec": { "f:selector": {} }, "f:data": { "f:a": {} } })
    assert.deepStrictEqual(
      lessFields(owned, leavesField(leave(manifest(object), ["/spec/replicas", "/spec/selector"]))),
      { "f:data": { "f:a": {} } },
      "an empty f:spec would be all of spec"
    )
    assert.strictEqual(lessFields(owned, leavesField(leave(manifest(object), ["/status"]))), owned)
    assert.deepStrictEqual(stillOwned(owned, leave(manifest(object), ["/status", "/data"])), ["/data"])
    assert.deepStrictEqual(stillOwned(undefined, leave(manifest(object), ["/data"])), [])
  })

  it("never gives up our mark with the map that it stands in", () => {
    const marks = { "f:sluice.dev/delivery": {}, "f:a": {} }
    const isLeft = leavesField(leave(manifest(object), ["/metadata"]))
    assert.deepStrictEqual(
      lessFields({ "f:metadata": { "f:labels": marks, "f:annotations": { "f:b": {} } } }, isLeft),
      {
        "f:metadata": { "f:labels": { "f:sluice.dev/delivery": {} } }
      }
    )
  })

  it("gives up an element of a list, or a field of it", () => {
    const owned = {
      "f:c": {
        "k:{\"name\":\"side\"}": { ".": {}, "f:name": {}, "f:image": {} },
        "k:{\"name\":\"app\"}": { ".": {}, "f:name": {}, "f:image": {} }
      }
    }
    const rendered = { ...object, c: [{ name: "side", image: "s" }, { name: "app", image: "a" }] }
    const after = (...pointers: ReadonlyArray<string>) =>
      lessFields(owned, leavesField(leave(manifest(rendered), pointers)))
    assert.deepStrictEqual(after("/c/0"), { "f:c": { "k:{\"name\":\"app\"}": owned["f:c"]["k:{\"name\":\"app\"}"] } })
    assert.deepStrictEqual(after("/c/1/image")["f:c"], {
      ...owned["f:c"],
      "k:{\"name\":\"app\"}": { ".": {}, "f:name": {} }
    })
    assert.deepStrictEqual(after("/c"), {})
  })
})
