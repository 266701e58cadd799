import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Whether the API server can be reached, as requests find out by the way. */
export class Outage {
  #isOut = false
  #count = 0
  #over = Deferred.makeUnsafe<void>()

  /** A request got no answer. */
  began(): void {
    this.#isOut = true
  }

  /** A request got an answer, whatever it says. */
  answered(): void {
    if (!this.#isOut) return
    this.#isOut = false
    this.#count++
    const over = this.#over
    this.#over = Deferred.makeUnsafe()
    Deferred.doneUnsafe(over, Effect.void)
  }

  /** What it answers returns once an outage is over that is not over now: what failed in it may be tried again. */
  recovered(): Effect.Effect<void> {
    const count = this.#count
    return Effect.suspend(() => this.#count > count ? Effect.void : Deferred.await(this.#over))
  }
}
