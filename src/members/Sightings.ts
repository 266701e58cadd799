import type { Lease } from "../kube/Leases.ts"

interface Sighting {
  readonly lease: Lease
  /** When it was first seen like this, by the own monotonic clock. */
  readonly at: number
}

/**
 * The Leases of others, and how long none of them has changed, by the own monotonic clock: what others write as a time
 * says nothing, and that a Lease is still there is no renewal. Time in which the cluster answered nobody is no evidence:
 * where it has not answered oneself for longer than `gap` milliseconds, all are as if they had been seen for the first
 * time when it answers again.
 */
export class Sightings {
  readonly #gap: number
  #answered = Number.NEGATIVE_INFINITY
  readonly #seen = new Map<string, Sighting>()
  readonly #instances = new Set<string>()

  constructor(gap: number) {
    this.#gap = gap
  }

  /** The cluster takes from oneself what it would take from others. */
  answered(now: number): void {
    if (this.#isBlind(now)) {
      for (const [instance, { lease }] of this.#seen) this.#seen.set(instance, { lease, at: now })
    }
    this.#answered = now
  }

  #isBlind(now: number): boolean {
    return now - this.#answered > this.#gap
  }

  see(lease: Lease, now: number): void {
    const before = this.#seen.get(lease.instance)
    if (before?.lease.uid === lease.uid && before.lease.version === lease.version) return
    this.#instances.add(lease.instance)
    this.#seen.set(lease.instance, { lease, at: now })
  }

  /** Takes all that there are. */
  seeAll(leases: ReadonlyArray<Lease>, now: number): void {
    const instances = new Set(leases.map(({ instance }) => instance))
    for (const instance of this.#seen.keys()) if (!instances.has(instance)) this.#seen.delete(instance)
    for (const lease of leases) this.see(lease, now)
  }

  /** It is gone, if it is the one that is known. */
  lose({ instance, uid }: Lease): void {
    if (this.#seen.get(instance)?.lease.uid === uid) this.#seen.delete(instance)
  }

  get(instance: string): Lease | undefined {
    return this.#seen.get(instance)?.lease
  }

  /** Milliseconds for which it has not changed. */
  age(instance: string, now: number): number {
    return now - (this.#seen.get(instance)?.at ?? now)
  }

  isExpired(instance: string, now: number): boolean {
    const sighting = this.#seen.get(instance)
    return sighting !== undefined && !this.#isBlind(now) && now - sighting.at >= sighting.lease.duration
  }

  /** When the first of these will have expired that has not, in milliseconds of the same clock. */
  nextExpiry(now: number): number | undefined {
    const ends = [...this.#seen.values()].map(({ at, lease }) => at + lease.duration).filter((end) => end > now)
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  /** Whether one of another name was ever seen. */
  hadOthers(instance: string): boolean {
    return this.#instances.size > (this.#instances.has(instance) ? 1 : 0)
  }

  all(): ReadonlyArray<Lease> {
    return [...this.#seen.values()].map(({ lease }) => lease)
  }
}
