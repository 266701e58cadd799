import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import type { Action, Changeset } from "../domain/Changeset.ts"
import type { Admitted } from "../domain/Decision.ts"
import type { Health } from "../domain/Health.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import { applyPolicy } from "../domain/ownership.ts"
import type { ApplyError, HealthError } from "../domain/StageError.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { KubeWriter } from "../kube/KubeWriter.ts"
import { carryOut } from "./carryOut.ts"
import { healthy } from "./health.ts"
import { InventoryStore } from "./InventoryStore.ts"

/** One object was written, or left alone on purpose. */
export interface Applied {
  readonly ref: ObjectRef
  readonly action: Action
}

/** Which run writes: it stands in the inventory once everything is applied. */
export interface RunIdentity {
  readonly revision: string
  readonly identity: string
  readonly closure: string
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

  return Apply.of({
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
            manifest === undefined || applyPolicy(manifest) === "Ignore" ? [] : [manifest]
          ),
          milliseconds(delivery.spec.apply.timeout),
          (health) => Queue.offer(queue, health)
        ).pipe(Effect.andThen(noteHealth(changeset)), Effect.andThen(Queue.end(queue)))
      )
  })
})
