import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import { retryDelay, slowIntervalMs } from "../domain/retry.ts"
import { equals, type Revision } from "../domain/Revision.ts"
import { type FetchError, FetchFailed } from "../domain/StageError.ts"
import { Pulse, type Signs } from "../telemetry/Pulse.ts"

/** Why a source was listed. */
export type Why = "interval" | "webhook" | "manual"

/** What a listing said. */
export type Said = Result.Result<Revision, FetchError>

/** When a source was listed, and when it is to be listed next: milliseconds since the epoch, 0 for never. */
export interface Listed {
  readonly lookedAt: number
  readonly succeededAt: number
  readonly dueAt: number
  /** Whether it waits for a slot that all sources share. */
  readonly waits: boolean
}

/** One who follows a source. */
export interface Joined {
  /** Takes it away again and answers how many are left. */
  readonly leave: () => number
  /** Told, from then on, why a listing was made that said something else than the one before; at once, if there was one since. */
  readonly onNews: (since: number, heard: (why: Why) => Effect.Effect<void>) => Effect.Effect<void>
}

/** Lists one source for all who follow it: one timer, however many they are. All times are milliseconds. */
export interface Poller {
  /** Lists at the shortest interval of the followers, and when it is asked to; never returns. */
  readonly run: Effect.Effect<never>
  /** Adds a follower with its interval, at once. */
  readonly join: (interval: number) => Joined
  readonly listed: () => Listed
  /** What the last listing said; waits for the first. */
  readonly said: Effect.Effect<Said>
  /** Waits for a listing under way, or due, if what is known is as old as this. */
  readonly younger: (age: number) => Effect.Effect<void>
  /** Counts what the listings said, each answer that differs from the one before. */
  readonly version: () => number
  /** A listing that begins now, or after the one under way; returns when it is done. */
  readonly refresh: Effect.Effect<void>
  /** Asks for a listing: soon, however many ask, and not before `Retry-After`. */
  readonly hint: Effect.Effect<void>
}

/** A burst of hints costs a listing at its start, and one when this much time has gone by. */
const burst = 2_000
/** The poller looks at its clock at least so often; timers have a largest value. */
const nap = 3_600_000

const isSame = (a: Said | undefined, b: Said): boolean => {
  if (a === undefined) return false
  if (Result.isSuccess(a)) return Result.isSuccess(b) && equals(a.success, b.success)
  return Result.isFailure(b) && a.failure._tag === b.failure._tag && a.failure.message === b.failure.message
}

const precedence: Readonly<Record<Why, number>> = { interval: 0, webhook: 1, manual: 2 }
const nothingAsked = { at: Infinity, why: "interval" as Why }

/** A poller that is to be run; the first listing is due at once. */
export const makePoller = (list: Effect.Effect<Revision, FetchError>): Poller => {
  const intervals = new Map<object, number>()
  const hearing = new Map<object, (why: Why) => Effect.Effect<void>>()
  const wake = Latch.makeUnsafe()
  let shortest = Infinity
  let asked = { ...nothingAsked, at: -Infinity }
  let next = Deferred.makeUnsafe<void>()
  let current: Deferred.Deferred<void> | undefined
  const first = Deferred.makeUnsafe<void>()
  let latest: { readonly said: Said; readonly at: number; readonly why: Why } | undefined
  let version = 0
  let succeededAt = 0
  let waiting = 0
  const signs: Signs = { beat: () => {}, waits: (by) => void (waiting += by) }
  /** Up to a tenth early, so that sources that began together drift apart. */
  let early = 1
  let hintedAt = -Infinity
  /** After failures: when it is tried again, and what the server asked us to wait for. */
  let failing = { times: 0, until: 0, notBefore: 0 }

  const due = () => Math.min(asked.at, failing.times > 0 ? failing.until : (latest?.at ?? 0) + early * shortest)

  const ask = (why: Why, at: number) => {
    asked = { at: Math.min(asked.at, at), why: precedence[why] > precedence[asked.why] ? why : asked.why }
    wake.openUnsafe()
  }

  const record = Effect.fnUntraced(function*(said: Said, at: number, why: Why) {
    early = 1 - (yield* Random.next) / 10
    if (Result.isSuccess(said)) succeededAt = at
    // A ref that is not there costs as little to ask for as one that is: a first push is seen as any other.
    if (Result.isFailure(said) && !("isRefMissing" in said.failure && said.failure.isRefMissing === true)) {
      const now = yield* Clock.currentTimeMillis
      const delay = (yield* retryDelay(said.failure, failing.times)) ?? slowIntervalMs
      failing = { times: failing.times + 1, until: now + delay, notBefore: now + (said.failure.retryAfter ?? 0) }
    } else {
      failing = { times: 0, until: 0, notBefore: 0 }
    }
    const isNews = !isSame(latest?.said, said)
    latest = { said, at, why: isNews || latest === undefined ? why : latest.why }
    if (!isNews) return
    if (++version === 1) return yield* Deferred.done(first, Exit.void)
    yield* Effect.forEach(hearing.values(), (heard) => heard(why), { discard: true })
  })

  /** Whoever asks from now on is served by the listing after this one: this one may have read the ref already. */
  const listing = Effect.suspend(() => {
    const { why } = asked
    const mine = next
    asked = nothingAsked
    current = mine
    next = Deferred.makeUnsafe()
    return Effect.flatMap(Clock.currentTimeMillis, (at) => {
      if (why === "webhook") hintedAt = at
      return list.pipe(
        Effect.catchDefect((defect) =>
          Effect.fail(new FetchFailed({ detail: `listing broke down: ${String(defect)}` }))
        ),
        Effect.result,
        Effect.provideService(Pulse, signs),
        Effect.flatMap((said) => record(said, at, why))
      )
    }).pipe(Effect.ensuring(Effect.suspend(() => {
      current = undefined
      return Deferred.done(mine, Exit.void)
    })))
  })

  const run = Effect.gen(function*() {
    for (;;) {
      wake.closeUnsafe()
      const now = yield* Clock.currentTimeMillis
      // What lies ahead of it was planned by a clock that has been set back since.
      const left = now < (latest?.at ?? 0) ? 0 : Math.ceil(due() - now)
      yield* left > 0 ? Effect.timeoutOption(wake.await, Math.min(left, nap)) : listing
    }
  })

  return {
    run: Effect.ensuring(run, Effect.suspend(() => Deferred.done(next, Exit.void))),
    join: (interval) => {
      const follower = {}
      intervals.set(follower, interval)
      if (interval < shortest) {
        shortest = interval
        wake.openUnsafe()
      }
      return {
        leave: () => {
          intervals.delete(follower)
          hearing.delete(follower)
          if (interval === shortest) shortest = Math.min(...intervals.values())
          return intervals.size
        },
        onNews: (since, heard) =>
          Effect.suspend(() => {
            hearing.set(follower, heard)
            return version > since ? heard(latest!.why) : Effect.void
          })
      }
    },
    listed: () => ({
      lookedAt: latest?.at ?? 0,
      succeededAt,
      dueAt: Number.isFinite(due()) ? due() : 0,
      waits: waiting > 0
    }),
    said: Effect.map(Deferred.await(first), () => latest!.said),
    younger: (age) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) =>
          latest === undefined || Result.isFailure(latest.said) || now - latest.at < age
            ? Effect.void
            : Deferred.await(current ?? next)
      ),
    version: () => version,
    refresh: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const mine = next
      ask("manual", now)
      return Deferred.await(mine)
    }),
    hint: Effect.map(
      Clock.currentTimeMillis,
      (now) => ask("webhook", Math.max(now, Math.min(hintedAt, now) + burst, failing.notBefore))
    )
  }
}
