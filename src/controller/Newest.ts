import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"

/** A value that is replaced by newer ones, for one who does something about each until a newer one is there. */
export class Newest<A> {
  readonly #stirred = Latch.makeUnsafe(true)
  #isNew = true
  #value: A

  constructor(first: A) {
    this.#value = first
  }

  get value(): A {
    return this.#value
  }

  set(value: A): void {
    this.#value = value
    this.#isNew = true
    this.#stirred.openUnsafe()
  }

  /** What belongs to it may be another, while the value is the same. */
  touch(): void {
    this.#stirred.openUnsafe()
  }

  /** The same again, as if it were new. */
  get again(): Effect.Effect<void> {
    return Effect.sync(() => this.set(this.#value))
  }

  /**
   * Does something about the newest value, for ever: a newer one interrupts it, and begins once it has ended. `touched` is
   * done beside that, whenever the value was set or touched.
   */
  forEach<E, R, S = never>(
    act: (value: A) => Effect.Effect<unknown, E, R>,
    touched: Effect.Effect<void, never, S> = Effect.void
  ): Effect.Effect<never, E, Exclude<R | S, Scope.Scope>> {
    const stirred = this.#stirred
    return Effect.scoped(Effect.gen({ self: this }, function*() {
      const scope = yield* Effect.scope
      let doing: Fiber.Fiber<unknown, E> | undefined
      let failed: Exit.Exit<never, E> | undefined
      const safely = Effect.onError(
        Effect.suspend(() => act(this.#value)),
        (cause) =>
          Effect.sync(() => {
            if (Cause.hasInterruptsOnly(cause)) return
            failed = Exit.failCause(cause)
            stirred.openUnsafe()
          })
      )
      for (;;) {
        yield* stirred.await
        stirred.closeUnsafe()
        if (failed !== undefined) return yield* failed
        if (this.#isNew) {
          if (doing !== undefined) yield* Fiber.interrupt(doing)
          this.#isNew = false
          doing = yield* Effect.forkIn(safely, scope)
        }
        yield* touched
      }
    }))
  }
}
