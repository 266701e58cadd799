import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"

/** Waits for the end of a suspension, if it has one, and then thinks again. */
export const whenOver = Effect.fnUntraced(function*({ spec }: Delivery, then: Effect.Effect<void>) {
  const until = Date.parse(spec.suspension?.until ?? "")
  // Until somebody resumes it: what goes on beside it goes on.
  if (Number.isNaN(until)) return yield* Effect.never
  for (;;) {
    const left = until - (yield* Clock.currentTimeMillis)
    if (left <= 0) return yield* then
    // A timer may be early by a millisecond, and who thinks too early never thinks again.
    yield* Effect.sleep(left)
  }
})
