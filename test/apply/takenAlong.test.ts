import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { takenAlong } from "../../src/apply/takenAlong.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import { digest } from "../../src/domain/digest.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { fromKey, key, type ObjectRef, ofObject } from "../../src/domain/ObjectRef.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { encode, pack } from "../../src/kube/record.ts"
import { admitted, delivery } from "./Subject.ts"

const refOf = (name: string, namespace = "shop"): ObjectRef => ({
  group: "sluice.dev",
  kind: "Delivery",
  namespace,
  name
})

/** A Delivery as it stands in the cluster, with what its status lists. */
const child = (
  name: string,
  { namespace = "shop", spec = {}, status = {}, finalizers = ["sluice.dev/finalizer"] } = {}
) => ({
  apiVersion: "sluice.dev/v1alpha1",
  kind: "Delivery",
  metadata: { name, namespace, finalizers },
  spec,
  status
})

/** Its record, of objects by their keys. */
const recordOf = Effect.fnUntraced(function*(name: string, keys: ReadonlyArray<string>, namespace = "shop") {
  const entries = keys.map((id) => ({ ref: fromKey(id)!, apiVersion: "v1" }))
  const bytes = new TextEncoder().encode(JSON.stringify({ entries }))
  const of = { delivery: `${namespace}/${name}`, part: "inventory", namespace }
  return encode(of, "g1", digest(bytes), yield* pack(bytes))
})

const failure = (status: number, reason: string) =>
  new KubeFailure({
    status,
    reason,
    detail: `${reason}!`,
    verb: "get",
    resource: "x",
    identity: "shop/sluice",
    causes: []
  })

/** What is told of Deliveries that a revision of shop/root lets go, in a cluster of these objects. */
const told = (
  names: ReadonlyArray<string>,
  objects: ReadonlyArray<JsonObject>,
  refuses: (ref: ObjectRef) => KubeFailure | undefined = () => undefined,
  subject = delivery("root", "shop")
) => {
  const byKey = new Map(objects.map((object) => [key(ofObject(object)), object]))
  const changeset: Changeset = {
    admitted: admitted([]),
    changes: names.map((name) => ({
      action: "delete",
      ref: refOf(name),
      apiVersion: "sluice.dev/v1alpha1",
      fields: [],
      takesFrom: []
    })),
    losses: [],
    digest: "sha256:abc"
  }
  return Effect.provide(
    takenAlong(subject, changeset),
    Layer.mock(KubeReader, {
      identity: "shop/sluice",
      get: (_, ref) => {
        const refused = refuses(ref)
        return refused === undefined ? Effect.succeed(byKey.get(key(ref))) : Effect.fail(refused)
      }
    })
  )
}

const data = "shop_data__PersistentVolumeClaim"
const settings = "shop_settings__ConfigMap"

describe("what goes along with a Delivery that is pruned", () => {
  it.effect("is told where it is precious, by its record", () =>
    Effect.gen(function*() {
      const record = yield* recordOf("db", [data, settings, "_team__Namespace"])
      assert.deepStrictEqual(yield* told(["db"], [child("db"), ...record]), [
        "Delivery/shop/db would be deleted, and with it PersistentVolumeClaim/shop/data, Namespace/team"
      ])
      const plain = yield* recordOf("web", [settings])
      assert.deepStrictEqual(yield* told(["web", "new", "gone"], [child("web"), ...plain, child("new")]), [])
    }))

  it.effect("is found below Deliveries that it applied, in whatever namespace, and in a circle once", () =>
    Effect.gen(function*() {
      const objects = [
        child("team"),
        ...yield* recordOf("team", [key(refOf("db", "data"))]),
        child("db", { namespace: "data" }),
        ...yield* recordOf("db", ["data_disk__PersistentVolumeClaim", key(refOf("team"))], "data")
      ]
      assert.deepStrictEqual(yield* told(["team"], objects), [
        "Delivery/shop/team would be deleted, and with it PersistentVolumeClaim/data/disk"
      ])
    }))

  it.effect("is nothing where it is left behind, where nothing was written, and where it goes already", () =>
    Effect.gen(function*() {
      const record = yield* recordOf("db", [data])
      const going = child("db")
      for (
        const live of [
          child("db", { spec: { deletion: "orphan" } }),
          child("db", { finalizers: [] }),
          { ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }
        ]
      ) assert.deepStrictEqual(yield* told(["db"], [live, ...record]), [])
    }))

  it.effect("is read off a status that is whole, where the record may not be read; else it is asked about", () =>
    Effect.gen(function*() {
      const hides = ({ kind }: ObjectRef) => kind === "ConfigMap" ? failure(403, "Forbidden") : undefined
      const status = (keys: ReadonlyArray<string>, ready = "True") => ({
        status: {
          conditions: [{ type: "Ready", status: ready }],
          inventory: { entries: keys.map((id) => ({ id, v: "v1" })) }
        }
      })
      assert.deepStrictEqual(yield* told(["db"], [child("db", status([settings]))], hides), [])
      assert.deepStrictEqual(yield* told(["db"], [child("db", status([settings, data]))], hides), [
        "Delivery/shop/db would be deleted, and with it PersistentVolumeClaim/shop/data"
      ])
      const many = Array.from({ length: 1_000 }, (_, index) => `shop_${index}__ConfigMap`)
      for (const more of [status([settings], "False"), status(many), {}]) {
        const [sentence, ...rest] = yield* told(["db"], [child("db", more)], hides)
        assert.match(
          sentence!,
          /^Delivery\/shop\/db would be deleted, and what Delivery\/shop\/db owns is not known: /u
        )
        assert.deepStrictEqual(rest, [])
      }
      const [damaged] = yield* recordOf("db", [data])
      assert.match(
        (yield* told(["db"], [child("db"), {
          ...damaged,
          metadata: { ...damaged!.metadata as JsonObject, annotations: {} }
        }]))[0]!,
        /is not known: somebody changed its annotations$/u
      )
      assert.match((yield* told(["db"], [], () => failure(403, "Forbidden")))[0]!, /is not known: .*Forbidden!/u)
    }))

  it.effect("waits for a cluster that is out of reach", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(told(["db"], [], () => failure(503, "ServiceUnavailable")))
      assert.strictEqual(error._tag, "ApplyFailed")
    }))

  it.effect("is all of it, where it is this very Delivery", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* told(["root"], []), [
        "Delivery/shop/root would be deleted: this very Delivery, and all that it owns with it"
      ])
    }))
})
