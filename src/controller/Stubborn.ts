import { key, type ObjectRef } from "../domain/ObjectRef.ts"

interface Failing {
  /** How often in a row. */
  readonly times: number
  /** Milliseconds, by `uptime`. */
  readonly until: number
  /** Of the bytes that could not be put back. */
  readonly digest: string | undefined
}

/**
 * Objects that the API server does not let anybody put back: each waits by itself, ever longer, whatever is seen of it
 * meanwhile, for a heal that fails leaves traces of its own.
 */
export class Stubborn {
  readonly #known = new Map<string, Failing>()
  readonly #first: number
  readonly #longest: number

  /** The first and the longest pause, in milliseconds. */
  constructor(first: number, longest: number) {
    this.#first = first
    this.#longest = longest
  }

  waits(ref: ObjectRef, now: number): boolean {
    // The timer that ends its pause may be early by a millisecond, and is the only one.
    return (this.#known.get(key(ref))?.until ?? -Infinity) > now + 1
  }

  /** Notes that an object could not be put back; answers how often by now, and the pause before it is tried again. */
  failed(ref: ObjectRef, digest: string | undefined, now: number): { readonly times: number; readonly pause: number } {
    const times = (this.#known.get(key(ref))?.times ?? 0) + 1
    const pause = Math.min(this.#longest, this.#first * 2 ** (times - 1))
    this.#known.set(key(ref), { times, until: now + pause, digest })
    return { times, pause }
  }

  healed(ref: ObjectRef) {
    this.#known.delete(key(ref))
  }

  /** Other bytes may be taken where the ones before were not. */
  stands(digestOf: (id: string) => string | undefined) {
    for (const [id, { digest }] of this.#known) if (digestOf(id) !== digest) this.#known.delete(id)
  }
}
