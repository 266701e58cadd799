import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { exposition } from "../telemetry/exposition.ts"
import { Meter } from "../telemetry/Meter.ts"
import { metrics } from "../telemetry/metrics.ts"
import type { Address } from "./address.ts"
import { type Limits, limits } from "./limits.ts"
import { type Answer, listen, type Request } from "./listen.ts"
import { makeReceive } from "./receive.ts"
import { makeRelay } from "./relay.ts"

export interface ServerOptions {
  readonly http: Address
  /** Where metrics are served, apart from what the world may reach. */
  readonly metrics: Address | undefined
  /** Whether the agent knows what it has to do: its caches are filled. */
  readonly ready: Effect.Effect<boolean>
  /** Lists anew, soon, every source of this repository (normalised); how many that are. */
  readonly hint: (repository: string) => Effect.Effect<number>
  /** `host:port` of the other replicas' hooks. */
  readonly peers?: () => ReadonlyArray<string>
  readonly limits?: Partial<Limits>
}

const notFound: Answer = { status: 404, text: "not found\n" }
const onlyGet: Answer = { status: 405, text: "only GET\n", headers: { allow: "GET, HEAD" } }

/** `/healthz`: an answer at all means that the event loop turns. `/readyz`: the agent knows what to do. */
const probes = (ready: Effect.Effect<boolean>): Readonly<Record<string, Effect.Effect<Answer>>> => ({
  "/healthz": Effect.succeed({ status: 200, text: "ok\n" }),
  "/readyz": ready.pipe(
    Effect.timeoutOrElse({ duration: "1 second", orElse: () => Effect.succeed(false) }),
    Effect.map((isReady) => isReady ? { status: 200, text: "ok\n" } : { status: 503, text: "not ready\n" })
  )
})

/** Prometheus' text format, of all that was counted and of what is there now. */
const metricsPage: Effect.Effect<Answer> = Effect.gen(function*() {
  const meter = yield* Meter
  const parts: Array<string> = []
  for (const part of exposition(metrics, meter.scrape())) {
    parts.push(part)
    yield* Effect.yieldNow
  }
  return {
    status: 200,
    text: parts.join(""),
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" }
  }
})

const pages = (routes: Readonly<Record<string, Effect.Effect<Answer>>>) => ({ method, path }: Request) => {
  const page = Object.hasOwn(routes, path) ? routes[path] : undefined
  if (page === undefined) return Effect.succeed(notFound)
  return method === "GET" || method === "HEAD" ? page : Effect.succeed(onlyGet)
}

/** What the agent says to who asks over HTTP: hooks and probes at one address, metrics and probes at another. */
export class Server extends Context.Service<Server, {
  /** Where it listens, with the port that it got. */
  readonly http: Address
  readonly metrics: Address | undefined
}>()("sluice/server/Server") {
  static readonly layer = (options: ServerOptions) =>
    Layer.effect(
      this,
      Effect.gen(function*() {
        const bounds = { ...limits, ...options.limits }
        const probing = probes(options.ready)
        const scraped = options.metrics === undefined
          ? undefined
          : yield* listen(
            options.metrics,
            bounds,
            pages({ ...probing, "/metrics": metricsPage })
          )
        const held = { bytes: 0 }
        const relay = makeRelay(options.peers ?? (() => []), bounds, held)
        const receive = yield* makeReceive(bounds, options.hint, relay)
        const probe = pages(probing)
        const http = yield* listen(
          options.http,
          bounds,
          (request) => request.path.startsWith("/hooks/") ? receive(request) : probe(request),
          held
        )
        return Server.of({ http, metrics: scraped })
      })
    )
}
