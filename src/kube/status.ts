import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import { digest } from "../domain/digest.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import type { KubeStatus, RecordPart } from "./KubeStatus.ts"
import { chunkName, decode, encode, type Identification, pack } from "./record.ts"
import * as recordKey from "./recordKey.ts"
import { type Known, type RecordStore, unreadable } from "./recordStore.ts"

/** Where a record is kept while its delivery's namespace is still to be created. */
const elsewhere = "default"
/** Chunks may go while they are read: the next head says where they are. */
const rereads = 5

/** One part of one delivery's record. The functions that work on it are there once for all of them. */
interface Part {
  readonly store: RecordStore
  readonly lock: Semaphore.Semaphore
  readonly home: Identification
  readonly isHomed: boolean
  known: Known | undefined
  looked: boolean
  swept: boolean
}

const look = Effect.fnUntraced(function*(part: Part) {
  const { home, isHomed, store } = part
  const found = (yield* store.head(home)) ??
    (isHomed || home.namespace === elsewhere ? undefined : yield* Effect.catchIf(
      store.head(away(home)),
      // Who may not look into `default` has never kept a record there.
      ({ status }) => status === 403,
      () => Effect.succeed(undefined)
    ))
  part.known = found
  part.looked = true
  return found
})

const load = Effect.fnUntraced(function*(part: Part) {
  for (let read = 1;; read++) {
    const found = yield* look(part)
    if (found === undefined) return undefined
    const chunks = yield* part.store.chunks(found)
    const bytes = yield* Effect.result(decode(found.head, chunks))
    if (Result.isSuccess(bytes)) return bytes.success
    if (read === rereads) return yield* unreadable(part.store.identity, found.of, bytes.failure)
    yield* Effect.sleep("50 millis")
  }
})

const save = Effect.fnUntraced(function*(part: Part, bytes: Uint8Array) {
  const { home, isHomed, store } = part
  if (!part.looked) yield* look(part)
  const sum = digest(bytes)
  const before = part.known
  if (before?.head.digest === sum) return
  const packed = yield* pack(bytes)
  const generation = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
  const write = (of: Identification) => store.write(of, encode(of, generation, sum, packed), before?.resourceVersion)
  const known = yield* before !== undefined
    ? write(before.of)
    : Effect.catchIf(write(home), (failure) => !isHomed && isNoNamespace(failure), () => write(away(home)))
  part.known = known
  if (before !== undefined) yield* store.forget(before)
  if (!part.swept && (known.head.count > 1 || (before?.head.count ?? 0) > 1)) {
    part.swept = true
    yield* store.sweep(known)
  }
})

const remove = Effect.fnUntraced(function*(part: Part) {
  const found = yield* look(part)
  if (found === undefined) return
  yield* part.store.delete(found.of, chunkName(found.of, found.head.generation, 0))
  yield* part.store.forget(found)
  part.known = undefined
})

const away = (home: Identification): Identification => ({ ...home, namespace: elsewhere })

const isNoNamespace = ({ status }: KubeFailure): boolean => status === 404

/**
 * The right to write one delivery's record. It is Sluice's own: written as whoever runs Sluice. With `isHomed` nothing
 * outside the delivery's namespace is believed: whoever may write ConfigMaps in `default` is not to be trusted with it.
 */
export const make = (
  store: RecordStore,
  { name, namespace }: { readonly namespace: string; readonly name: string },
  isHomed: boolean
): KubeStatus["Service"] => {
  const of = (part: string): Identification => ({ delivery: `${namespace}/${name}`, part, namespace })
  const part = (name: RecordPart): Part => {
    const lock = Semaphore.makeUnsafe(1)
    return { store, lock, home: of(name), isHomed, known: undefined, looked: false, swept: false }
  }
  const parts: Record<RecordPart, Part> = {
    inventory: part("inventory"),
    outbox: part("outbox"),
    policies: part("policies")
  }
  const home = of("key")
  const key = recordKey.make(store.session, isHomed ? [home] : [home, away(home)])
  const alone = <A, E>({ lock }: Part, work: Effect.Effect<A, E>) => Semaphore.withPermit(lock, work)
  const gone = (name: RecordPart) => alone(parts[name], remove(parts[name]))
  return {
    load: (name) => alone(parts[name], load(parts[name])),
    save: (name, bytes) => alone(parts[name], save(parts[name], bytes)),
    remove: gone,
    forget: Effect.suspend(() =>
      // The inventory says whether there are policies: it goes after them.
      Effect.asVoid(Effect.all([gone("outbox"), gone("policies"), gone("inventory"), recordKey.remove(key)]))
    ),
    key: (how) => how === "find" ? recordKey.find(key) : recordKey.findOrMake(key)
  }
}
