import * as Context from "effect/Context"
import type * as Redacted from "effect/Redacted"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { KubeWriter } from "../kube/KubeWriter.ts"
import type { Secrets } from "../kube/Secrets.ts"

/** Secrets that stand beside a delivery; they go before the cluster's. */
export interface GivenSecret {
  readonly namespace: string
  readonly name: string
  readonly values: Readonly<Record<string, Redacted.Redacted<string>>>
}

/** What a run needs of a cluster, as one identity. */
export type Right = KubeReader | KubeWriter | KubeStatus | Secrets

/** Hands out what one delivery may do to the cluster: every right bound to that delivery's identity. */
export class Rights extends Context.Service<Rights, {
  readonly of: (
    delivery: Delivery,
    secrets: ReadonlyArray<GivenSecret>
  ) => Context.Context<Right>
}>()("sluice/pipeline/Rights") {}
