import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

/** A value that is replaced by newer ones, for one who does something about each until a newer one is there. */
export class Newest<A> {
  readonly #moved = Latch.makeUnsafe(true)
  #value: A

  constructor(first: A) {
    this.#value = first
  }

  get value(): A {
    return this.#value
  }

  set(value: A): void {
    this.#value = value
    this.#moved.openUnsafe()
  }

  /** The same again, as if it were new. */
  get again(): Effect.Effect<void> {
    return Effect.sync(() => this.set(this.#value))
  }

  /** Does something about the newest value, for ever: a newer one interrupts it, and begins once it has ended. */
  forEach<E, R>(act: (value: A) => Effect.Effect<unknown, E, R>): Effect.Effect<never, E, R> {
    const moved = this.#moved
    const one = Effect.suspend(() => {
      moved.closeUnsafe()
      return Effect.raceFirst(act(this.#value), moved.await)
    })
    return Effect.forever(Effect.andThen(moved.await, one))
  }
}
