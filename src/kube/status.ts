import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { digest } from "../domain/digest.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Identity } from "./Identity.ts"
import type { KubeClient, KubeSession } from "./KubeClient.ts"
import type { KubeStatus, RecordPart } from "./KubeStatus.ts"
import { chunkName, decode, encode, type Identification, pack } from "./record.ts"
import { makeRecordKey } from "./recordKey.ts"
import { type Known, makeRecordStore, unreadable } from "./recordStore.ts"

/** Where a record is kept while its delivery's namespace is still to be created. */
const elsewhere = "default"
/** Chunks may go while they are read: the next head says where they are. */
const rereads = 5

/**
 * The right to write one delivery's record. It is Sluice's own: written as whoever runs Sluice. With `isHomed` nothing
 * outside the delivery's namespace is believed: whoever may write ConfigMaps in `default` is not to be trusted with it.
 */
export const make = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  delivery: { readonly namespace: string; readonly name: string },
  isHomed: boolean
) {
  const session = client.as(Identity.Self())
  const parts: Record<RecordPart, KubeStatusPart> = {
    inventory: yield* makePart(session, delivery, "inventory", isHomed),
    outbox: yield* makePart(session, delivery, "outbox", isHomed)
  }
  const home = { delivery: `${delivery.namespace}/${delivery.name}`, part: "key", namespace: delivery.namespace }
  const key = yield* makeRecordKey(session, isHomed ? [home] : [home, { ...home, namespace: elsewhere }])
  const status: KubeStatus["Service"] = {
    load: (part) => parts[part].load,
    save: (part, bytes) => parts[part].save(bytes),
    remove: (part) => parts[part].remove,
    forget: Effect.asVoid(Effect.all([parts.outbox.remove, parts.inventory.remove, key.remove])),
    key: (how) => key[how]
  }
  return status
})

interface KubeStatusPart {
  readonly load: Effect.Effect<Uint8Array | undefined, KubeFailure>
  readonly save: (bytes: Uint8Array) => Effect.Effect<void, KubeFailure>
  readonly remove: Effect.Effect<void, KubeFailure>
}

const makePart = Effect.fnUntraced(function*(
  session: KubeSession,
  delivery: { readonly namespace: string; readonly name: string },
  part: RecordPart,
  isHomed: boolean
) {
  const lock = yield* Semaphore.make(1)
  const home: Identification = {
    delivery: `${delivery.namespace}/${delivery.name}`,
    part,
    namespace: delivery.namespace
  }
  const away: Identification = { ...home, namespace: elsewhere }
  const store = makeRecordStore(session)
  let known: Known | undefined
  let looked = false
  let swept = false

  const look = Effect.gen(function*() {
    const found = (yield* store.head(home)) ??
      (isHomed || home.namespace === elsewhere ? undefined : yield* Effect.catchIf(
        store.head(away),
        // Who may not look into `default` has never kept a record there.
        ({ status }) => status === 403,
        () => Effect.succeed(undefined)
      ))
    known = found
    looked = true
    return found
  })

  const load = Effect.gen(function*() {
    for (let read = 1;; read++) {
      const found = yield* look
      if (found === undefined) return undefined
      const chunks = yield* store.chunks(found)
      const bytes = yield* Effect.result(decode(found.head, chunks))
      if (Result.isSuccess(bytes)) return bytes.success
      if (read === rereads) return yield* unreadable(session, found.of, bytes.failure)
      yield* Effect.sleep("50 millis")
    }
  })

  const save = Effect.fnUntraced(function*(bytes: Uint8Array) {
    if (!looked) yield* look
    const sum = digest(bytes)
    const before = known
    if (before?.head.digest === sum) return
    const packed = yield* pack(bytes)
    const generation = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
    const write = (of: Identification) => store.write(of, encode(of, generation, sum, packed), before?.resourceVersion)
    known = yield* before !== undefined
      ? write(before.of)
      : Effect.catchIf(write(home), (failure) => !isHomed && isNoNamespace(failure), () => write(away))
    if (before !== undefined) yield* store.forget(before)
    if (!swept && (known.head.count > 1 || (before?.head.count ?? 0) > 1)) {
      swept = true
      yield* store.sweep(known)
    }
  })

  const remove = Effect.gen(function*() {
    const found = yield* look
    if (found === undefined) return
    yield* store.delete(found.of, chunkName(found.of, found.head.generation, 0))
    yield* store.forget(found)
    known = undefined
  })

  const kept: KubeStatusPart = {
    load: Semaphore.withPermit(lock, load),
    save: (bytes) => Semaphore.withPermit(lock, save(bytes)),
    remove: Semaphore.withPermit(lock, remove)
  }
  return kept
})

const isNoNamespace = ({ status }: KubeFailure): boolean => status === 404
