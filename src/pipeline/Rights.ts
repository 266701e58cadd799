import * as Context from "effect/Context"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { Identity } from "../kube/Identity.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { KubeWriter } from "../kube/KubeWriter.ts"
import type { GivenSecret, Secrets } from "../kube/Secrets.ts"

/** What a run needs of a cluster, as one identity. */
export type Right = KubeReader | KubeWriter | KubeStatus | Secrets

/** Hands out what one delivery may do to the cluster: every right bound to the identity that is said. */
export class Rights extends Context.Service<Rights, {
  readonly of: (
    delivery: { readonly namespace: string; readonly name: string },
    identity: Identity,
    secrets?: ReadonlyArray<GivenSecret>
  ) => Context.Context<Right>
}>()("sluice/pipeline/Rights") {}

/** As whom a delivery of a file acts: the account that it names, else whoever runs it. */
export const ownIdentity = ({ metadata: { namespace }, spec }: Delivery): Identity =>
  spec.apply.serviceAccountName === undefined
    ? Identity.Self()
    : Identity.ServiceAccount({ namespace, name: spec.apply.serviceAccountName })
