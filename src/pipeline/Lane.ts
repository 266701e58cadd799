import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { digest } from "../domain/digest.ts"
import { Outcome, type Run, type RunEvent } from "../domain/Outcome.ts"
import { equals, format, type Revision } from "../domain/Revision.ts"
import { classOf, errorPage, type StageError } from "../domain/StageError.ts"
import { makeJournal } from "./Journal.ts"
import { Progress } from "./Progress.ts"
import type { Request } from "./Request.ts"
import { retryDelay } from "./retry.ts"
import type { Tree } from "./Tree.ts"

/** What a lane is made of: how to look, read, run and tell. Plain effects, so that a test can hand in a model. */
export interface LaneOptions<R> {
  readonly delivery: string
  readonly url: string
  /** Under a stream of commits a run is let through once this much time went by without one. Milliseconds. */
  readonly timeoutMs: number
  /** How often what fails for the moment is tried before the lane gives it up; undefined: for ever, and everything. */
  readonly attempts: number | undefined
  readonly requests: Stream.Stream<Request>
  readonly head: Effect.Effect<Revision, StageError, R>
  readonly tree: (revision: Revision) => Effect.Effect<Tree, StageError, R | Scope.Scope>
  readonly run: (tree: Tree) => Effect.Effect<Outcome, StageError, R | Progress>
  readonly tell: (details: Run, outcome: Outcome) => Effect.Effect<void, never, R>
  /** What the cluster was left on by an earlier process. */
  readonly previous: Effect.Effect<Revision | undefined, StageError, R>
}

/** What should be in the cluster: state, not a message. A different identity interrupts, the same one coalesces. */
interface Desire {
  readonly revision: Revision
  readonly identity: string
  readonly why: string
}

/** After so many interruptions in a row a run may finish its apply before the newest revision is taken. */
const patience = 3

/** A rollout that had its time. */
const isUnhealthy = ({ _tag }: StageError): boolean => _tag === "HealthCheckFailed" || _tag === "HealthTimeout"

/** A first failure that time may mend within seconds wakes nobody; a rollout that is not healthy is no such thing. */
const isBlip = (error: StageError, next: Run["next"], failures: number): boolean =>
  failures === 0 && next !== undefined && classOf(error) === "transient" && !isUnhealthy(error)

/** The loop of one delivery. It never fails: what goes wrong is an outcome, and everything is tried again in its time. */
export const lane = <R>(options: LaneOptions<R>): Stream.Stream<RunEvent, never, Exclude<R, Scope.Scope>> =>
  Stream.callback<RunEvent, never, R>(Effect.fnUntraced(function*(events) {
    const journal = yield* makeJournal(options, events)
    const wake = yield* Queue.sliding<Request>(1)
    const desired = yield* SubscriptionRef.make<Desire | undefined>(undefined)
    const interruptible = yield* Latch.make(true)
    const starved = { interruptions: 0, since: 0 }
    let settled: string | undefined
    const trees = yield* RcMap.make({
      lookup: (revision: Revision) => Effect.timed(options.tree(revision)),
      idleTimeToLive: "1 second"
    })

    /** A tree that cannot be read is an identity too: the newest revision is broken, and its run says so. */
    const identityOf = (revision: Revision) =>
      RcMap.get(trees, revision).pipe(
        Effect.map(([, tree]) => tree.identity),
        Effect.onError(() => RcMap.invalidate(trees, revision)),
        Effect.catch((error) =>
          errorPage[error._tag].stage === "fetch"
            ? Effect.fail(error)
            : Effect.succeed(digest(format(revision), error.message))
        ),
        Effect.scoped
      )

    const look = Effect.fnUntraced(function*(why: string) {
      const revision = yield* options.head
      if (equals(SubscriptionRef.getUnsafe(desired)?.revision, revision)) return
      const identity = yield* identityOf(revision)
      yield* SubscriptionRef.set(desired, { revision, identity, why })
      // Nothing that this delivery reads has changed: the revision advances without a run.
      if (identity === settled) {
        const attempt = yield* journal.begin(revision, why)
        yield* attempt.ended(Outcome.Unchanged({ summary: undefined, violations: [] }), undefined)
      }
    })

    /** When and whether a failure is tried again: for ever, or as often as the options allow. */
    const nextTry = (error: StageError, failures: number) =>
      Effect.map(retryDelay(error, failures), (inMs) => {
        if (inMs === undefined) return undefined
        const given = options.attempts !== undefined &&
          (classOf(error) === "stalled" || isUnhealthy(error) || failures + 1 >= options.attempts)
        return given ? undefined : { inMs, attempt: failures + 2 }
      })

    /** Level-triggered: whatever woke it, it reads the head of the source again. What fails is told and tried again. */
    const intake = Effect.gen(function*() {
      for (let failures = 0;;) {
        const { why } = yield* Queue.take(wake)
        const looked = yield* Effect.result(look(why))
        if (Result.isSuccess(looked)) {
          failures = 0
          continue
        }
        const next = yield* nextTry(looked.failure, failures)
        const attempt = yield* journal.begin(undefined, why)
        const failed = Outcome.Failed({ error: looked.failure, changes: undefined })
        yield* attempt.ended(failed, next, isBlip(looked.failure, next, failures))
        failures++
        if (next !== undefined) {
          yield* Effect.forkChild(Effect.andThen(Effect.sleep(next.inMs), Queue.offer(wake, { why: "retry" })))
        }
      }
    })

    const attempt = Effect.fnUntraced(function*({ identity, revision, why }: Desire, failures: number) {
      const now = yield* Clock.currentTimeMillis
      const waited = starved.interruptions > 0 && now - starved.since >= options.timeoutMs
      if (starved.interruptions >= patience || waited) yield* interruptible.close
      const recorded = yield* journal.begin(revision, failures === 0 ? why : "retry")
      const applied = Effect.suspend(() => {
        starved.interruptions = 0
        settled = identity
        return Effect.asVoid(interruptible.open)
      })
      const outcome = yield* RcMap.get(trees, revision).pipe(
        Effect.tap(([duration, { artifact }]) => recorded.fetched(Duration.toMillis(duration), artifact.commit)),
        Effect.flatMap(([, tree]) => options.run(tree)),
        Effect.provideService(Progress, { ...recorded.progress, applied }),
        Effect.onError(() => RcMap.invalidate(trees, revision)),
        Effect.catch((error) => Effect.succeed(Outcome.Failed({ error, changes: undefined }))),
        Effect.scoped,
        Effect.onInterrupt(() => {
          if (starved.interruptions++ === 0) starved.since = now
          return recorded.interrupted(SubscriptionRef.getUnsafe(desired)?.revision)
        }),
        Effect.ensuring(interruptible.open)
      )
      const next = outcome._tag === "Failed" ? yield* nextTry(outcome.error, failures) : undefined
      yield* recorded.ended(outcome, next, outcome._tag === "Failed" && isBlip(outcome.error, next, failures))
      return next
    })

    /** Tries one desire until it is settled, given up, or replaced by a newer one. */
    const series = Effect.fnUntraced(function*(desire: Desire) {
      for (let failures = 0;; failures++) {
        const next = yield* attempt(desire, failures)
        if (next === undefined) return
        yield* Effect.sleep(next.inMs)
      }
    })

    /** Takes the newest desire as soon as the run in progress may be interrupted; `switchMap` waits for its safe point. */
    const runs = SubscriptionRef.changes(desired).pipe(
      Stream.buffer({ capacity: 1, strategy: "sliding" }),
      Stream.mapEffect(() => Effect.andThen(interruptible.await, SubscriptionRef.get(desired))),
      Stream.filter((desire) => desire !== undefined),
      Stream.changesWith((a, b) => a.identity === b.identity),
      Stream.switchMap((desire) => Stream.fromEffect(series(desire))),
      Stream.runDrain
    )
    const requests = Stream.runForEach(options.requests, (request) => Queue.offer(wake, request))
    return yield* Effect.all([requests, intake, runs], { concurrency: "unbounded", discard: true })
  }))
