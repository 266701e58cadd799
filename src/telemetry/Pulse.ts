import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Whoever does something for a lane says that it moves: a watchdog tells from it what hangs. */
export interface Signs {
  /** A step came to an end: a request was answered, or failed. */
  readonly beat: () => void
  /** Waits for a slot that all share (1), or does not any more (-1). */
  readonly waits: (by: 1 | -1) => void
}

export const silent: Signs = { beat: () => {}, waits: () => {} }

/** Of the lane for which an effect runs; silent outside of lanes. */
export const Pulse = Context.Reference<Signs>("sluice/telemetry/Pulse", { defaultValue: () => silent })

export const beat = Effect.map(Pulse, (pulse) => pulse.beat())
