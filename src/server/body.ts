import * as Effect from "effect/Effect"
import type { IncomingMessage } from "node:http"
import type { Limits } from "./limits.ts"

/** A body that is not read to its end: too large, or too many are being read. */
export type Unread = "TooLarge" | "Busy"

/** A piece of one byte costs more than its byte. */
const costOf = (piece: Buffer): number => Math.max(piece.length, 128)

/** How much is held by all bodies that are being read or handed on. */
export interface Held {
  bytes: number
}

/** The bytes of a body. What goes beyond a limit is counted as it comes and never kept. */
export const readBody = (request: IncomingMessage, held: Held, limits: Limits) =>
  Effect.callback<Uint8Array, Unread>((resume) => {
    if (Number(request.headers["content-length"] ?? 0) > limits.body) return resume(Effect.fail("TooLarge"))
    let bytes = Buffer.alloc(0)
    let [size, cost] = [0, 0]

    const stop = (): void => {
      held.bytes -= bytes.length
      request.off("data", take).off("end", end)
    }
    const refuse = (why: Unread): void => {
      stop()
      resume(Effect.fail(why))
    }
    // One buffer that doubles: small pieces would hold many times their size.
    const take = (piece: Buffer): void => {
      cost += costOf(piece)
      if (size + piece.length > limits.body || cost > limits.body + 65_536) return refuse("TooLarge")
      if (size + piece.length > bytes.length) {
        const doubled = Math.min(limits.body, Math.max(8_192, 2 * bytes.length))
        const larger = Buffer.allocUnsafeSlow(Math.max(doubled, size + piece.length))
        held.bytes += larger.length - bytes.length
        bytes.copy(larger, 0, 0, size)
        bytes = larger
        if (held.bytes > limits.bodies) return refuse("Busy")
      }
      size += piece.copy(bytes, size)
    }
    const end = (): void => {
      stop()
      resume(Effect.succeed(bytes.subarray(0, size)))
    }
    request.on("data", take).on("end", end)
    return Effect.sync(stop)
  })

/** Reads on for a while after an early answer, keeping nothing: who still sends would not see the answer otherwise. */
export const drain = (request: IncomingMessage, limits: Limits): void => {
  let cost = 0
  request.on("data", (piece: Buffer) => {
    cost += costOf(piece)
    if (cost > limits.drained) request.destroy()
  })
}
