import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as HttpClient from "effect/http/HttpClient"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { KubeStatus } from "../kube/KubeStatus.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { deliver } from "./deliver.ts"
import * as Outbox from "./outbox.ts"
import type { Pace } from "./Pace.ts"

/** The rights of one delivery, as its caller last handed them over. */
export interface Rights {
  readonly context: Context.Context<KubeStatus | Secrets>
  readonly notifiers: ReadonlyArray<Notifier>
}

/** The outbox of one delivery at work: what changes it is recorded first, then sent in the background. */
export interface Courier {
  /** What is recorded, if that is known without asking the cluster. */
  readonly recorded: () => Outbox.Outbox | undefined
  /**
   * Changes the record and sends what waits in it. Returns when it is saved, or after the first failure to save: saving
   * goes on in the background then. The same value returned by `change` means that there is nothing to save.
   */
  readonly record: (rights: Rights, change: (outbox: Outbox.Outbox) => Outbox.Outbox) => Effect.Effect<void>
  /** Reads the record anew and sends what an earlier process left in it. */
  readonly resume: (rights: Rights) => Effect.Effect<void>
}

const backoff = Schedule.exponential("1 second").pipe(
  Schedule.modifyDelay(({ duration }) =>
    Effect.map(Random.next, (random) => random * Math.min(60_000, Duration.toMillis(duration)))
  )
)

/** A run does not wait longer than this for its record; the courier does. */
const patience = "10 seconds"

export const make = (options: {
  readonly delivery: string
  readonly pace: Pace
  readonly allowLoopback: boolean
  readonly client: Context.Context<HttpClient.HttpClient>
  /** Everything in the background runs here. */
  readonly fibers: FiberSet.FiberSet
}): Courier => {
  const { allowLoopback, client, delivery, fibers, pace } = options
  const lock = Semaphore.makeUnsafe(1)
  const sending = new Set<string>()
  let outbox: Outbox.Outbox | undefined
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

  const load = Effect.fnUntraced(function*(failed: Effect.Effect<unknown>) {
    const bytes = yield* insist("read", KubeStatus.use((record) => record.load("outbox")), failed)
    const known = bytes === undefined ? Outbox.empty : yield* Outbox.decode(bytes)
    if (known === undefined) {
      yield* Effect.logError(`the outbox of ${delivery} is not readable; begun anew, so a message may come twice`)
    }
    return outbox = known ?? Outbox.empty
  })

  const update = (change: (outbox: Outbox.Outbox) => Outbox.Outbox, failed: Effect.Effect<unknown> = Effect.void) =>
    lock.withPermits(1)(Effect.gen(function*() {
      const before = outbox ?? (yield* load(failed))
      const after = change(before)
      if (after === before) return
      yield* insist("save", KubeStatus.use((record) => record.save("outbox", Outbox.encode(after))), failed)
      outbox = after
    }))

  /** Sends all that waits for one notifier, in order. */
  const drain = Effect.fnUntraced(function*(name: string) {
    for (;;) {
      const next = outbox === undefined ? undefined : Outbox.nextFor(outbox, name)
      if (next === undefined) {
        // Together with the look above: nothing can be added in between.
        sending.delete(name)
        return
      }
      const notifier = () => latest.notifiers.find(({ metadata }) => metadata.name === name)
      const thread = yield* deliver({ ...next, name, notifier, pace, allowLoopback }).pipe(
        Effect.provide(Context.merge(latest.context, client))
      )
      yield* update((current) => Outbox.settle(current, name, next.id, thread))
    }
  })

  // Interruptible even where the caller is not: the end of the layer ends what waits.
  const background = (work: Effect.Effect<void>) =>
    FiberSet.run(
      fibers,
      Effect.interruptible(Effect.ignoreCause(work, { log: "Error", message: `telling of ${delivery} broke off` }))
    )

  const sendAll = Effect.suspend(() =>
    Effect.forEach(outbox === undefined ? [] : Outbox.waiting(outbox), (name) => {
      if (sending.has(name)) return Effect.void
      sending.add(name)
      return background(Effect.onError(drain(name), () => Effect.sync(() => sending.delete(name))))
    }, { discard: true })
  )

  /** In the background, so that whoever asks may be interrupted; waits for the first attempt. */
  const start = (rights: Rights, work: (failed: Effect.Effect<unknown>) => Effect.Effect<void>) =>
    Effect.gen(function*() {
      latest = rights
      const attempted = yield* Deferred.make<void>()
      const over = Deferred.succeed(attempted, undefined)
      yield* background(Effect.ensuring(Effect.andThen(work(over), sendAll), over))
      if (!failing) yield* Effect.timeoutOption(Deferred.await(attempted), patience)
    })

  return {
    recorded: () => outbox,
    record: (rights, change) => start(rights, (failed) => update(change, failed)),
    resume: (rights) => start(rights, (failed) => lock.withPermits(1)(Effect.asVoid(load(failed))))
  }
}
