import * as Effect from "effect/Effect"
import type * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import { client, type ClusterOptions } from "./client.ts"
import { settings } from "./config.ts"
import { deliveriesOf } from "./controller/collectors.ts"
import { Reports } from "./controller/Reports.ts"
import { SecretVersions } from "./controller/SecretVersions.ts"
import { Vitals } from "./controller/Vitals.ts"
import { watchdog } from "./controller/watchdog.ts"
import { Drift } from "./drift/Drift.ts"
import { Sources } from "./fetch/Sources.ts"
import { DeliveryWriter } from "./kube/DeliveryWriter.ts"
import { LeaseFence } from "./kube/Fence.ts"
import { Leases } from "./kube/Leases.ts"
import { NotifierWriter } from "./kube/NotifierWriter.ts"
import { PolicyBundleWriter } from "./kube/PolicyBundleWriter.ts"
import { ReportWriter } from "./kube/ReportWriter.ts"
import { fetching, granting, stages } from "./layers.ts"
import { Members, type MembersOptions } from "./members/Members.ts"
import { Notify } from "./notify/Notify.ts"
import { maskKey, offlineIn } from "./offline.ts"
import type { Address } from "./server/address.ts"
import { Hooks } from "./server/Hooks.ts"
import { Server } from "./server/Server.ts"
import { collect } from "./telemetry/Meter.ts"
import { processMetrics } from "./telemetry/process.ts"
import { version } from "./telemetry/version.ts"

export interface AgentOptions extends ClusterOptions {
  /** Where Git's packs, workspaces and compiled policies are kept: the cache, unless given. */
  readonly data: string | undefined
  /** Bytes that it may take, but for what is downloaded at the moment and compiled policies (80 MiB at most). */
  readonly room: number
  readonly http: Address
  readonly metrics: Address | undefined
  /** Requests to the API server at once. */
  readonly concurrency: number | undefined
  /** Whether Notifiers may name addresses of this machine: for development. */
  readonly allowLoopback: boolean
  readonly cluster: string | undefined
  /** Where traces go; undefined: where OpenTelemetry's variables say, if they do. */
  readonly otlpEndpoint: string | undefined
  /** Which of the replicas this is: its name, what tells its machine from others, where the Leases are and how long they hold. */
  readonly replica: Omit<MembersOptions, "fence">
  /** Opened when the agent knows what there is to do. */
  readonly ready: Latch.Latch
}

/** Failures of one reason are told together that come within so many milliseconds. */
const gather = 5_000

/** Traces of runs, where somebody names a collector: nothing of it is loaded before. */
const tracing = ({ cluster, otlpEndpoint, replica }: AgentOptions) =>
  Layer.unwrap(Effect.gen(function*() {
    const endpoint = otlpEndpoint ?? (yield* settings).otlpEndpoint
    if (endpoint === undefined) return Layer.empty
    const otlp = yield* Effect.promise(() => import("./telemetry/otlp.ts"))
    return otlp.layer({ endpoint, cluster, instance: replica.instance, version: version() })
  }))

/** What is told at a scrape, and who sees to lanes that are stuck. */
const watching = Layer.effectDiscard(Effect.gen(function*() {
  yield* collect(processMetrics(version()))
  yield* collect(deliveriesOf(yield* Vitals))
  yield* Effect.forkScoped(watchdog)
}))

/**
 * What the agent is made of: the loop, and all that the Deliveries of a cluster share. Apart from `layers.ts`, because no
 * other verb needs it.
 */
export const agentLayer = (options: AgentOptions) => {
  const { allowLoopback, cluster, concurrency, data, http, metrics, ready, replica, room } = options
  const fence = new LeaseFence()
  const members = Layer.provide(Members.layer({ ...replica, fence }), Leases.layer)
  const server = Layer.unwrap(Effect.map(Effect.all([Sources, Members]), ([{ hint }, members]) =>
    Server.layer({
      http,
      metrics,
      hint,
      peers: members.peers,
      ready: Effect.map(Effect.timeoutOption(ready.await, 0), ({ _tag }) => _tag === "Some")
    })))
  return Layer.mergeAll(
    stages,
    Drift.layer,
    SecretVersions.layer,
    DeliveryWriter.layer,
    Reports.layer,
    PolicyBundleWriter.layer,
    NotifierWriter.layer,
    Notify.layer({ allowLoopback, cluster, gather, mayTell: fence.passed }),
    tracing(options),
    watching,
    server
  ).pipe(
    Layer.provideMerge(Layer.merge(Sources.layer, ReportWriter.layer)),
    Layer.provideMerge(Layer.mergeAll(fetching(data, room), Hooks.layer, members)),
    Layer.provideMerge(
      Layer.provideMerge(
        granting(true),
        client({ ...options, concurrency }, maskKey, { instance: replica.instance, fence })
      )
    ),
    Layer.provideMerge(offlineIn(data, room))
  )
}
