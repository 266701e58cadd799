import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import { Outcome, type Run } from "../domain/Outcome.ts"
import { parse } from "../domain/Revision.ts"
import type { StageError } from "../domain/StageError.ts"
import * as Ulid from "../domain/Ulid.ts"
import { Notify } from "../notify/Notify.ts"
import { Rights } from "../pipeline/Rights.ts"
import type { Decided } from "./decide.ts"
import { refusalLine } from "./logLine.ts"
import type { LiveDelivery, Registry } from "./Registry.ts"

/**
 * Milliseconds. What is over so soon wakes nobody, as a run's first failure that may pass: the account of a new Delivery
 * often comes right after it.
 */
const grace = 3_000

/** What people hear of a Delivery that may not run, beside its status and its Events. */
export interface Refusal {
  /** Logs why, unless that is what it logged last. */
  readonly noted: (error: StageError) => Effect.Effect<void>
  /**
   * Tells the Notifiers once that has lasted a moment, as the failure of a run is told: a reason that was told before, also
   * by an earlier process, is not told again, and the next run that ends well is told as recovered.
   */
  readonly told: (delivery: LiveDelivery, refused: Decided & { readonly _tag: "Refused" }) => Effect.Effect<void>
  /** It may run again: says so, if it might not. */
  readonly over: Effect.Effect<void>
}

/** As a message needs it. That there is no source may be what is wrong. */
const tellable = ({ resource: { spec, ...rest } }: LiveDelivery, url: string): Delivery => ({
  ...rest,
  spec: { ...spec, source: spec.source ?? { git: { url, insecure: false }, interval: "1m" } }
})

/** The refusals of one Delivery. */
export const make = Effect.fnUntraced(function*(id: string, registry: Registry, status: Effect.Effect<DeliveryStatus>) {
  const [notify, rights] = [yield* Notify, yield* Rights]
  let since: number | undefined
  let logged: { readonly what: string; readonly run: string } | undefined
  let isResumed = false

  const refusal: Refusal = {
    noted: (error) =>
      Effect.gen(function*() {
        since ??= yield* Clock.currentTimeMillis
        const what = `${error._tag} ${error.message}`
        if (logged?.what === what) return
        logged = { what, run: yield* Ulid.make }
        const { about, level, text } = refusalLine(error, logged.run)
        yield* Effect.annotateLogs(Effect.logWithLevel(level)(text), about)
      }),
    told: (live, { error, identity }) =>
      Effect.gen(function*() {
        if (identity === undefined || live.resource.spec.notify.length === 0) return
        const now = yield* Clock.currentTimeMillis
        const startedAt = since ?? now
        yield* Effect.sleep(Math.max(0, startedAt + grace - now))
        const { lastAppliedRevision = "", source } = yield* status
        const delivery = tellable(live, source?.url ?? "")
        const own = rights.of(delivery.metadata, identity)
        const notifiers = registry.notifiersIn(live.namespace)
        if (!isResumed) yield* Effect.provide(notify.resume(delivery, notifiers), own)
        isResumed = true
        const run: Run = {
          id: logged?.run ?? (yield* Ulid.make),
          delivery: id,
          why: "refused",
          revision: undefined,
          commit: undefined,
          url: delivery.spec.source.git.url,
          previous: parse(lastAppliedRevision),
          startedAt,
          durationMs: 0,
          isHeld: true
        }
        yield* Effect.provide(notify.tell(delivery, notifiers, run, Outcome.Failed({ error, changes: undefined })), own)
      }),
    over: Effect.suspend(() => {
      if (since === undefined) return Effect.void
      since = undefined
      logged = undefined
      isResumed = false
      return Effect.logInfo("may run again")
    })
  }
  return refusal
})
