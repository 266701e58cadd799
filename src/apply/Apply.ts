import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import type { Action, Changeset } from "../domain/Changeset.ts"
import type { Admitted } from "../domain/Decision.ts"
import type { Healed } from "../domain/Drift.ts"
import type { Health } from "../domain/Health.ts"
import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import { canonical } from "../domain/Json.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { applyPolicy, isDelivery } from "../domain/ownership.ts"
import type { PoliciesInForce } from "../domain/PoliciesInForce.ts"
import type { ApplyError, HealthError } from "../domain/StageError.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import { KubeWriter } from "../kube/KubeWriter.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { carryOut } from "./carryOut.ts"
import { heal, type HealOptions } from "./heal.ts"
import { healthy } from "./health.ts"
import { InventoryStore } from "./InventoryStore.ts"
import { leave, type Left } from "./leave.ts"
import { type Standing, standing } from "./Standing.ts"
import type { Written } from "./write.ts"

/** One object was written, or left alone on purpose. */
export interface Applied {
  readonly ref: ObjectRef
  readonly action: Action
  /** What it is like now, where it was written. */
  readonly written?: Written
}

/** Which run writes: it stands in the inventory once everything is applied. */
export interface RunIdentity {
  readonly revision: string
  readonly identity: string
  readonly closure: string
  /** What comes into force with it; undefined leaves what is. */
  readonly policies?: PoliciesInForce
}

export interface Options {
  /** Requests at a time, within one batch of objects. */
  readonly concurrency?: number
}

/** The apply stage, the only holder of `KubeWriter`. */
export class Apply extends Context.Service<Apply, {
  /**
   * Writes an admitted changeset in staged order, the inventory ahead of it. Interrupting it lets the object in flight
   * finish and be recorded. Ends after the prune and after the inventory says `applied`. Deletions that nobody
   * confirmed block it before the first write.
   */
  readonly apply: (
    delivery: Delivery,
    changeset: Admitted<Changeset>,
    inventory: Inventory,
    run: RunIdentity
  ) => Stream.Stream<Applied, ApplyError, KubeReader | KubeWriter | KubeStatus>
  /**
   * Waits until every object of the changeset is healthy (kstatus), telling each change of health. Fails fast on a
   * terminal state, and with `HealthTimeout` after `spec.apply.timeout`. Success is noted in the inventory.
   */
  readonly health: (
    delivery: Delivery,
    changeset: Admitted<Changeset>
  ) => Stream.Stream<Health, HealthError, KubeReader | KubeStatus>
  /** What stands in the cluster by this changeset, kept small: what heals are made of. All of it is admitted. */
  readonly standing: (changeset: Changeset) => Standing
  /**
   * Puts admitted bytes back where somebody took something; one `Healed` for each suspect, but for those that failed:
   * their first error comes last. With `writes: false` it tells what it would do, and does nothing. What `admits` denies
   * stays as it is; it does not keep the others.
   */
  readonly heal: (
    delivery: Delivery,
    standing: Standing,
    inventory: Inventory,
    suspects: ReadonlyArray<Suspect>,
    options?: Pick<HealOptions, "writes" | "admits">
  ) => Stream.Stream<Healed, ApplyError, KubeReader | KubeWriter>
  /**
   * Notes in the inventory what heals left, by one save for all; answers the inventory. What is not in it (any more)
   * stays out, and if nothing differs nothing is saved.
   */
  readonly recordHealed: (
    entries: ReadonlyArray<InventoryEntry>
  ) => Effect.Effect<Inventory, ApplyError, KubeStatus>
  /** Returns when this process may change the cluster: at once, if it may now. */
  readonly mayChange: Effect.Effect<void, never, KubeWriter>
  /** Deletes what a delivery owns, the last applied first; what is not (or no longer) its own stays, and says why. */
  readonly leave: (
    delivery: { readonly namespace: string; readonly name: string },
    inventory: Inventory
  ) => Effect.Effect<ReadonlyArray<Left>, ApplyError, KubeReader | KubeWriter>
}>()("sluice/apply/Apply") {
  static readonly layerWith = (options: Options) => Layer.effect(Apply, Effect.suspend(() => make(options)))
  static readonly layer = Layer.suspend(() => Layer.provide(Apply.layerWith({}), InventoryStore.layer))
}

const make = Effect.fnUntraced(function*({ concurrency = 32 }: Options) {
  const store = yield* InventoryStore

  const noteHealth = Effect.fnUntraced(function*(changeset: Changeset) {
    const inventory = yield* store.load
    const healthyObjects = changeset.admitted.length
    const { applied } = inventory
    if (applied === undefined || (applied.healthy && inventory.healthyObjects === healthyObjects)) return
    yield* store.save({ ...inventory, applied: { ...applied, healthy: true }, healthyObjects })
  }, Effect.uninterruptible)

  const recordHealed = Effect.fnUntraced(function*(entries: ReadonlyArray<InventoryEntry>) {
    const inventory = yield* store.load
    const healed = new Map(entries.map((entry) => [key(entry.ref), entry]))
    const next = { ...inventory, entries: inventory.entries.map((entry) => healed.get(key(entry.ref)) ?? entry) }
    if (canonical(next) === canonical(inventory)) return inventory
    yield* store.save(next)
    return next
  }, Effect.uninterruptible)

  return Apply.of({
    standing,
    heal: (delivery, standing, inventory, suspects, options = { writes: true }) =>
      Stream.callback<Healed, ApplyError, KubeReader | KubeWriter>((queue) =>
        heal({ delivery, standing, inventory, ...options }, suspects, (healed) => Queue.offer(queue, healed)).pipe(
          Effect.andThen(Queue.end(queue))
        )
      ),
    recordHealed,
    mayChange: Effect.flatMap(KubeWriter, ({ mayChange }) => mayChange),
    leave: (delivery, inventory) => leave(delivery, inventory, concurrency),
    apply: (delivery, changeset, inventory, run) =>
      Stream.callback<Applied, ApplyError, KubeReader | KubeWriter | KubeStatus>((queue) =>
        carryOut({
          delivery,
          changeset,
          inventory,
          run,
          concurrency,
          save: store.save,
          tell: (applied) => Queue.offer(queue, applied)
        }).pipe(Effect.andThen(Queue.end(queue)))
      ),
    health: (delivery, changeset) =>
      Stream.callback<Health, HealthError, KubeReader | KubeStatus>((queue) =>
        healthy(
          changeset.changes.flatMap(({ manifest }) =>
            // It is not ready itself before this very run ends.
            manifest === undefined || applyPolicy(manifest) === "Ignore" || isDelivery(manifest.ref, delivery.metadata)
              ? []
              : [manifest]
          ),
          milliseconds(delivery.spec.apply.timeout),
          (health) => Queue.offer(queue, health)
        ).pipe(Effect.andThen(noteHealth(changeset)), Effect.andThen(Queue.end(queue)))
      )
  })
})
