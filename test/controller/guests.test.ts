import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Standing, Stood } from "../../src/apply/Standing.ts"
import { Guests } from "../../src/controller/guests.ts"
import type { Violation } from "../../src/domain/Decision.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { key } from "../../src/domain/ObjectRef.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import type { Suspect } from "../../src/kube/Suspect.ts"
import { open } from "../../src/pipeline/HealGate.ts"
import type { RefusedNow } from "../../src/pipeline/refusedNow.ts"

const refOf = (name: string) => ({ group: "", kind: "ConfigMap", namespace: "shop", name })
const suspectOf = (name: string): Suspect => ({ ref: refOf(name), apiVersion: "v1", why: "unjudged", live: undefined })

const wanted = (name: string, data: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "shop" },
  data
})
const owner = (manager: string, keys: ReadonlyArray<string>, operation = "Update") => ({
  manager,
  operation,
  apiVersion: "v1",
  time: "2026-11-29T10:00:00Z",
  fieldsV1: { "f:data": Object.fromEntries(keys.map((name) => [`f:${name}`, {}])) }
})
/** An object of ours with the key `own`, and with keys of others. */
const live = (name: string, data: JsonObject, owners: Readonly<Record<string, ReadonlyArray<string>>>): JsonObject => ({
  ...wanted(name, data),
  metadata: {
    name,
    namespace: "shop",
    uid: name,
    resourceVersion: "1",
    managedFields: [owner("sluice", ["own"], "Apply"), ...Object.entries(owners).map(([who, keys]) => owner(who, keys))]
  }
})

/** Refuses each value that starts with `bad`, and two that are only bad together. */
const violations = (object: JsonObject): ReadonlyArray<Violation> => {
  const values = Object.values(object.data as JsonObject).map(String)
  const both = ["half", "other half"].every((value) => values.includes(value)) ? ["both halves"] : []
  return [...values.filter((value) => value.startsWith("bad")), ...both].map((message) =>
    ({
      policy: "values",
      message,
      bundle: { name: "repository" }
    }) as unknown as Violation
  )
}

const judged = Effect.fnUntraced(function*(objects: Readonly<Record<string, JsonObject | KubeFailure>>, own = "1") {
  let asked = 0
  const refused: RefusedNow = (_, documents) =>
    Effect.sync(() => {
      asked++
      const why = new Map(documents.flatMap(({ json, ref }) => {
        const found = violations(JSON.parse(json) as JsonObject)
        return found.length === 0 ? [] : [[key(ref), found] as const]
      }))
      return { why, judges: undefined, asks: true } as never
    })
  const names = Object.keys(objects)
  const bytes = new Map(names.map((name): [string, Stood] => {
    const json = JSON.stringify(wanted(name, { own }))
    return [key(refOf(name)), {
      ref: refOf(name),
      apiVersion: "v1",
      digest: name,
      origin: { file: "a.yaml" },
      policy: undefined,
      json
    }]
  })) as unknown as Standing
  const reader = Layer.mock(KubeReader)({
    identity: "shop",
    get: (_, { name }) => {
      const found = objects[name]!
      return found instanceof KubeFailure ? Effect.fail(found) : Effect.succeed(found)
    }
  })
  const guests = new Guests("shop/shop", refused, ["mesh"])
  const answer = yield* guests.judge(names.map(suspectOf), { bytes, policies: policySet([]), gate: open }).pipe(
    Effect.provide(reader)
  )
  return {
    asked,
    again: answer.again.map(({ name }) => name),
    refused: answer.refused.map(({ finding, suspect }) => ({
      name: finding.object.name,
      fields: finding.fields,
      by: finding.manager,
      why: finding.why,
      goes: suspect?.unwanted?.size ?? 0
    }))
  }
})

const failure = (status: number) =>
  new KubeFailure({
    verb: "get",
    resource: "configmaps",
    status,
    reason: status === 403 ? "Forbidden" : "ServiceUnavailable",
    detail: "no",
    identity: "shop",
    causes: []
  })

describe("what others hold inside an object", () => {
  it.effect("is refused in as few fields as it takes, whoever holds them", () =>
    Effect.gen(function*() {
      const data = { own: "1", a: "fine", b: "bad b", c: "fine", d: "fine", e: "bad e", f: "fine" }
      const { asked, refused } = yield* judged({
        one: live("one", data, { k9s: ["a", "b", "c"], operator: ["d", "e", "f"] })
      })
      assert.deepStrictEqual(refused, [
        { name: "one", fields: ["data.b", "data.e"], by: "k9s, operator", why: "values refuses it: bad b", goes: 2 }
      ])
      assert.isAtMost(asked, 12)
    }))

  it.effect("is refused as a whole where only all of it is", () =>
    Effect.gen(function*() {
      const data = { own: "1", a: "half", b: "other half" }
      const { refused } = yield* judged({ one: live("one", data, { k9s: ["a"], operator: ["b"] }) })
      assert.deepStrictEqual(refused.map(({ fields }) => fields), [["data.a", "data.b"]])
    }))

  it.effect("is not what the object was refused for anyway, nor what is allowed", () =>
    Effect.gen(function*() {
      const data = { own: "bad own", a: "fine" }
      const one = live("one", data, { k9s: ["a"] })
      assert.deepStrictEqual((yield* judged({ one }, "bad own")).refused, [])
      const more = live("more", { ...data, a: "bad a" }, { k9s: ["a"] })
      assert.deepStrictEqual((yield* judged({ more }, "bad own")).refused.map(({ fields }) => fields), [["data.a"]])
      const mesh = live("mesh", { own: "1", a: "bad a" }, { mesh: ["a"] })
      assert.deepStrictEqual((yield* judged({ mesh })).refused, [])
    }))

  it.effect("is judged though another object cannot be read, and what is out of reach is tried again", () =>
    Effect.gen(function*() {
      const { again, refused } = yield* judged({
        forbidden: failure(403),
        away: failure(503),
        one: live("one", { own: "1", a: "bad a" }, { k9s: ["a"] })
      })
      assert.deepStrictEqual(refused.map(({ name }) => name), ["one"])
      assert.deepStrictEqual(again, ["away"])
    }))
})
