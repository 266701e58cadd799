import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { lookup } from "node:dns"
import type { LookupFunction } from "node:net"
import { oneLine } from "../domain/plainText.ts"
import { refusedIp } from "./address.ts"
import { SendFailed } from "./SendFailed.ts"

const deadline = "10 seconds"
const answerLimit = 64 * 1024

/** Looks up names like Node does, and drops what must not be reached: a name is no way round the rules for addresses. */
const guardedLookup = (allowLoopback: boolean): LookupFunction => (hostname, options, callback) =>
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "")
    const [first, ...others] = addresses.filter(({ address }) => refusedIp(address, allowLoopback) === undefined)
    if (first === undefined) return callback(Object.assign(new Error("refused"), { code: "EREFUSEDADDRESS" }), "")
    return options.all === true ? callback(null, [first, ...others]) : callback(null, first.address, first.family)
  })

/** An HTTP client that reaches no link-local and, unless allowed, no loopback address, and follows no redirect. */
export const layerHttp = (options: { readonly allowLoopback: boolean }) =>
  NodeHttpClient.layerUndiciNoDispatcher.pipe(
    Layer.provide(NodeHttpClient.layerDispatcherOptions({
      connect: { lookup: guardedLookup(options.allowLoopback), timeout: 10_000 }
    }))
  )

export interface Answer {
  readonly status: number
  /** Undefined where it could not be read whole. */
  readonly body: string | undefined
  /** Milliseconds. */
  readonly retryAfter: number | undefined
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined

const reasons: Readonly<Record<string, string>> = {
  EREFUSEDADDRESS: "its name leads to a refused address",
  ENOTFOUND: "its host name is unknown",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_CONNECT_TIMEOUT: "no connection within 10 seconds"
}

/** The transport's own message names the host: only its code is told. */
const unreachable = ({ reason }: HttpClientError): SendFailed => {
  const code = "cause" in reason ? codeOf(reason.cause) : undefined
  return new SendFailed({
    why: code === undefined ? "the request failed" : reasons[code] ?? `the request failed (${code})`,
    reason: "NotifyFailed",
    retryable: code !== "EREFUSEDADDRESS"
  })
}

const retryAfterOf = Effect.fnUntraced(function*(header: string | undefined) {
  if (header === undefined) return undefined
  const parsed = Headers.parseRetryAfter(header)
  if (Result.isFailure(parsed)) return undefined
  const now = yield* Clock.currentTimeMillis
  return parsed.success._tag === "Duration"
    ? Duration.toMillis(parsed.success.duration)
    : Math.max(0, DateTime.toEpochMillis(parsed.success.dateTime) - now)
})

/** Sends a JSON body once: 10 seconds, at most 64 KiB of answer, no redirect, no span (its address is a secret). */
export const post = Effect.fnUntraced(function*(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>
) {
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setHeaders({ ...headers, "user-agent": "sluice" }),
    HttpClientRequest.bodyText(body, "application/json; charset=utf-8")
  )
  const response = yield* HttpClient.execute(request)
  // The status is the answer: a body that is cut, too long or missing does not undo it.
  const read = yield* response.stream.pipe(
    Stream.limitBytes<HttpClientError | "too long", never>(answerLimit, () => Stream.fail("too long")),
    Stream.decodeText(),
    Stream.mkString,
    Effect.timeout("5 seconds"),
    Effect.option
  )
  return {
    status: response.status,
    body: Option.getOrUndefined(read),
    retryAfter: yield* retryAfterOf(response.headers["retry-after"])
  }
}, (effect) =>
  effect.pipe(
    Effect.catchTag("HttpClientError", (error) => Effect.fail(unreachable(error))),
    Effect.timeoutOrElse({
      duration: deadline,
      orElse: () =>
        Effect.fail(new SendFailed({ why: "no answer within 10 seconds", reason: "NotifyFailed", retryable: true }))
    }),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false)
  ))

const asked = (answer: Answer) => answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }

/** Success for 2xx; else whether another attempt can help, by the status. */
export const expectSuccess = (answer: Answer, says = answer.body ?? ""): Effect.Effect<void, SendFailed> => {
  const { status } = answer
  if (status >= 200 && status < 300) return Effect.void
  if (status >= 300 && status < 400) {
    const why = "it answered with a redirect, which is not followed"
    return Effect.fail(new SendFailed({ why, reason: "NotifyFailed", retryable: false }))
  }
  const words = oneLine(says, 200)
  return Effect.fail(
    new SendFailed({
      why: `it answered ${status}${words === "" ? "" : `: ${words}`}`,
      reason: status === 401 || status === 403 ? "AuthFailed" : "NotifyFailed",
      retryable: status === 408 || status === 429 || status >= 500,
      ...asked(answer)
    })
  )
}
