import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as HttpClient from "effect/http/HttpClient"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { KubeStatus } from "../kube/KubeStatus.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { deliver } from "./deliver.ts"
import * as Rounds from "./driftRounds.ts"
import type { Gather } from "./Gather.ts"
import type { Keeper } from "./Keeper.ts"
import * as Outbox from "./outbox.ts"
import type { Pace } from "./Pace.ts"
import { besides } from "./subscribers.ts"

type Change = (outbox: Outbox.Outbox) => Outbox.Outbox

/** The rights of one delivery, as its caller last handed them over. */
export interface Rights {
  readonly context: Context.Context<KubeStatus | Secrets>
  readonly notifiers: ReadonlyArray<Notifier>
  /** The record with the drift told that is due by now. */
  readonly speak: (outbox: Outbox.Outbox, notifiers: ReadonlyArray<Notifier>, now: number) => Outbox.Outbox
}

/** The outbox of one delivery at work: what changes it is recorded first, then sent in the background. */
export interface Courier {
  /** What is recorded, if that is known without asking the cluster. */
  readonly recorded: () => Outbox.Outbox | undefined
  /**
   * Changes the record and sends what waits in it. Returns when it is saved, or after the first failure to save: saving
   * goes on in the background then. The same value returned by `change` means that there is nothing to save.
   */
  readonly record: (rights: Rights, change: Change) => Effect.Effect<void>
  /** Changes what is known of the drift, saves it soon, and tells it when it is due. Returns at once. */
  readonly note: (rights: Rights, change: Change) => Effect.Effect<void>
  /** Reads the record anew and sends what an earlier process left in it. */
  readonly resume: (rights: Rights) => Effect.Effect<void>
  /** The notifiers as they are now. What waits for another attempt is tried at once. */
  readonly update: (notifiers: ReadonlyArray<Notifier>) => Effect.Effect<void>
  /** Saves what is known and not yet recorded. */
  readonly settle: Effect.Effect<void>
  /** Returns when nothing of this courier runs any more. What is recorded stays. */
  readonly end: Effect.Effect<void>
  /** The same, once what is known is saved and what is on its way has arrived. It begins nothing new. */
  readonly leave: Effect.Effect<void>
}

const backoff = Schedule.exponential("1 second").pipe(
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (random) => random * Math.min(60_000, Duration.toMillis(duration)))
  )
)

/** A run does not wait longer than this for its record; the courier does. */
const patience = "10 seconds"
/** What is on its way may take so long to arrive when the courier leaves. */
const farewell = "5 seconds"
/** So much is noted while the record cannot be reached; then no more. */
const mostNoted = 1_000

export const make = (options: {
  readonly delivery: string
  readonly pace: Pace
  readonly gather: Gather | undefined
  readonly allowLoopback: boolean
  readonly keeper: () => Keeper | undefined
  readonly client: Context.Context<HttpClient.HttpClient>
  /** What is recorded and sent in the background runs here. */
  readonly fibers: FiberSet.FiberSet
  /** What waits until drift is told runs here: nobody waits for that. */
  readonly rounds: FiberSet.FiberSet
}): Courier => {
  const { allowLoopback, client, delivery, fibers, gather, pace } = options
  const lock = Semaphore.makeUnsafe(1)
  const mended = { latch: Latch.makeUnsafe(), times: 0 }
  const sending = new Set<string>()
  const running = new Set<Fiber.Fiber<unknown, unknown>>()
  const calm = Latch.makeUnsafe(true)
  let isLeaving = false
  let sends = 0
  let outbox: Outbox.Outbox | undefined
  let noted: Array<Change> = []
  let ahead = false
  let latest: Rights
  let failing = false

  const insist = <A, E extends { readonly message: string }>(
    what: string,
    attempt: Effect.Effect<A, E, KubeStatus>,
    failed: Effect.Effect<unknown>
  ) =>
    Effect.suspend(() => Effect.provide(attempt, latest.context)).pipe(
      Effect.tapError((error) =>
        Effect.suspend(() => {
          const log = failing ? Effect.logDebug : Effect.logWarning
          failing = true
          return Effect.andThen(log(`cannot ${what} the outbox of ${delivery}: ${error.message}; tried again`), failed)
        })
      ),
      Effect.retry(backoff),
      Effect.tap(() => Effect.sync(() => failing = false)),
      Effect.orDie
    )

  const load = (failed: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const bytes = yield* insist("read", KubeStatus.use((record) => record.load("outbox")), failed)
      const known = bytes === undefined ? Outbox.empty : yield* Outbox.decode(bytes)
      if (known === undefined) {
        yield* Effect.logError(`the outbox of ${delivery} is not readable; begun anew, so a message may come twice`)
      }
      return outbox = known ?? Outbox.empty
    })

  /** What is known: the record, and what was noted since. */
  const known = (failed: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const before = outbox ?? (yield* load(failed))
      if (noted.length === 0) return before
      ahead = true
      outbox = noted.reduce((current, change) => change(current), before)
      noted = []
      return outbox
    })

  const save = (after: Outbox.Outbox) =>
    Effect.tapError(
      KubeStatus.use((record) => record.save("outbox", Outbox.encode(after))),
      // Somebody else wrote it, a Sluice that had this delivery before: what it said is read, and changed anew.
      ({ reason }) => Effect.sync(() => outbox = reason === "Conflict" ? undefined : outbox)
    )

  const update = (change: Change, failed: Effect.Effect<unknown> = Effect.void) =>
    Effect.gen(function*() {
      const before = yield* known(failed)
      const after = change(before)
      if (after === before && !ahead) return
      yield* save(after)
      outbox = after
      ahead = false
    }).pipe((attempt) => insist("save", attempt, failed), Semaphore.withPermit(lock))

  /** One message on its way: from when it is sent until that it was is recorded. */
  const journey = () => {
    let isOut = false
    const out = Effect.suspend(() => {
      if (isLeaving) return Effect.never
      isOut = true
      sends++
      return Effect.asVoid(calm.close)
    })
    const back = Effect.suspend(() => {
      if (!isOut) return Effect.void
      isOut = false
      return --sends === 0 ? Effect.asVoid(calm.open) : Effect.void
    })
    return { out, back }
  }

  const mendedSince = () => {
    const since = mended.times
    return Effect.suspend(() => mended.times === since ? mended.latch.await : Effect.void)
  }

  /** Sends all that waits for one notifier, in order. */
  const drain = (name: string) =>
    Effect.gen(function*() {
      for (;;) {
        const next = outbox === undefined ? undefined : Outbox.nextFor(outbox, name)
        if (next === undefined) {
          // Together with the look above: nothing can be added in between.
          sending.delete(name)
          return
        }
        const keeper = options.keeper()
        const notifier = () =>
          latest.notifiers.find(({ metadata }) => metadata.name === name) ??
            (keeper?.isMalformed(besides(delivery, name)) === true ? "malformed" as const : undefined)
        const { back, out } = journey()
        const told = { ...next, name, notifier, keeper, pace, gather, allowLoopback, mended: mendedSince, out, back }
        yield* deliver(told).pipe(
          Effect.provide(Context.merge(latest.context, client)),
          Effect.flatMap((thread) => update((current) => Outbox.settle(current, name, next.id, thread))),
          Effect.ensuring(back)
        )
      }
    })

  // Interruptible even where the caller is not: the end of the layer ends what waits.
  const background = (work: Effect.Effect<void>, set = fibers) =>
    Effect.map(
      FiberSet.run(
        set,
        Effect.interruptible(Effect.ignoreCause(work, { log: "Error", message: `telling of ${delivery} broke off` }))
      ),
      (fiber) => {
        running.add(fiber)
        fiber.addObserver(() => running.delete(fiber))
      }
    )

  const sendAll = Effect.suspend(() =>
    Effect.forEach(outbox === undefined ? [] : Outbox.waiting(outbox), (name) => {
      if (sending.has(name)) return Effect.void
      sending.add(name)
      return background(Effect.onError(drain(name), () => Effect.sync(() => sending.delete(name))))
    }, { discard: true })
  )

  const rounds = Rounds.make({
    known: Effect.map(Semaphore.withPermit(lock, known(Effect.void)), Outbox.driftOf),
    isAhead: () => ahead,
    settle: (now) => Effect.andThen(update((current) => latest.speak(current, latest.notifiers, now)), sendAll)
  }, (work) => background(work, options.rounds))

  /** In the background, so that whoever asks may be interrupted; waits for the first attempt. */
  const start = (rights: Rights, work: (failed: Effect.Effect<unknown>) => Effect.Effect<void>) =>
    Effect.gen(function*() {
      latest = rights
      const attempted = yield* Deferred.make<void>()
      const over = Deferred.succeed(attempted, undefined)
      yield* background(Effect.ensuring(Effect.andThen(work(over), sendAll), over))
      if (!failing) yield* Effect.timeoutOption(Deferred.await(attempted), patience)
    })

  const resume = (failed: Effect.Effect<unknown>) =>
    Effect.andThen(Semaphore.withPermit(lock, load(failed)), rounds.look)

  const settle = Effect.suspend(() =>
    ahead || noted.length > 0 ? start(latest, (failed) => update((outbox) => outbox, failed)) : Effect.void
  )
  const end = Effect.suspend(() => Fiber.interruptAll([...running]))

  return {
    recorded: () => outbox,
    record: (rights, change) => start(rights, (failed) => update(change, failed)),
    note: (rights, change) =>
      Effect.suspend(() => {
        latest = rights
        if (noted.length < mostNoted) noted.push(change)
        return rounds.look
      }),
    resume: (rights) => start(rights, resume),
    update: (notifiers) =>
      Effect.suspend(() => {
        // It has something to wait for only after it was handed its rights.
        if (latest !== undefined) latest = { ...latest, notifiers }
        mended.times++
        return Effect.asVoid(mended.latch.release)
      }),
    settle,
    end,
    leave: Effect.suspend(() => {
      isLeaving = true
      return settle.pipe(Effect.andThen(Effect.timeoutOption(calm.await, farewell)), Effect.andThen(end))
    })
  }
}
