import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Violation } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { Outcome, type Run, type RunEvent, type RunHappening } from "../domain/Outcome.ts"
import { retryDelay, slowIntervalMs } from "../domain/retry.ts"
import { type Commit, equals, format, type Revision } from "../domain/Revision.ts"
import { classOf, errorPage, type StageError } from "../domain/StageError.ts"
import { makeJournal } from "./Journal.ts"
import { Progress } from "./Progress.ts"
import { type Asked, merged, type Request, type Why } from "./Request.ts"
import { inTurn, roused } from "./roused.ts"
import type { Tree } from "./Tree.ts"

/** What a lane is made of: how to look, read, run and tell. Plain effects, so that a test can hand in a model. */
export interface LaneOptions<R> {
  /** `<namespace>/<name>` of the delivery. */
  readonly name: string
  readonly url: string
  /** Under a stream of commits a run is let through once this much time went by without one. Milliseconds. */
  readonly timeoutMs: number
  /** How often what fails for the moment is tried before the lane gives it up; undefined: for ever, and everything. */
  readonly attempts?: number | undefined
  /** Hears everything that happens, one event after the other; nothing waits for it. */
  readonly hear: (event: RunEvent) => Effect.Effect<void, never, R>
  /** Whatever else wants its source looked at, beside what goes on beside it. */
  readonly requests?: Stream.Stream<Request>
  readonly head: Effect.Effect<Revision, StageError, R>
  readonly tree: (revision: Revision) => Effect.Effect<Tree, StageError, R | Scope.Scope>
  /** `why` is what the run was asked for, also when it is tried again. */
  readonly run: (tree: Tree, why: Why) => Effect.Effect<Outcome, StageError, R | Progress | Scope.Scope>
  readonly tell: (details: Run, outcome: Outcome) => Effect.Effect<void, never, R>
  /** What the cluster was left on by an earlier process. */
  readonly previous: Effect.Effect<Revision | undefined, StageError, R>
  /** Whether nothing that the tree of `earlier` was read from differs in `later`: then they are one identity. */
  readonly untouched?: (earlier: Revision, later: Revision) => Effect.Effect<boolean, StageError, R>
  /** Who made a revision of which nothing else has to be read. */
  readonly commit?: (revision: Revision) => Effect.Effect<Commit | undefined, StageError, R>
  /** What it answers returns once the cluster, out of reach or overrun, answers again: no backoff outlasts an outage. */
  readonly recovered?: () => Effect.Effect<void>
  /** Goes on beside the runs for as long as the lane: healing. */
  readonly beside?: (lane: Beside) => Effect.Effect<void, never, R>
}

/** What goes on beside the runs of a lane may tell what it does, and ask for a run. */
export interface Beside {
  /** Goes on for as long as the lane; if it dies, so does the lane. */
  readonly fork: (work: Effect.Effect<void>) => unknown
  readonly tell: (happening: RunHappening) => Effect.Effect<void>
  readonly ask: (why: Why) => Effect.Effect<void>
}

/** What should be in the cluster: state, not a message. A different identity interrupts, the same one coalesces. */
interface Desire {
  readonly revision: Revision
  readonly identity: string
  readonly commit: Commit | undefined
  readonly why: Why
  /** Counts how often the same identity was asked for again. */
  readonly turn: number
}

/** After so many interruptions in a row a run may finish its apply before the newest revision is taken. */
const patience = 3
/** Milliseconds until the clock is looked at again: somebody may have set it. */
const nap = 3_600_000

/** Milliseconds before the end of an outage counts: one that comes and goes is not answered by ever more requests. */
const soonest = (failures: number): number => Math.min(10_000, 250 * 2 ** failures)

/** A rollout that had its time. */
const isUnhealthy = ({ _tag }: StageError): boolean => _tag === "HealthCheckFailed" || _tag === "HealthTimeout"

/** A first failure that time may mend within seconds wakes nobody; a rollout that is not healthy is no such thing. */
const isBlip = (error: StageError, next: Run["next"], failures: number): boolean =>
  failures === 0 && next !== undefined && classOf(error) === "transient" && !isUnhealthy(error)

/** A policy that did not come to an end, or to an answer, denies. */
const isUnjudged = ({ rule, severity }: Violation): boolean => severity === "deny" && rule === "error"

/** The loop of one delivery. It never fails: what goes wrong is an outcome, and everything is tried again in its time. */
export const lane = <R>(options: LaneOptions<R>): Effect.Effect<never, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const reasons = new Set<Why>()
    // What looks were asked for that failed.
    const owed = new Set<Why>()
    let failures = 0
    /** What was taken up last, and what is to be. */
    let [current, desired]: [Desire | undefined, Desire | undefined] = [undefined, undefined]
    /** Opened by what may end the run in progress: something else is desired, or it may be interrupted again. */
    const stirred = yield* Latch.make(false)
    let isHeld = false
    const starved = { interruptions: 0, since: 0 }
    // The identity whose last run ended well.
    let well: string | undefined
    let isRunning = false
    // Whether it was told that the source cannot be read.
    let isOut = false
    const trees = yield* RcMap.make({
      lookup: (revision: Revision) => Effect.timed(options.tree(revision)),
      idleTimeToLive: "1 second"
    })
    // They end before what they read is let go.
    const fibers = yield* FiberSet.make<unknown, never>()
    const fork = yield* FiberSet.runtime(fibers)<R>()
    const journal = yield* makeJournal(options, inTurn(fork, options.hear))
    let ending: Fiber.Fiber<unknown> | undefined

    /** When a waiver ends, the same revision is judged by what is left: nothing else would say so. */
    const heed = (endsAt: number | undefined) =>
      Effect.gen(function*() {
        if (ending !== undefined) yield* Fiber.interrupt(ending)
        if (endsAt === undefined) return
        const untilThen = Effect.gen(function*() {
          // A timer may be early by a millisecond.
          for (let left = 1; left > 0; left = endsAt - (yield* Clock.currentTimeMillis)) {
            yield* Effect.sleep(Math.min(left, nap))
          }
          yield* ask("policy")
        })
        ending = fork(untilThen)
      })

    /** A tree that cannot be read is an identity too: the newest revision is broken, and its run says so. */
    const identityOf = (revision: Revision) =>
      RcMap.get(trees, revision).pipe(
        Effect.tap(([, { endsAt }]) => heed(endsAt)),
        Effect.map(([, { artifact, identity }]) => ({ identity, commit: artifact.commit })),
        Effect.onError(() => RcMap.invalidate(trees, revision)),
        Effect.catch((error) =>
          errorPage[error._tag].stage === "fetch"
            ? Effect.fail(error)
            : Effect.succeed({ identity: digest(format(revision), error.message), commit: undefined })
        ),
        Effect.scoped
      )

    const advanced = ({ commit, revision, why }: Desire) =>
      Effect.gen(function*() {
        const attempt = yield* journal.begin(revision, why, commit)
        yield* attempt.ended(Outcome.Unchanged({ summary: undefined, violations: [] }), undefined)
      })

    const commitOf = options.commit ?? (() => Effect.succeed(undefined))

    const sameAs = (known: Desire | undefined, revision: Revision): Effect.Effect<boolean, StageError, R> =>
      known === undefined
        ? Effect.succeed(false)
        : equals(known.revision, revision)
        ? Effect.succeed(true)
        : options.untouched?.(known.revision, revision) ?? Effect.succeed(false)

    const look = ({ has, why, ...asked }: Asked) =>
      Effect.gen(function*() {
        const revision = yield* options.head
        const known = desired
        const isNews = !equals(known?.revision, revision)
        // That the source could not be read was told: so is what its newest revision comes to.
        const insists = asked.insists || isOut
        if (!isNews && !insists) return
        // What judges it is another now: the tree that is at hand does not say so.
        if (has("policy")) yield* RcMap.invalidate(trees, revision)
        const { commit, identity } = has("policy") || !(yield* sameAs(known, revision))
          ? yield* identityOf(revision)
          : isNews
          ? { ...known!, commit: yield* Effect.orElseSucceed(commitOf(revision), () => undefined) }
          : known!
        // What waits for its next try, or for a person, is tried at once when somebody insists.
        const again = insists && !isRunning && identity === known?.identity && (has("drift") || identity !== well)
        desired = { revision, identity, commit, why, turn: (known?.turn ?? 0) + (again ? 1 : 0) }
        yield* stirred.open
        settles()
        // Nothing that this delivery reads has changed: the revision advances without a run.
        if (!again && !isRunning && identity === well && (isNews || isOut || has("manual"))) {
          yield* advanced(desired)
        }
        isOut = false
      })

    /** When and whether a failure is tried again: for ever, or as often as the options allow. */
    const nextTry = (error: StageError, failures: number) =>
      Effect.map(retryDelay(error, failures), (inMs) => {
        if (inMs === undefined) return undefined
        const given = options.attempts !== undefined &&
          (classOf(error) === "stalled" || isUnhealthy(error) || failures + 1 >= options.attempts)
        return given ? undefined : { inMs, attempt: failures + 2 }
      })

    /**
     * What would change depends on the time and on the cluster: a freeze ends, what was in the way goes. And a machine that
     * was too slow to judge is not for ever.
     */
    const nextAsking = ({ pass, violations }: Outcome & { readonly _tag: "Denied" }, denials: number) =>
      options.attempts === undefined && (pass === "changeset" || violations.some(isUnjudged))
        ? { inMs: slowIntervalMs, attempt: denials + 2 }
        : undefined

    /** Level-triggered: whatever woke it, it reads the head of the source again. What fails is told and tried again. */
    const intake = () =>
      Effect.gen(function*() {
        const asked = merged(reasons, owed)
        for (const why of reasons) owed.add(why)
        reasons.clear()
        const looked = yield* Effect.result(look(asked))
        if (Result.isSuccess(looked)) {
          failures = 0
          owed.clear()
          return
        }
        const next = yield* nextTry(looked.failure, failures)
        const attempt = yield* journal.begin(undefined, asked.why)
        const failed = Outcome.Failed({ error: looked.failure, changes: undefined })
        const isQuiet = isBlip(looked.failure, next, failures)
        yield* attempt.ended(failed, next, isQuiet)
        if (!isQuiet) isOut = true
        failures++
        if (next !== undefined) fork(Effect.andThen(Effect.sleep(next.inMs), ask("retry")))
      })
    const looks = roused(fork, intake)
    const ask = (why: Why) => Effect.sync(() => (reasons.add(why), looks()))

    const attempt = (desire: Desire, failures: number) =>
      Effect.gen(function*() {
        const { identity, why } = desire
        // A revision of the same identity may have come meanwhile: it is the one to tell.
        const { revision } = desired?.identity === identity ? desired : desire
        const now = yield* Clock.currentTimeMillis
        const waited = starved.interruptions > 0 && now - starved.since >= options.timeoutMs
        isHeld = starved.interruptions >= patience || waited
        well = undefined
        isRunning = true
        const recorded = yield* journal.begin(revision, failures === 0 ? why : "retry")
        const release = Effect.suspend(() => {
          isHeld = false
          return Effect.asVoid(stirred.open)
        })
        const applied = Effect.suspend(() => {
          starved.interruptions = 0
          return release
        })
        const outcome = yield* RcMap.get(trees, revision).pipe(
          Effect.tap(([duration, { artifact }]) => recorded.fetched(Duration.toMillis(duration), artifact.commit)),
          Effect.flatMap(([, tree]) => options.run(tree, why)),
          Effect.provideService(Progress, { ...recorded.progress, applied }),
          Effect.onError(() => RcMap.invalidate(trees, revision)),
          Effect.catch((error) => Effect.succeed(Outcome.Failed({ error, changes: undefined }))),
          Effect.scoped,
          Effect.onInterrupt(() => {
            if (starved.interruptions++ === 0) starved.since = now
            return recorded.interrupted(desired?.revision)
          }),
          Effect.ensuring(release),
          Effect.ensuring(Effect.sync(() => isRunning = false)),
          Effect.annotateLogs({ run: recorded.id, revision: format(revision) })
        )
        if (outcome._tag === "Applied" || outcome._tag === "Unchanged") well = identity
        const next = outcome._tag === "Failed"
          ? yield* nextTry(outcome.error, failures)
          : outcome._tag === "Denied"
          ? nextAsking(outcome, failures)
          : undefined
        yield* recorded.ended(outcome, next, outcome._tag === "Failed" && isBlip(outcome.error, next, failures))
        const newest = desired!
        const isBehind = newest.identity === identity && !equals(newest.revision, revision)
        if (well === identity && isBehind) yield* advanced(newest)
        // What it comes to is what the newest revision comes to: somebody may have asked about that.
        else if (isBehind && next === undefined) return { inMs: 0 }
        return next
      })

    /** Tries one desire until it is settled, given up, or replaced by a newer one. */
    const series = (desire: Desire) =>
      Effect.gen(function*() {
        for (let failures = 0;; failures++) {
          const recovered = options.recovered?.() ?? Effect.never
          const next = yield* attempt(desire, failures)
          if (next === undefined) return
          const back = Effect.andThen(Effect.sleep(soonest(failures)), recovered)
          yield* Effect.raceFirst(Effect.sleep(next.inMs), back)
        }
      })

    const isSuperseded = () => desired?.identity !== current?.identity || desired?.turn !== current?.turn

    /** Returns once something else is desired and the run in progress may be interrupted. */
    const superseded = () =>
      Effect.gen(function*() {
        for (;;) {
          yield* stirred.close
          if (isSuperseded() && !isHeld) return
          yield* stirred.await
        }
      })

    /** The newest desire ends the series of the one before it, and begins once that has come to its safe point. */
    const runs = () =>
      Effect.gen(function*() {
        while (isSuperseded()) {
          current = desired!
          yield* Effect.raceFirst(series(current), superseded())
        }
      })
    const settles = roused(fork, runs)
    if (options.requests !== undefined) fork(Stream.runForEach(options.requests, ({ why }) => ask(why)))
    fork(options.beside?.({ fork, tell: journal.tell, ask }) ?? Effect.void)
    return yield* Effect.andThen(FiberSet.join(fibers), Effect.never)
  })
