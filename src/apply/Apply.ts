import * as Context from "effect/Context"
import type * as Stream from "effect/Stream"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Action, Changeset } from "../domain/Changeset.ts"
import type { Admitted } from "../domain/Decision.ts"
import type { Health } from "../domain/Health.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { ApplyError, HealthError } from "../domain/StageError.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { KubeWriter } from "../kube/KubeWriter.ts"

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

/** The apply stage, the only holder of `KubeWriter`. */
export class Apply extends Context.Service<Apply, {
  /**
   * Writes an admitted changeset in staged order, the inventory ahead of it. Interrupting it lets the object in flight
   * finish and be recorded. Ends after the prune and after the inventory says `applied`.
   */
  readonly apply: (
    delivery: Delivery,
    changeset: Admitted<Changeset>,
    inventory: Inventory,
    run: RunIdentity
  ) => Stream.Stream<Applied, ApplyError, KubeReader | KubeWriter | KubeStatus>
  /**
   * Waits until every object of the changeset is healthy (kstatus), telling each change of health. Fails fast on a
   * terminal state, and with `HealthTimeout` after `spec.apply.timeout`.
   */
  readonly health: (
    delivery: Delivery,
    changeset: Admitted<Changeset>
  ) => Stream.Stream<Health, HealthError, KubeReader | KubeStatus>
}>()("sluice/apply/Apply") {}
