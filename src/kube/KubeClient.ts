import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { collect, count } from "../telemetry/Meter.ts"
import { apiLimit, apiRequests } from "../telemetry/metrics.ts"
import { beat } from "../telemetry/Pulse.ts"
import * as Queue from "../telemetry/Queue.ts"
import * as AdaptiveLimit from "./AdaptiveLimit.ts"
import { type Connection, make as makeConnections } from "./Connection.ts"
import { type Discovery, make as makeDiscovery } from "./discovery.ts"
import { exchange, type Incoming, type NoAnswer, notStarted } from "./exchange.ts"
import { type Asked, fenced, fromStatus, isMisfit, retryAfterOf, unanswered } from "./failure.ts"
import { type Fence, noFence } from "./Fence.ts"
import { Identity, impersonation, nameOf, userName } from "./Identity.ts"
import { jsonLines } from "./jsonLines.ts"
import type { KubeConfigOptions } from "./KubeConfig.ts"
import { maskAnswer, maskLine } from "./masking.ts"
import { make as makeOutage } from "./Outage.ts"
import { type ServerTime, serverTime } from "./serverTime.ts"
import { make as makeWhoAmI } from "./whoAmI.ts"

export interface KubeClientOptions extends KubeConfigOptions {
  /** The key under which values of Secrets are masked: one for all stages of a run. */
  readonly maskKey: Uint8Array
  /** Requests at once, over all deliveries; 32 unless said. Fewer while the server answers 429. */
  readonly concurrency?: number | undefined
  /** Milliseconds for one request; 60,000 unless said (admission webhooks may take 30 s). */
  readonly deadline?: number | undefined
  /** What keeps this process from changes that are no longer its own. */
  readonly fence: Fence
  /** Who asks, in the API server's audit log; `sluice` unless said. */
  readonly userAgent?: string | undefined
}

export interface KubeRequest {
  readonly asked: Asked
  readonly method: "GET" | "PATCH" | "POST" | "PUT" | "DELETE"
  /** Begins with `/api`; every segment is encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly accept?: string
  readonly contentType?: string
  readonly body?: string
  /** What `body` says: values of a Secret are kept out of errors. */
  readonly sent?: JsonObject
  /** Whether doing it twice is doing it once; then it is tried again after a broken connection or a server's error. */
  readonly idempotent: boolean
  /** Whether it is never tried again here: who asks knows better. */
  readonly once?: boolean
  /** Milliseconds, where less than usual are left. */
  readonly deadline?: number
}

/** The cluster as one identity. */
export interface KubeSession {
  readonly identity: Identity
  /** The answer, masked. */
  readonly request: (request: KubeRequest) => Effect.Effect<JsonObject, KubeFailure>
  /** The answer as it is: for `Secrets`, whose values are used and never shown. */
  readonly requestUnmasked: (request: KubeRequest) => Effect.Effect<JsonObject, KubeFailure>
  /** The lines of an answer that goes on, masked; it ends when the server ends it. Never retried here. */
  readonly lines: (request: KubeRequest) => Stream.Stream<JsonObject, KubeFailure>
}

/** Tries of one request; the loop has its own, slower ones. */
const tries = 4
/** A server that asks for more patience gets it from the loop. */
const longestWait = 10_000
const permanent =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ENOTFOUND$|UND_ERR_INVALID_ARG$|TOO_LARGE$)/u

/**
 * The one way to the API server: pooled HTTP/2, bounded in requests at once and in time. Answers are masked before
 * anything else sees them; errors tell verb, resource and as whom, never a header or a body.
 */
export class KubeClient extends Context.Service<KubeClient, {
  readonly as: (identity: Identity) => KubeSession
  /** What the cluster serves; the same for everybody. */
  readonly discovery: Discovery
  /** As itself, past the fence and past all that waits: for Leases alone, which are what keeps the fence open. */
  readonly leases: KubeSession
  /** What it answers returns once the API server, out of reach or overrun now or later, answers again, and changes may be sent. */
  readonly recovered: () => Effect.Effect<void>
  /** Returns when changes may be sent: at once, if they may be now. */
  readonly mayChange: Effect.Effect<void>
  /** Asked anew each time. */
  readonly clock: Effect.Effect<ServerTime, KubeFailure>
  /** Where things are that name no namespace: as the kubeconfig's context says. */
  readonly namespace: Effect.Effect<string, KubeFailure>
}>()("sluice/kube/KubeClient") {
  /** Opens nothing before the first request. */
  static readonly layer = (options: KubeClientOptions): Layer.Layer<KubeClient, never, FileSystem.FileSystem> =>
    Layer.effect(KubeClient, make(options))
}

const make = Effect.fnUntraced(function*(options: KubeClientOptions) {
  const connections = yield* makeConnections(options)
  const limit = yield* AdaptiveLimit.make(options.concurrency ?? 32)
  const queue = yield* Queue.make("api")
  yield* collect((now) => now.set(apiLimit, {}, limit.allowed()))
  const longest = options.deadline ?? 60_000
  const outage = makeOutage()
  const clock = yield* Clock.Clock
  const userAgent = options.userAgent ?? "sluice"

  /** Right before it goes, as often as it is tried: a change asks the fence, and tells the server what time it has. */
  const go = (identity: Identity, request: KubeRequest, connection: Connection, { fence }: Way) =>
    Effect.suspend(() => {
      const bound = isChange(request) ? fence.left(clock) : Number.POSITIVE_INFINITY
      if (bound === undefined) return Effect.fail(new Fenced())
      const isBound = bound !== Number.POSITIVE_INFINITY
      const sent = isBound
        ? { ...request, query: { ...request.query, timeout: `${Math.max(1, Math.floor(bound))}ms` } }
        : request
      const exchanged = exchange(connection.requests, {
        origin: connection.origin,
        path: connection.prefix + pathOf(sent),
        method: request.method,
        deadline: Math.min(request.deadline ?? longest, bound),
        headers: { ...headersOf(request, userAgent), ...connection.headers, ...impersonation(identity) },
        ...request.body === undefined ? {} : { body: request.body },
        ...isBound ? { mayStart: () => fence.left(clock) !== undefined } : {}
      }).pipe(Effect.catchIf(({ code }) => code === notStarted, () => Effect.fail(new Fenced())))
      // Who gives up what it owns has to know that nothing of it is under way any more.
      return isBound ? Effect.uninterruptible(exchanged) : exchanged
    })

  const send = (identity: Identity, request: KubeRequest, connection: Connection, way: Way) =>
    way.through(go(identity, request, connection, way)).pipe(
      Effect.tap(({ status }) =>
        status === 429
          ? Effect.andThen(outage.tooMany, way.limit.tooMany)
          : Effect.andThen(outage.answered, way.limit.answered)
      ),
      Effect.tap(({ status }) => ended(request.asked.verb, codeOf(status))),
      Effect.tapError(({ _tag }) =>
        _tag === "Fenced" ? Effect.void : Effect.andThen(outage.began, ended(request.asked.verb, "none"))
      )
    )

  const whoAmI = makeWhoAmI(connections)

  const ask = Effect.fnUntraced(function*(identity: Identity, request: KubeRequest, way: Way) {
    const { asked } = request
    const told = nameOf(identity)
    let renewed = false
    for (let attempt = 1;; attempt++) {
      const connection = yield* Effect.mapError(
        connections.current,
        (why) => unanswered(asked, told, "KubeConfig", why)
      )
      const answer = yield* send(identity, request, connection, way).pipe(
        Effect.catchTag("NoAnswer", (error: NoAnswer) => Effect.succeed(error)),
        Effect.catchTag("Fenced", () => Effect.fail(fenced(asked, told)))
      )
      if ("code" in answer) {
        if (
          attempt < tries && request.once !== true && request.idempotent && !permanent.test(answer.code) &&
          answer.code !== "DEADLINE"
        ) {
          yield* pause(attempt)
          continue
        }
        return yield* unanswered(
          asked,
          userName(identity) ?? connection.user,
          answer.code,
          unreached(connection, answer, attempt)
        )
      }
      if (answer.status < 300) return yield* decode(asked, told, answer)
      if (answer.status === 401 && !renewed) {
        renewed = true
        if (yield* Effect.orElseSucceed(connections.renew(connection), () => false)) continue
      }
      const wait = retryAfterOf(answer.headers["retry-after"], yield* Clock.currentTimeMillis)
      if (isRetried(request, answer, attempt) && (wait ?? 0) <= longestWait) {
        yield* pause(attempt, wait)
        continue
      }
      const refused = { status: answer.status, body: answer.body, retryAfter: wait, sent: request.sent }
      return yield* fromStatus(asked, { ...refused, identity: yield* whoAmI(identity, answer.status) })
    }
  })

  const streamed = (identity: Identity, request: KubeRequest) =>
    Stream.unwrap(Effect.gen(function*() {
      const { asked } = request
      const connection = yield* Effect.mapError(
        connections.current,
        (why) => unanswered(asked, nameOf(identity), "KubeConfig", why)
      )
      return jsonLines(connection.watches, {
        origin: connection.origin,
        path: connection.prefix + pathOf(request),
        headers: { ...headersOf(request, userAgent), ...connection.headers, ...impersonation(identity) },
        answered: (status) => status === 429 ? outage.tooMany : outage.answered,
        refused: Effect.fnUntraced(function*(status, body) {
          if (status === 401) yield* Effect.ignore(connections.renew(connection))
          const name = yield* whoAmI(identity, status)
          return fromStatus(asked, { status, body, retryAfter: undefined, sent: undefined, identity: name })
        }),
        broken: ({ code, detail }) => unanswered(asked, nameOf(identity), code, detail)
      })
    }))

  const session = (identity: Identity, way: Way): KubeSession => ({
    identity,
    request: (request) => Effect.map(ask(identity, request, way), (answer) => maskAnswer(answer, options.maskKey)),
    requestUnmasked: (request) => ask(identity, request, way),
    lines: (request) => Stream.map(streamed(identity, request), (line) => maskLine(line, options.maskKey))
  })
  const usual: Way = { limit, through: queue(limit.withPermit), fence: options.fence }
  const as = (identity: Identity) => session(identity, usual)
  const own = yield* AdaptiveLimit.make(2)
  const unfenced = session(Identity.Self(), { limit: own, through: own.withPermit, fence: noFence })
  const namespace = connections.current.pipe(
    Effect.map((connection) => connection.namespace),
    Effect.mapError((why) =>
      unanswered({ verb: "read", resource: "kubeconfig" }, nameOf(Identity.Self()), "KubeConfig", why)
    )
  )
  return KubeClient.of({
    as,
    discovery: yield* makeDiscovery(as(Identity.Self())),
    leases: {
      ...unfenced,
      request: (request) => isOfLeases(request) ? unfenced.request(request) : Effect.die(request.path)
    },
    recovered: () =>
      Effect.andThen(Effect.raceFirst(outage.recovered(), options.fence.reopened()), options.fence.passed),
    mayChange: options.fence.passed,
    clock: serverTime(connections),
    namespace
  })
})

/** Few enough to be a label. */
const codeOf = (status: number): string => status === 429 ? "429" : `${Math.floor(status / 100)}xx`

/** A request came to its end: it is counted, and who made it has moved. */
const ended = (verb: string, code: string) => Effect.andThen(count(apiRequests, { verb, code }), beat)
/** By which way a request goes. */
interface Way {
  readonly limit: AdaptiveLimit.AdaptiveLimit
  /** Takes its turn there. */
  readonly through: AdaptiveLimit.AdaptiveLimit["withPermit"]
  readonly fence: Fence
}

/** A change that is not ours to make now. */
class Fenced extends Data.TaggedError("Fenced") {}

/** A dry-run changes nothing. */
const isChange = ({ method, query }: KubeRequest): boolean => method !== "GET" && query?.dryRun === undefined

const isOfLeases = ({ path }: KubeRequest): boolean => path.startsWith("/apis/coordination.k8s.io/")

const pathOf = ({ path, query }: KubeRequest): string =>
  query === undefined ? path : `${path}?${new URLSearchParams(query)}`

const headersOf = ({ accept, contentType }: KubeRequest, userAgent: string): Record<string, string> => ({
  accept: accept ?? "application/json",
  "user-agent": userAgent,
  ...contentType === undefined ? {} : { "content-type": contentType }
})

const unreached = ({ origin }: Connection, { detail }: NoAnswer, attempts: number): string =>
  `no answer from ${origin}: ${detail}${attempts > 1 ? ` (tried ${attempts} times)` : ""}`

const isRetried = ({ idempotent, once }: KubeRequest, { body, status }: Incoming, attempt: number): boolean =>
  attempt < tries && once !== true &&
  (status === 429 || status >= 500 && status !== 501 && idempotent && !isMisfit(status, body))

/** What the server asked for, else full jitter over 200, 400, 800 ms; no permit is held meanwhile. */
const pause = (attempt: number, wait?: number) =>
  wait === undefined
    ? Effect.flatMap(Random.next, (random) => Effect.sleep(random * 100 * 2 ** attempt))
    : Effect.sleep(wait)

const decode = (asked: Asked, identity: string, { body, status }: Incoming) =>
  Effect.try({
    try: (): Json => JSON.parse(body),
    catch: () => "not JSON"
  }).pipe(
    Effect.filterOrFail(isJsonObject, () => "not an object"),
    Effect.mapError(() =>
      unanswered(asked, identity, "Undecodable", `the answer (HTTP ${status}) is not a JSON object`)
    )
  )
