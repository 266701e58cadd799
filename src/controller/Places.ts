import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { Pulse } from "../telemetry/Pulse.ts"

export interface PlacesOptions {
  /** How many hold a place at once. */
  readonly count: number
  /** Milliseconds after which a place goes to the next, whatever its holder still does. */
  readonly atMost: number
}

/**
 * Lanes take turns with what costs memory and the machine: a thousand that all begin would each come a bit further, and
 * none to an end. Who waits for others meanwhile, or hangs, holds up nobody for longer than `atMost`.
 */
export const make = ({ atMost, count }: PlacesOptions) => {
  const places = Semaphore.makeUnsafe(count)

  /** Waits for a place and holds it until the scope closes, or until the effect that it answers is run. */
  const take: Effect.Effect<Effect.Effect<void>, never, Scope.Scope> = Effect.gen(function*() {
    const pulse = yield* Pulse
    const held = yield* Scope.fork(yield* Effect.scope)
    pulse.waits(1)
    yield* Effect.ensuring(Scope.provide(places.takeScoped(1), held), Effect.sync(() => pulse.waits(-1)))
    const give = Scope.close(held, Exit.void)
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep(atMost), give))
    return give
  })

  /** Holds a place while the work goes on. */
  const during = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.scopedWith((scope) => Effect.andThen(Effect.provideService(take, Scope.Scope, scope), work))

  return { take, during }
}

/**
 * Those of this process: enough to keep the API server busy. Looks and reads have their own, for they say that a run is out
 * of date; and what a revision touches is not read after all have asked whether it touches them.
 */
export const Places = Context.Reference("sluice/controller/Places", {
  defaultValue: () => {
    const options = { count: 16, atMost: 1_000 }
    return { looks: make(options), reads: make(options), runs: make(options) }
  }
})
