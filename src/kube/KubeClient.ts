import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
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
import { exchange, type Incoming, type NoAnswer } from "./exchange.ts"
import { type Asked, fromStatus, isMisfit, retryAfterOf, unanswered } from "./failure.ts"
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
  /** What it answers returns once the API server, out of reach or overrun now or later, answers again. */
  readonly recovered: () => Effect.Effect<void>
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
  const deadline = options.deadline ?? 60_000
  const outage = makeOutage()

  const send = (identity: Identity, request: KubeRequest, connection: Connection) =>
    queue(limit.withPermit)(exchange(connection.requests, {
      origin: connection.origin,
      path: connection.prefix + pathOf(request),
      method: request.method,
      deadline,
      headers: { ...headersOf(request), ...connection.headers, ...impersonation(identity) },
      ...request.body === undefined ? {} : { body: request.body }
    })).pipe(
      Effect.tap(({ status }) =>
        status === 429 ? Effect.andThen(outage.tooMany, limit.tooMany) : Effect.andThen(outage.answered, limit.answered)
      ),
      Effect.tapError(() => outage.began),
      Effect.tap(({ status }) => ended(request.asked.verb, codeOf(status))),
      Effect.tapError(() => ended(request.asked.verb, "none"))
    )

  const whoAmI = makeWhoAmI(connections)

  const ask = Effect.fnUntraced(function*(identity: Identity, request: KubeRequest) {
    const { asked } = request
    const told = nameOf(identity)
    let renewed = false
    for (let attempt = 1;; attempt++) {
      const connection = yield* Effect.mapError(
        connections.current,
        (why) => unanswered(asked, told, "KubeConfig", why)
      )
      const answer = yield* send(identity, request, connection).pipe(
        Effect.catchTag("NoAnswer", (error: NoAnswer) => Effect.succeed(error))
      )
      if ("code" in answer) {
        if (attempt < tries && request.idempotent && !permanent.test(answer.code) && answer.code !== "DEADLINE") {
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
        headers: { ...headersOf(request), ...connection.headers, ...impersonation(identity) },
        answered: (status) => status === 429 ? outage.tooMany : outage.answered,
        refused: Effect.fnUntraced(function*(status, body) {
          if (status === 401) yield* Effect.ignore(connections.renew(connection))
          const name = yield* whoAmI(identity, status)
          return fromStatus(asked, { status, body, retryAfter: undefined, sent: undefined, identity: name })
        }),
        broken: ({ code, detail }) => unanswered(asked, nameOf(identity), code, detail)
      })
    }))

  const as = (identity: Identity): KubeSession => ({
    identity,
    request: (request) => Effect.map(ask(identity, request), (answer) => maskAnswer(answer, options.maskKey)),
    requestUnmasked: (request) => ask(identity, request),
    lines: (request) => Stream.map(streamed(identity, request), (line) => maskLine(line, options.maskKey))
  })
  const namespace = connections.current.pipe(
    Effect.map((connection) => connection.namespace),
    Effect.mapError((why) =>
      unanswered({ verb: "read", resource: "kubeconfig" }, nameOf(Identity.Self()), "KubeConfig", why)
    )
  )
  return KubeClient.of({
    as,
    discovery: yield* makeDiscovery(as(Identity.Self())),
    recovered: outage.recovered,
    clock: serverTime(connections),
    namespace
  })
})

/** Few enough to be a label. */
const codeOf = (status: number): string => status === 429 ? "429" : `${Math.floor(status / 100)}xx`

/** A request came to its end: it is counted, and who made it has moved. */
const ended = (verb: string, code: string) => Effect.andThen(count(apiRequests, { verb, code }), beat)

const pathOf = ({ path, query }: KubeRequest): string =>
  query === undefined ? path : `${path}?${new URLSearchParams(query)}`

const headersOf = ({ accept, contentType }: KubeRequest): Record<string, string> => ({
  accept: accept ?? "application/json",
  "user-agent": "sluice",
  ...contentType === undefined ? {} : { "content-type": contentType }
})

const unreached = ({ origin }: Connection, { detail }: NoAnswer, attempts: number): string =>
  `no answer from ${origin}: ${detail}${attempts > 1 ? ` (tried ${attempts} times)` : ""}`

const isRetried = ({ idempotent }: KubeRequest, { body, status }: Incoming, attempt: number): boolean =>
  attempt < tries && (status === 429 || status >= 500 && status !== 501 && idempotent && !isMisfit(status, body))

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
