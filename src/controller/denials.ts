import type { Healed } from "../domain/Drift.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"

interface Denial {
  readonly ref: ObjectRef
  readonly why: string
  /** How often it was so in a row. */
  readonly times: number
}

/** What heals came to, as far as somebody has to do something. */
interface Noted {
  /** What is to be told. */
  readonly news: ReadonlyArray<Healed>
  /** What is denied, and in how many milliseconds to ask again: time may lift it. */
  readonly stays: ReadonlyArray<{ readonly ref: ObjectRef; readonly pause: number }>
}

/** What rules on changesets keep from being put back: each reason told once, and asked for again ever more seldom. */
export class Denials {
  readonly #known = new Map<string, Denial>()
  readonly #first: number
  readonly #longest: number

  /** The first and the longest pause, in milliseconds. */
  constructor(first: number, longest: number) {
    this.#first = first
    this.#longest = longest
  }

  get refs(): ReadonlyArray<ObjectRef> {
    return [...this.#known.values()].map(({ ref }) => ref)
  }

  clear() {
    this.#known.clear()
  }

  /** Takes what became of suspects. */
  note(done: ReadonlyArray<Healed>): Noted {
    const news: Array<Healed> = []
    const stays: Array<Noted["stays"][number]> = []
    for (const healed of done) {
      const { action, ref, why = "" } = healed
      const before = this.#known.get(key(ref))
      if (action !== "denied") {
        this.#known.delete(key(ref))
        if (action !== "untouched") news.push(healed)
        continue
      }
      const times = (before?.times ?? 0) + 1
      this.#known.set(key(ref), { ref, why, times })
      stays.push({ ref, pause: Math.min(this.#longest, this.#first * 2 ** (times - 1)) })
      if (before?.why !== why) news.push(healed)
    }
    return { news, stays }
  }
}
