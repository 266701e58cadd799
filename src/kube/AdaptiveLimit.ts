import * as Effect from "effect/Effect"
import { uptime } from "../domain/uptime.ts"

/** A number of requests at once that yields to a server which says that it has too many. */
export interface AdaptiveLimit {
  /** Runs it when its turn has come: first come, first served. */
  readonly withPermit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The server said 429: halves the number, at most once a second. */
  readonly tooMany: Effect.Effect<void>
  /** A request was answered: as many answers as may run at once allow one more, up to the first number. */
  readonly answered: Effect.Effect<void>
  readonly permits: Effect.Effect<number>
  /** The same, for who cannot wait. */
  readonly allowed: () => number
  /** Whether the next would have to wait. */
  readonly isFull: () => boolean
}

interface Turn {
  state: "waits" | "has come" | "is over"
  come: () => void
}

/** Who waits is asked about once. (A Semaphore walks past all who wait at each release: 10,000 wait at a first sync.) */
class Turns {
  #waiting: Array<Turn> = []
  #first = 0
  #isCalling = false
  free: number

  constructor(free: number) {
    this.free = free
  }

  take(): Turn {
    const turn: Turn = { state: "waits", come: () => {} }
    this.#waiting.push(turn)
    this.call()
    return turn
  }

  end(turn: Turn): void {
    if (turn.state === "has come") this.free++
    turn.state = "is over"
    this.call()
  }

  /** Not again from within: who is called may be done at once, and its end would call the next. */
  call(): void {
    if (this.#isCalling) return
    this.#isCalling = true
    while (this.free > 0 && this.#first < this.#waiting.length) {
      const turn = this.#waiting[this.#first++]!
      if (turn.state === "is over") continue
      this.free--
      turn.state = "has come"
      turn.come()
    }
    if (this.#first > 1_000 || this.#first === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    this.#isCalling = false
  }
}

export const make = (maximum: number) =>
  Effect.sync((): AdaptiveLimit => {
    const turns = new Turns(maximum)
    let permits = maximum
    let answers = 0
    let halved = Number.NEGATIVE_INFINITY

    const resize = (next: number) =>
      Effect.sync(() => {
        turns.free += next - permits
        permits = next
        answers = 0
        turns.call()
      })
    const come = (turn: Turn): Effect.Effect<void> =>
      turn.state === "has come" ? Effect.void : Effect.callback((resume) => {
        // It may have come while the fiber paused between asking and this.
        if (turn.state === "has come") resume(Effect.void)
        else turn.come = () => resume(Effect.void)
      })
    return {
      withPermit: (effect) =>
        Effect.uninterruptibleMask((restore) => {
          const turn = turns.take()
          return Effect.ensuring(
            restore(Effect.andThen(come(turn), effect)),
            Effect.sync(() => turns.end(turn))
          )
        }),
      tooMany: Effect.flatMap(uptime, (now) => {
        if (now < halved + 1_000) return Effect.void
        halved = now
        return resize(Math.max(1, Math.floor(permits / 2)))
      }),
      answered: Effect.suspend(() => permits === maximum || ++answers < permits ? Effect.void : resize(permits + 1)),
      permits: Effect.sync(() => permits),
      allowed: () => permits,
      isFull: () => turns.free <= 0
    }
  })
