import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { decodeDelivery } from "../../src/api/v1alpha1/live.ts"
import type { Json, JsonObject } from "../../src/domain/Json.ts"
import { cases, decoders, resource, wholeDelivery } from "./cases.ts"

const metadata = {
  name: "shop",
  namespace: "shop",
  uid: "5a6c",
  generation: 3,
  resourceVersion: "812",
  creationTimestamp: "2026-11-25T12:00:00Z",
  labels: { team: "shop" },
  finalizers: ["sluice.dev/finalizer"],
  managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} } }]
}

/** A Delivery with what the API server adds. */
const live = (spec: Json, more: JsonObject = {}): JsonObject => ({
  apiVersion: "sluice.dev/v1alpha1",
  kind: "Delivery",
  metadata,
  spec,
  ...more
})

const refused = (object: unknown) => Result.getOrThrow(Result.flip(decodeDelivery(object)))

const taken = (object: unknown) => Result.getOrThrow(decodeDelivery(object))

const nested = (depth: number): Json =>
  Array.from({ length: depth }).reduce<Json>((value, _, index) => index % 2 === 0 ? [value] : { a: value }, 1)

describe("resources of the cluster", () => {
  for (const { kind, refused, spec, what } of cases) {
    it(`${kind}: ${what}`, () => {
      const decoded = decoders[kind](resource(kind, spec))
      const problems = Result.isFailure(decoded) ? decoded.failure.problems : []
      assert.deepStrictEqual(problems, refused === undefined ? [] : [refused.problem])
    })
  }

  it("keeps what the API server says of it, and leaves aside what is unknown here", () => {
    const { resource, status, ...standing } = taken(live({ path: "a", novelty: { x: 1 } }, {
      status: { lastAppliedRevision: "main@sha1:9f3c", novelty: true }
    }))
    assert.deepStrictEqual(standing, {
      uid: "5a6c",
      generation: 3,
      resourceVersion: "812",
      deleting: false,
      finalizers: ["sluice.dev/finalizer"]
    })
    assert.deepStrictEqual(status, { lastAppliedRevision: "main@sha1:9f3c" })
    assert.deepStrictEqual(resource.metadata, { name: "shop", namespace: "shop", labels: { team: "shop" } })
    assert.deepStrictEqual([resource.spec.path, resource.spec.suspend, resource.spec.source], ["a", false, undefined])
    assert.notProperty(resource.spec, "novelty")
  })

  it("takes a status that does not decode for none", () => {
    for (const status of [null, "x", { conditions: "all" }, { conditions: [{ type: "Fine" }] }, { history: [null] }]) {
      assert.deepStrictEqual(taken(live({}, { status })).status, {})
      assert.deepStrictEqual(refused(live({ path: 3 }, { status })).status, {})
    }
  })

  it("tells of a malformed object who it is, so that it can stall and be deleted", () => {
    assert.deepStrictEqual(
      refused(live({ suspend: "maybe", apply: { timeout: "1 fortnight" } }, {
        status: { stage: "apply" },
        metadata: { ...metadata, deletionTimestamp: "2026-11-25T13:00:00Z" }
      })),
      {
        namespace: "shop",
        name: "shop",
        uid: "5a6c",
        generation: 3,
        resourceVersion: "812",
        deleting: true,
        finalizers: ["sluice.dev/finalizer"],
        status: { stage: "apply" },
        problems: [
          "spec.apply.timeout: expected a duration such as 30s or 1h30m",
          "spec.suspend: expected boolean"
        ]
      }
    )
  })

  it("throws at nothing", () => {
    const long = "x".repeat(1_000_000)
    const hostile: ReadonlyArray<unknown> = [
      null,
      undefined,
      3,
      "x",
      [],
      {},
      { metadata: null, spec: null, status: null },
      { metadata: { name: 3, namespace: [], finalizers: "all", generation: "4", labels: null } },
      ...[null, [], long, { path: long }, { apply: { ignore: [{ paths: ["/".repeat(1_000_000)] }] } }].map((spec) =>
        live(spec)
      ),
      ...Object.keys(wholeDelivery).flatMap((field) =>
        [null, 3.5, long, [null], { x: null }].map((value) => live({ [field]: value }))
      )
    ]
    for (const object of hostile) {
      for (const decode of Object.values(decoders)) {
        const decoded = decode(object)
        if (Result.isFailure(decoded)) assert.isAtMost(decoded.failure.problems.join("\n").length, 6_500)
      }
    }
    assert.deepStrictEqual(refused(null), {
      namespace: "",
      name: "",
      uid: "",
      generation: 0,
      resourceVersion: "",
      deleting: false,
      finalizers: [],
      status: {},
      problems: ["apiVersion: is missing", "kind: is missing", "metadata: is missing", "spec: is missing"]
    })
  })

  it("tells at most 20 problems, none of them long", () => {
    const ignore = Array.from({ length: 60 }, () => ({ paths: ["spec"] }))
    const { problems } = refused(live({ apply: { ignore } }))
    assert.lengthOf(problems, 21)
    assert.strictEqual(problems.at(-1), "and 40 more")
    const labels = { ["k".repeat(100_000)]: 3 }
    assert.isAtMost(refused(live({}, { metadata: { ...metadata, labels } })).problems[0]!.length, 300)
  })

  it("never repeats a value", () => {
    const canary = "hunter2"
    for (
      const object of [
        ...Object.keys(wholeDelivery).map((field) => live({ [field]: canary })),
        live({ suspend: [canary], apply: { timeout: canary, drift: canary, deletionLimit: canary } })
      ]
    ) {
      const decoded = decodeDelivery(object)
      if (Result.isFailure(decoded)) assert.notInclude(decoded.failure.problems.join("\n"), canary)
    }
  })

  it("lets no key reach a prototype", () => {
    const { resource } = taken(JSON.parse(
      JSON.stringify(live({})).replace(
        "\"spec\":{}",
        `"__proto__": {"polluted": 1}, "spec": {"__proto__": {"suspend": true}, "constructor": {"polluted": 1},
          "policy": {"data": {"__proto__": {"polluted": 1}}},
          "helm": {"values": {"a": {"__proto__": {"polluted": 1}}}}}`
      )
    ))
    assert.notProperty({}, "polluted")
    assert.isFalse(resource.spec.suspend)
    for (const values of [resource.spec.policy.data, resource.spec.helm!.values!.a as object]) {
      assert.strictEqual(Object.getPrototypeOf(values), Object.prototype)
      assert.notProperty(values, "polluted")
    }
  })

  it("reads values as deep as the API server takes them", () => {
    const values = { deep: nested(10_000) }
    assert.isDefined(taken(live({ helm: { values }, policy: { data: values } })).resource.spec.helm)
  })
})
