import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Changeset } from "../domain/Changeset.ts"
import { empty } from "../domain/Inventory.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { display, fromKey, key, type ObjectRef } from "../domain/ObjectRef.ts"
import { finalizer, isDelivery } from "../domain/ownership.ts"
import { refusalOf } from "../domain/refusal.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import * as record from "../kube/record.ts"
import { isPrecious } from "./guard.ts"
import { decode } from "./InventoryStore.ts"
import { applyFailed } from "./wait.ts"

const told = 10

interface Named {
  readonly apiVersion: string
  readonly ref: ObjectRef
}

/** What is precious of what would go, and why nobody can tell, if so. */
interface Along {
  readonly precious: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
}

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

/** A failure that passes ends the look; every other is a sentence. */
const inWords = <A, R>(work: Effect.Effect<A, KubeFailure | string, R>) =>
  Effect.mapError(
    work,
    (failure) =>
      typeof failure !== "string" && refusalOf(failure) === "transient"
        ? applyFailed(undefined)(failure)
        : typeof failure === "string"
        ? failure
        : failure.message
  )

/** What a Delivery's record lists. It is its own agent's, and written ahead: nothing is missing in it. */
const recorded = Effect.fnUntraced(function*({ name, namespace }: ObjectRef) {
  const reader = yield* KubeReader
  const of = { delivery: `${namespace}/${name}`, part: "inventory", namespace }
  const get = (name: string) => reader.get("v1", { group: "", kind: "ConfigMap", namespace, name })
  const object = yield* get(record.chunkName(of, "", 0))
  if (object === undefined) return empty.entries
  const head = record.headOf(object)
  if (Result.isFailure(head)) return yield* Effect.fail(head.failure)
  const { count, generation } = head.success
  const rest = yield* Effect.forEach(
    Array.from({ length: count - 1 }, (_, index) => record.chunkName(of, generation, index + 1)),
    get
  )
  const bytes = yield* record.decode(head.success, [object, ...rest.filter((chunk) => chunk !== undefined)])
  return (yield* Effect.mapError(decode(bytes), ({ message }) => message)).entries
})

/** The same by its status, which is whole once it is Ready, and tells no more than so many. */
const mirrored = (delivery: JsonObject): ReadonlyArray<Named> | undefined => {
  const isReady = list(at(delivery, "status", "conditions"))
    .some((condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True")
  const entries = list(at(delivery, "status", "inventory", "entries"))
  if (!isReady || entries.length === 0 || entries.length >= 1_000) return undefined
  return entries.flatMap((entry) => {
    const ref = fromKey(String(at(entry, "id")))
    return ref === undefined
      ? []
      : [{ ref, apiVersion: `${ref.group === "" ? "" : `${ref.group}/`}${String(at(entry, "v"))}` }]
  })
}

/** What goes with a Delivery that is deleted, and with those that it applied. */
const along: (
  named: Named,
  seen: Set<string>
) => Effect.Effect<Along, ReturnType<ReturnType<typeof applyFailed>>, KubeReader> = Effect.fnUntraced(
  function*({ apiVersion, ref }, seen) {
    const nothing: Along = { precious: [], hidden: [] }
    if (seen.has(key(ref))) return nothing
    seen.add(key(ref))
    const reader = yield* KubeReader
    const hidden = (why: string): Along => ({
      precious: [],
      hidden: [`what ${display(ref)} owns is not known: ${why}`]
    })
    const live = yield* Effect.result(inWords(reader.get(apiVersion, ref)))
    if (Result.isFailure(live)) {
      return typeof live.failure === "string" ? hidden(live.failure) : yield* Effect.fail(live.failure)
    }
    const object = live.success
    // Who has no finalizer has written nothing yet; who is on its way was asked for.
    if (
      object === undefined || at(object, "metadata", "deletionTimestamp") !== undefined ||
      !list(at(object, "metadata", "finalizers")).includes(finalizer) || at(object, "spec", "deletion") === "orphan"
    ) return nothing
    const found = yield* Effect.result(inWords(recorded(ref)))
    if (Result.isFailure(found) && typeof found.failure !== "string") return yield* Effect.fail(found.failure)
    const entries = Result.isSuccess(found) ? found.success : mirrored(object)
    if (entries === undefined) return hidden(Result.isFailure(found) ? String(found.failure) : "")
    const deeper = yield* Effect.forEach(
      entries.filter(({ ref }) => isDelivery(ref)),
      (child) => along(child, seen)
    )
    return {
      precious: [
        ...entries.filter(({ ref }) => isPrecious(ref)).map(({ ref }) => display(ref)),
        ...deeper.flatMap(({ precious }) => precious)
      ],
      hidden: deeper.flatMap(({ hidden }) => hidden)
    }
  }
)

/**
 * What the Deliveries that leave a revision would take along, unasked: a sentence for each that owns something precious, or
 * of which that is not known. Only who prunes its Deliveries asks for anything.
 */
export const takenAlong = Effect.fnUntraced(function*(delivery: Delivery, { changes }: Changeset) {
  const leaving = changes.filter(({ action, ref }) => action === "delete" && isDelivery(ref))
  const sentences: Array<string> = []
  const seen = new Set<string>()
  for (const change of leaving) {
    if (isDelivery(change.ref, delivery.metadata)) {
      if (delivery.spec.deletion === "orphan") continue
      sentences.push(`${display(change.ref)} would be deleted: this very Delivery, and all that it owns with it`)
      continue
    }
    const { hidden, precious } = yield* along(change, seen)
    if (precious.length > 0) {
      const more = precious.length > told ? ` and ${precious.length - told} more` : ""
      sentences.push(
        `${display(change.ref)} would be deleted, and with it ${precious.slice(0, told).join(", ")}${more}`
      )
    } else if (hidden.length > 0) sentences.push(`${display(change.ref)} would be deleted, and ${hidden[0]!}`)
  }
  return sentences
})
