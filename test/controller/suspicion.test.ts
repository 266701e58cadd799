import { assert, describe, it } from "@effect/vitest"
import type { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { suspicion } from "../../src/controller/suspicion.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import type { Ownership } from "../../src/domain/ownership.ts"
import type { Suspect } from "../../src/kube/Suspect.ts"

const ref = { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }

const owns = (manager: string, fieldsV1: JsonObject, time: string, more: Partial<Ownership> = {}): Ownership => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  time,
  fieldsV1,
  ...more
})

const ours = owns(
  "sluice",
  {
    "f:metadata": { "f:labels": { "f:app": {} } },
    "f:spec": { "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": { ".": {}, "f:name": {} } } } } }
  },
  "2026-11-28T10:00:00Z",
  { operation: "Apply" }
)

const suspect = (why: Suspect["why"], ...managedFields: ReadonlyArray<Ownership>): Suspect => ({
  ref,
  apiVersion: "apps/v1",
  why,
  live: {
    ref,
    uid: "1",
    resourceVersion: "2",
    deleting: false,
    labels: {},
    annotations: {},
    managedFields
  }
})

type Leaves = Pick<Delivery["spec"]["apply"], "allowManagers" | "ignore">
const spec: Leaves = { allowManagers: [], ignore: [] }

const edited = owns("kubectl-edit", {
  "f:metadata": { "f:annotations": { "f:note": {} } },
  "f:spec": {
    "f:replicas": {},
    "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": { "f:image": {} } } } }
  }
}, "2026-11-28T11:00:00Z")

describe("what is told of a suspect without looking further", () => {
  it("is who wrote last, and what a person holds inside that is not theirs to hold", () => {
    assert.deepStrictEqual(suspicion(suspect("changed", ours, edited), spec), {
      object: ref,
      manager: "kubectl-edit",
      fields: ["spec.replicas", "spec.template.spec.containers[name=app].image"],
      time: "2026-11-28T11:00:00Z",
      action: "reported"
    })
  })

  it("names no field of a controller's: nobody knows which of them were ours", () => {
    const scaler = owns("scaler", { "f:spec": { "f:replicas": {}, "f:paused": {} } }, "2026-11-28T12:00:00Z")
    const { fields, manager } = suspicion(suspect("changed", ours, edited, scaler), spec)
    assert.deepStrictEqual({ fields, manager }, { fields: [], manager: "scaler" })
  })

  it("names no field that may be left to somebody", () => {
    const fieldsFor = (more: Partial<Leaves>) =>
      suspicion(suspect("additions", ours, edited), { ...spec, ...more }).fields
    assert.deepStrictEqual(fieldsFor({ allowManagers: ["kubectl-edit"] }), [])
    assert.deepStrictEqual(fieldsFor({ ignore: [{ paths: ["/spec/replicas"], target: { kind: "Deployment" } }] }), [])
    assert.lengthOf(fieldsFor({ ignore: [{ paths: ["/spec/replicas"], target: { kind: "StatefulSet" } }] }), 2)
  })

  it("is nothing of what is gone, or was not seen", () => {
    const gone = { ...suspect("gone", ours, edited) }
    assert.deepStrictEqual(suspicion(gone, spec).fields, [])
    assert.deepStrictEqual(suspicion({ ...gone, why: "changed", live: undefined }, spec).fields, [])
  })
})
