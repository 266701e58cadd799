import type * as Undici from "@effect/platform-node/Undici"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { GuardedBody } from "./GuardedBody.ts"

export interface Outgoing {
  readonly origin: string
  readonly path: string
  readonly method: "GET" | "PATCH" | "POST" | "PUT" | "DELETE"
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds for the whole exchange. */
  readonly deadline: number
  /**
   * Asked once there is a connection, right before anything goes: what has waited for one may be out of date. And again
   * when the headers have gone, before the body does: whoever is paused between the two is known to the server, which
   * counts the time that it was given from the headers on.
   */
  readonly mayStart?: () => boolean
}

export interface Incoming {
  readonly status: number
  readonly headers: Undici.Dispatcher.ResponseData["headers"]
  readonly body: string
}

/** The code of what was not sent, because `mayStart` said so. */
export const notStarted = "NOT_STARTED"

/** There was no whole answer. `code` is the transport's: ECONNREFUSED, UND_ERR_SOCKET, DEADLINE, TOO_LARGE… */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly code: string; readonly detail: string }> {}

/** No answer of an API server that we ask for comes near: a page of 500 objects' metadata has some MiB. */
export const maximumBytes = 128 * 1024 * 1024

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : typeof error === "object" && error !== null && "cause" in error && error.cause !== error
    ? codeOf(error.cause)
    : "UNKNOWN"

/** A transport's error; its message holds addresses and reasons, never headers. */
export const noAnswer = (error: unknown): NoAnswer =>
  new NoAnswer({
    code: codeOf(error),
    detail: (error instanceof AggregateError && error.errors.length > 0
      ? String(error.errors.map((each) => each instanceof Error ? each.message : each).join("; "))
      : error instanceof Error
      ? error.message
      : String(error)).split("\n")[0]!
  })

const late = new NoAnswer({ code: notStarted, detail: "it was not sent" })

/**
 * One request and its whole answer. Interrupting it aborts the stream at once; the deadline holds where interruption
 * does not (a write in flight is never cut short by us). A request with a body is left to end by itself: whoever aborts
 * an HTTP/2 stream that still has something to send makes Node (24.21) send empty frames for ever.
 */
export const exchange = (dispatcher: Undici.Dispatcher, outgoing: Outgoing): Effect.Effect<Incoming, NoAnswer> =>
  Effect.callback((resume) => {
    let controller: Undici.Dispatcher.DispatchController | undefined
    let aborted: Error | undefined
    let status = 0
    let headers: Incoming["headers"] = {}
    let size = 0
    const chunks: Array<Buffer> = []
    let isStopped = false
    const { body, mayStart } = outgoing
    const mayGo = () => {
      isStopped = mayStart?.() === false
      return !isStopped
    }

    const abort = (reason: Error) => {
      clearTimeout(timer)
      aborted = reason
      if (outgoing.body === undefined) controller?.abort(reason)
    }
    const fail = (error: NoAnswer) => {
      abort(error)
      resume(Effect.fail(error))
    }
    const timer = setTimeout(
      () => fail(new NoAnswer({ code: "DEADLINE", detail: `no answer within ${outgoing.deadline / 1000} s` })),
      outgoing.deadline
    )

    dispatcher.dispatch({
      origin: outgoing.origin,
      path: outgoing.path,
      method: outgoing.method,
      headers: outgoing.headers,
      body: body === undefined ? null : mayStart === undefined ? body : new GuardedBody(body, mayGo),
      headersTimeout: 0,
      bodyTimeout: 0
    }, {
      onRequestStart(started) {
        controller = started
        if (aborted !== undefined) return started.abort(aborted)
        if (mayGo()) return
        fail(late)
        started.abort(late)
      },
      onResponseStart(_, code, received) {
        status = code
        headers = received
      },
      onResponseData(_, chunk) {
        size += chunk.length
        if (size > maximumBytes) fail(new NoAnswer({ code: "TOO_LARGE", detail: "the answer is larger than 128 MiB" }))
        else chunks.push(chunk)
      },
      onResponseEnd() {
        clearTimeout(timer)
        if (isStopped) return resume(Effect.fail(late))
        resume(
          Effect.succeed({ status, headers, body: chunks.length === 1 ? `${chunks[0]}` : `${Buffer.concat(chunks)}` })
        )
      },
      onResponseError(_, error) {
        clearTimeout(timer)
        // Not within undici (8.12): it fails all that waits for a connection and asserts that nothing is left, while who
        // goes on here may ask for something anew, or make room for another who does.
        queueMicrotask(() => resume(Effect.fail(noAnswer(error))))
      }
    })
    return Effect.sync(() => abort(new Error("interrupted")))
  })
