import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import { client, type ClusterOptions } from "./client.ts"
import { Reports } from "./controller/Reports.ts"
import { SecretVersions } from "./controller/SecretVersions.ts"
import { Drift } from "./drift/Drift.ts"
import { Sources } from "./fetch/Sources.ts"
import { DeliveryWriter } from "./kube/DeliveryWriter.ts"
import { PolicyBundleWriter } from "./kube/PolicyBundleWriter.ts"
import { ReportWriter } from "./kube/ReportWriter.ts"
import { fetching, granting, stages } from "./layers.ts"
import { Notify } from "./notify/Notify.ts"
import { maskKey, offlineIn } from "./offline.ts"
import type { Address } from "./server/address.ts"
import { Hooks } from "./server/Hooks.ts"
import { Server } from "./server/Server.ts"

export interface AgentOptions extends ClusterOptions {
  /** Where Git's packs, workspaces and compiled policies are kept: the cache, unless given. */
  readonly data: string | undefined
  readonly http: Address
  readonly metrics: Address | undefined
  /** Requests to the API server at once. */
  readonly concurrency: number | undefined
  /** Whether Notifiers may name addresses of this machine: for development. */
  readonly allowLoopback: boolean
  readonly cluster: string | undefined
  /** Opened when the agent knows what there is to do. */
  readonly ready: Latch.Latch
}

/** Failures of one reason are told together that come within so many milliseconds. */
const gather = 5_000

/**
 * What the agent is made of: the loop, and all that the Deliveries of a cluster share. Apart from `layers.ts`, because no
 * other verb needs it.
 */
export const agentLayer = (options: AgentOptions) => {
  const { allowLoopback, cluster, concurrency, data, http, metrics, ready } = options
  const server = Layer.unwrap(Effect.map(Sources, ({ hint }) =>
    Server.layer({
      http,
      metrics,
      hint,
      ready: Effect.map(Effect.timeoutOption(ready.await, 0), ({ _tag }) => _tag === "Some")
    })))
  return Layer.mergeAll(
    stages,
    Drift.layer,
    SecretVersions.layer,
    DeliveryWriter.layer,
    Reports.layer,
    PolicyBundleWriter.layer,
    Notify.layer({ allowLoopback, cluster, gather }),
    server
  ).pipe(
    Layer.provideMerge(Layer.merge(Sources.layer, ReportWriter.layer)),
    Layer.provideMerge(Layer.mergeAll(fetching(data), Hooks.layer)),
    Layer.provideMerge(Layer.provideMerge(granting(true), client({ ...options, concurrency }, maskKey))),
    Layer.provideMerge(offlineIn(data))
  )
}
