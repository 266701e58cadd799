import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { empty, Inventory } from "../domain/Inventory.ts"
import { refusedRead } from "../domain/refusal.ts"
import { type AccessDenied, ApplyFailed, type KubeFailure } from "../domain/StageError.ts"
import { KubeStatus } from "../kube/KubeStatus.ts"
import { compact } from "./compactInventory.ts"
import { hasSecrets, sealed, unsealed } from "./sealedInventory.ts"

const Codec = Schema.fromJsonString(Inventory)

/**
 * Reads and writes what a delivery owns. An inventory that cannot be read is an error, never an empty one. Digests from
 * which a value of a Secret could be guessed are kept sealed.
 *
 * The cluster is asked once for each `KubeStatus`: who holds it is the only writer. That somebody else wrote shows when
 * a save fails; the next load asks anew.
 */
export class InventoryStore extends Context.Service<InventoryStore, {
  readonly load: Effect.Effect<Inventory, AccessDenied | ApplyFailed, KubeStatus>
  readonly save: (inventory: Inventory) => Effect.Effect<void, AccessDenied | ApplyFailed, KubeStatus>
}>()("sluice/apply/InventoryStore") {
  static readonly layer = Layer.sync(InventoryStore, () =>
    InventoryStore.of({
      load: Effect.gen(function*() {
        const status = yield* KubeStatus
        const memory = memoryOf(status)
        return yield* Semaphore.withPermit(
          memory.lock,
          Effect.suspend(() =>
            memory.inventory !== undefined
              ? Effect.succeed(memory.inventory)
              : Effect.tap(read(status), (inventory) => Effect.sync(() => memory.inventory = compact(inventory)))
          )
        )
      }),
      save: Effect.fnUntraced(function*(inventory) {
        const status = yield* KubeStatus
        const memory = memoryOf(status)
        yield* Effect.suspend(() => {
          // Until the cluster has it, nobody knows what is there.
          memory.inventory = undefined
          return Effect.map(write(status, inventory), () => {
            memory.inventory = compact(inventory)
          })
        }).pipe(Semaphore.withPermit(memory.lock))
      })
    }))
}

/** What is known of one record. Its lock keeps a slow read from overtaking a write. */
interface Memory {
  readonly lock: Semaphore.Semaphore
  inventory: Inventory | undefined
}

// By right, not by layer: whoever holds the same right shares what is known, however many stores there are.
const memories = new WeakMap<KubeStatus["Service"], Memory>()

const memoryOf = (status: KubeStatus["Service"]): Memory => {
  const known = memories.get(status)
  if (known !== undefined) return known
  const memory: Memory = { lock: Semaphore.makeUnsafe(1), inventory: undefined }
  memories.set(status, memory)
  return memory
}

const read = Effect.fnUntraced(function*(status: KubeStatus["Service"]) {
  const bytes = yield* Effect.mapError(status.load("inventory"), failed)
  if (bytes === undefined) return empty
  const inventory = yield* decode(bytes)
  return hasSecrets(inventory)
    ? unsealed(inventory, yield* Effect.mapError(status.key("find"), failed))
    : inventory
})

const write = Effect.fnUntraced(function*(status: KubeStatus["Service"], inventory: Inventory) {
  const kept = hasSecrets(inventory)
    ? sealed(inventory, yield* Effect.mapError(status.key("make"), failed))
    : inventory
  const bytes = new TextEncoder().encode(JSON.stringify(kept))
  yield* Effect.mapError(status.save("inventory", bytes), failed)
})

/** What is said in the bytes of a record. */
export const decode = (bytes: Uint8Array): Effect.Effect<Inventory, ApplyFailed> =>
  Schema.decodeUnknownEffect(Codec)(new TextDecoder().decode(bytes)).pipe(
    Effect.mapError(({ message }) =>
      new ApplyFailed({ detail: `the delivery's inventory cannot be read: ${message}`, class: "stalled" })
    )
  )

const failed = (failure: KubeFailure): AccessDenied | ApplyFailed =>
  refusedRead(
    failure,
    undefined,
    (refusal) =>
      new ApplyFailed({
        ...refusal,
        detail: failure.status === 0 ? refusal.detail : `the delivery's inventory: ${refusal.detail}`
      })
  )
