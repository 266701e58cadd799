/** Ten minutes: twice the time for which a signature is good, and then some. */
const remembered = 600_000

/** What was already taken in, for ten minutes and at most so many. */
export class Replays {
  readonly #taken = new Map<string, number>()
  readonly #most: number

  constructor(most = 10_000) {
    this.#most = most
  }

  /** Whether this is the first time; remembers it if so. `now` in milliseconds. */
  isNew(id: string, now: number): boolean {
    const before = this.#taken.get(id)
    if (before !== undefined && now - before < remembered) return false
    this.#taken.delete(id)
    // In the order in which they came, so that the oldest stand first.
    for (const [old, when] of this.#taken) {
      if (now - when < remembered && this.#taken.size < this.#most) break
      this.#taken.delete(old)
    }
    this.#taken.set(id, now)
    return true
  }

  get size(): number {
    return this.#taken.size
  }
}
