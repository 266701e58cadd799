import type { Limits } from "./limits.ts"
import type { Request } from "./listen.ts"
import { ownerOf, TokenBuckets } from "./TokenBuckets.ts"

/**
 * How many hooks may come in: of one address, and of all. What another replica hands on is paid for there; it has a bucket
 * for itself here, so that whoever floods one replica takes nothing from the hooks of others.
 */
export class Rates {
  readonly #ofOne: TokenBuckets
  readonly #ofAll: TokenBuckets
  readonly #ofPeer: TokenBuckets
  readonly #sender: (request: Request) => string | undefined

  /** `sender`: the replica that has handed a hook on. */
  constructor(limits: Limits, sender: (request: Request) => string | undefined) {
    this.#ofOne = new TokenBuckets({ ...limits.ofOne, most: 4_096 })
    this.#ofAll = new TokenBuckets({ ...limits.ofAll, most: 1 })
    this.#ofPeer = new TokenBuckets({ ...limits.ofPeer, most: 256 })
    this.#sender = sender
  }

  #payers(request: Request): ReadonlyArray<readonly [TokenBuckets, string]> {
    const sender = this.#sender(request)
    return sender === undefined ? [[this.#ofOne, ownerOf(request.remote)], [this.#ofAll, ""]] : [[this.#ofPeer, sender]]
  }

  /** Lets one in; else the seconds until it may come again. `now` in milliseconds. */
  take(request: Request, now: number): number {
    return this.#payers(request).reduce((wait, [buckets, key]) => wait || buckets.take(key, now), 0)
  }

  /** Takes more for one that turned out to be dear. */
  charge(request: Request, tokens: number, now: number): void {
    for (const [buckets, key] of this.#payers(request)) buckets.charge(key, tokens, now)
  }
}
