import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"

/** How much may go on at once, with everybody and with one host. */
export interface TurnsOptions {
  /** Of what has just begun: that costs something. */
  readonly quick: { readonly all: number; readonly host: number }
  /** Of what waits for the other side as well: that costs a connection. */
  readonly patient: { readonly all: number; readonly host: number }
  /** Milliseconds after which something has not just begun any more. */
  readonly begun: number
}

interface Host {
  readonly quick: Semaphore.Semaphore
  readonly patient: Semaphore.Semaphore
  users: number
}

/**
 * Takes turns, so that a host that never answers holds up itself and nobody else: it has a part of the places, and who
 * waits for an answer gives the place to the next.
 */
export const make = ({ begun, patient, quick }: TurnsOptions) => {
  const hosts = new Map<string, Host>()
  const all = { quick: Semaphore.makeUnsafe(quick.all), patient: Semaphore.makeUnsafe(patient.all) }

  const hostOf = (name: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const host = hosts.get(name) ??
          { quick: Semaphore.makeUnsafe(quick.host), patient: Semaphore.makeUnsafe(patient.host), users: 0 }
        hosts.set(name, host)
        host.users++
        return host
      }),
      (host) =>
        Effect.sync(() => {
          if (--host.users === 0) hosts.delete(name)
        })
    )

  return (url: string) => <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function*() {
      const host = yield* hostOf(URL.canParse(url) ? new URL(url).host : url)
      const worked = Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(work).pipe(
          Effect.tap((fiber) => Effect.timeoutOption(Fiber.await(fiber), begun)),
          Semaphore.withPermit(all.quick),
          Semaphore.withPermit(host.quick)
        )
        return yield* Fiber.join(fiber)
      })
      return yield* worked.pipe(Semaphore.withPermit(all.patient), Semaphore.withPermit(host.patient))
    }).pipe(Effect.scoped)
}
