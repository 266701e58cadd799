import * as NodeStream from "@effect/platform-node/NodeStream"
import type * as Undici from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { NoAnswer, noAnswer } from "./exchange.ts"

interface Options {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Told that the server answers, whatever it says. */
  readonly answered: (status: number) => Effect.Effect<void>
  readonly refused: (status: number, body: string) => Effect.Effect<KubeFailure>
  readonly broken: (error: NoAnswer) => KubeFailure
}

/** Metadata of one object; etcd allows 1.5 MiB for all of it. */
const longestLine = 8 * 1024 * 1024
/** Milliseconds without a byte: bookmarks come every minute. */
const silence = 120_000

const splitLines = (rest: string, text: string): readonly [string, ReadonlyArray<string>] => {
  const lines = (rest + text).split("\n")
  // A line that never ends is handed on as it is, to be refused.
  const open = lines.at(-1)!.length > longestLine ? "" : lines.pop()!
  return [open, lines.filter((line) => line.trim() !== "")]
}

const parse = (line: string): JsonObject | undefined => {
  const document = Result.try((): Json => JSON.parse(line))
  return Result.isSuccess(document) && isJsonObject(document.success) ? document.success : undefined
}

/** A GET whose answer is one JSON object a line, as they come; read no faster than they are used. */
export const jsonLines = (
  dispatcher: Undici.Dispatcher,
  options: Options
): Stream.Stream<JsonObject, KubeFailure> =>
  Stream.unwrap(Effect.gen(function*() {
    const { answered, broken, headers, origin, path, refused } = options
    const response = yield* Effect.tryPromise({
      try: (signal) =>
        dispatcher.request({
          origin,
          path,
          method: "GET",
          headers,
          signal,
          headersTimeout: 30_000,
          bodyTimeout: silence
        }),
      catch: (error) => broken(noAnswer(error))
    })
    yield* answered(response.statusCode)
    if (response.statusCode >= 300) {
      const body = yield* Effect.orElseSucceed(Effect.tryPromise(() => response.body.text()), () => "")
      return yield* Effect.flatMap(refused(response.statusCode, body), Effect.fail)
    }
    return NodeStream.fromReadable({ evaluate: () => response.body, onError: (error) => broken(noAnswer(error)) }).pipe(
      Stream.decodeText(),
      Stream.mapAccum(() => "", splitLines),
      Stream.mapEffect((line) => {
        const event = line.length > longestLine ? undefined : parse(line)
        const detail = `a line of the answer is not a JSON object of at most ${longestLine / 2 ** 20} MiB`
        return event === undefined
          ? Effect.fail(broken(new NoAnswer({ code: "Undecodable", detail })))
          : Effect.succeed(event)
      })
    )
  }))
