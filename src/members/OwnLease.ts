import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { KubeFailure } from "../domain/StageError.ts"
import { uptimeOf } from "../domain/uptime.ts"
import { type LeaseFence, type Moment, momentOf } from "../kube/Fence.ts"
import type { Leases } from "../kube/Leases.ts"
import { type Lease, type LeaseSpec } from "../kube/Leases.ts"
import type { Place } from "./Place.ts"

/** Of one replica. */
export interface Replica {
  readonly instance: string
  readonly place: Place
  readonly process: string
  readonly namespace: string
  /** Milliseconds. */
  readonly duration: number
  readonly fence: LeaseFence
}

/** Whether a write of the own Lease succeeded; or the Lease turned out to be gone, or another process'. */
export type Written = "held" | "gone" | "taken"

/**
 * The Lease of this replica: written by one request at a time, each under the version that it replaces, so that a write
 * which comes late changes nothing. What succeeds holds the fence open from when it was sent.
 */
export class OwnLease {
  readonly replica: Replica
  readonly #leases: Leases["Service"]
  readonly #clock: Clock.Clock
  readonly #lock = Semaphore.makeUnsafe(1)
  /** As it was last known to stand in the cluster; undefined: this process has none. */
  current: Lease | undefined
  address: string | undefined
  /** Whether nothing that was sent may still be written. */
  isCertain = true
  /** When the last write was sent that succeeded. */
  sent: Moment | undefined
  #inherited: { readonly view: ReadonlyArray<string>; readonly until: number } | undefined

  constructor(replica: Replica, leases: Leases["Service"], clock: Clock.Clock) {
    ;[this.replica, this.#leases, this.#clock] = [replica, leases, clock]
  }

  get request() {
    return { namespace: this.replica.namespace, deadline: this.replica.duration / 2 }
  }

  isOwn(lease: Lease): boolean {
    return lease.process === this.replica.process
  }

  get #prefix() {
    return `${this.replica.instance}_`
  }

  /** Whether who holds a Lease of this name has ended for certain. */
  isLeft({ holder }: Lease): boolean {
    return holder.startsWith(this.#prefix) && this.replica.place.isOver(holder.slice(this.#prefix.length))
  }

  /**
   * What the process before has told whose Lease this one takes before its time. Writes of it may be under way for so
   * long: until then nobody else may have what was its own.
   */
  get inherited(): ReadonlyArray<string> | undefined {
    return this.#inherited !== undefined && uptimeOf(this.#clock) < this.#inherited.until
      ? this.#inherited.view
      : undefined
  }

  inherit({ duration, view }: Lease): void {
    if (view.includes(this.replica.instance)) this.#inherited = { view, until: uptimeOf(this.#clock) + duration }
  }

  /** Forgets it, and what may be changed with it. */
  drop(): void {
    this.current = undefined
    this.replica.fence.close()
  }

  #spec(view: ReadonlyArray<string>, before: Lease | undefined): LeaseSpec {
    const { duration, instance, process } = this.replica
    const isOwn = before !== undefined && this.isOwn(before)
    return {
      instance,
      holder: this.#prefix + this.replica.place.name,
      process,
      duration,
      view,
      address: this.address,
      acquired: isOwn ? before.acquired : this.#clock.currentTimeMillisUnsafe(),
      transitions: before === undefined ? 0 : isOwn ? before.transitions : before.transitions + 1
    }
  }

  #took(written: Lease, sent: Moment): Written {
    const { duration, fence } = this.replica
    this.current = written
    this.sent = sent
    this.isCertain = true
    fence.hold(sent, duration, this.#clock)
    return "held"
  }

  /** Takes the Lease: makes it, or replaces the one that somebody left. */
  acquire(view: ReadonlyArray<string>, before: Lease | undefined): Effect.Effect<void, KubeFailure> {
    return Effect.suspend(() => {
      const sent = momentOf(this.#clock)
      const spec = this.#spec(view, before)
      return Effect.map(
        before === undefined
          ? this.#leases.create(this.request, spec)
          : this.#leases.replace(this.request, before, spec),
        (written) => void this.#took(written, sent)
      )
    }).pipe(Semaphore.withPermit(this.#lock))
  }

  /**
   * Renews it with a view, or with the one that it has. What was not answered may have been written: then it is looked at
   * first, and only what it says by then counts.
   */
  write(view?: ReadonlyArray<string>): Effect.Effect<Written, KubeFailure> {
    return Effect.suspend(() => this.#write(view)).pipe(Semaphore.withPermit(this.#lock))
  }

  readonly #write = Effect.fnUntraced(function*(this: OwnLease, view?: ReadonlyArray<string>) {
    for (let attempt = 1;; attempt++) {
      const before = this.current
      if (before === undefined) return "gone" as const
      const sent = momentOf(this.#clock)
      const result = yield* Effect.result(
        this.#leases.replace(this.request, before, this.#spec(view ?? before.view, before))
      )
      // It was dropped meanwhile: what is true of it by now is not known.
      if (this.current !== before) return "gone" as const
      if (Result.isSuccess(result)) return this.#took(result.success, sent)
      const { failure } = result
      this.isCertain = false
      if (failure.status === 404 && failure.reason === "NotFound") return "gone" as const
      if (failure.status === 403 || failure.status === 404) return yield* failure
      const listed = (yield* this.#leases.list(this.request))
        .find(({ instance }) => instance === this.replica.instance)
      if (this.current !== before || listed === undefined) return "gone" as const
      if (!this.isOwn(listed)) return "taken" as const
      this.current = listed
      if (attempt > 1) return yield* failure
    }
  })

  /** Gives it up, so that others need not wait if nothing is under way. */
  get release(): Effect.Effect<void, KubeFailure> {
    return Effect.suspend(() => {
      const own = this.current
      this.drop()
      return own === undefined || this.inherited !== undefined
        ? Effect.void
        : this.#leases.delete(this.request, own, true)
    }).pipe(Semaphore.withPermit(this.#lock))
  }
}
