import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import type { Outcome, Run } from "../domain/Outcome.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { Secrets } from "../kube/Secrets.ts"

/** The notify stage: tells people of transitions, at least once, and can fail no run. */
export class Notify extends Context.Service<Notify, {
  /**
   * Records what has to be told of an outcome, before anything is sent. No transition since the last one told: nothing.
   * The messages go out in the background of the layer; `flush` waits for them.
   */
  readonly tell: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>,
    run: Run,
    outcome: Outcome
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
  /** Sends what an earlier process recorded and could not send, under the same message ids. */
  readonly resume: (
    delivery: Delivery,
    notifiers: ReadonlyArray<Notifier>
  ) => Effect.Effect<void, never, KubeStatus | Secrets>
  /** Returns when nothing is left to send, or everything left has been given up for this process. */
  readonly flush: Effect.Effect<void>
}>()("sluice/notify/Notify") {}
