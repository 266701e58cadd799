import { isIPv6 } from "node:net"

interface Bucket {
  /** Below zero: what was owed. */
  readonly tokens: number
  readonly filled: number
}

/** How often each of many may ask: `capacity` at once, `perSecond` in the long run. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #capacity: number
  readonly #perSecond: number
  readonly #most: number

  /** Of more than `most` the one that asked longest ago is forgotten, and has a full bucket again. */
  constructor(options: { readonly capacity: number; readonly perSecond: number; readonly most: number }) {
    this.#capacity = options.capacity
    this.#perSecond = options.perSecond
    this.#most = options.most
  }

  /** Takes a token; where there is none, the seconds until there is one. `now` in milliseconds. */
  take(key: string, now: number): number {
    const left = this.#filled(key, now)
    this.#keep(key, left < 1 ? left : left - 1, now)
    return left < 1 ? Math.ceil((1 - left) / this.#perSecond) : 0
  }

  /** Takes more for what turned out to be dear, also what is not there yet. */
  charge(key: string, tokens: number, now: number): void {
    this.#keep(key, this.#filled(key, now) - tokens, now)
  }

  #filled(key: string, now: number): number {
    const { filled, tokens } = this.#buckets.get(key) ?? { tokens: this.#capacity, filled: now }
    const since = Math.max(0, now - filled) / 1_000
    return Math.min(this.#capacity, tokens + since * this.#perSecond)
  }

  #keep(key: string, tokens: number, now: number): void {
    this.#buckets.delete(key)
    if (this.#buckets.size >= this.#most) this.#buckets.delete(this.#buckets.keys().next().value!)
    this.#buckets.set(key, { tokens, filled: now })
  }

  get size(): number {
    return this.#buckets.size
  }
}

/** An address as it is written of itself: IPv4 comes as IPv6 where both are listened to. */
export const addressOf = (remote: string): string => remote.toLowerCase().replace(/^::ffff:(?=\d+\.)/u, "")

/** Who an address belongs to: IPv4 as it is, IPv6 by its /64, since everybody has as many addresses as they like there. */
export const ownerOf = (remote: string): string => {
  const address = addressOf(remote)
  if (!isIPv6(address)) return address
  const [head = "", tail] = address.replace(/%.*$/u, "").split("::")
  const before = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array.from({ length: zeros }, () => "0"), ...after].slice(0, 4).join(":")
}
