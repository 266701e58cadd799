import * as Effect from "effect/Effect"
import { collect } from "./Meter.ts"
import { queueDepth, workers } from "./metrics.ts"
import { Pulse } from "./Pulse.ts"

type Through = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Counts who waits for a slot that all share, and who has one, under a name in the metrics until the scope closes. */
export const make = Effect.fnUntraced(function*(queue: string) {
  let [waiting, running] = [0, 0]
  yield* collect((now) => {
    now.set(queueDepth, { queue }, waiting)
    now.set(workers, { queue }, running)
  })
  /** Runs an effect through the limiter that keeps it waiting. */
  return (limit: Through): Through => (effect) =>
    Effect.flatMap(Pulse, (pulse) => {
      let isWaiting = true
      waiting++
      pulse.waits(1)
      const goOn = () => {
        if (!isWaiting) return
        isWaiting = false
        waiting--
        pulse.waits(-1)
      }
      const worked = Effect.suspend(() => {
        goOn()
        pulse.beat()
        running++
        return Effect.ensuring(effect, Effect.sync(() => running--))
      })
      return Effect.ensuring(limit(worked), Effect.sync(goOn))
    })
})
