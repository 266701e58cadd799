import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { oneLine } from "../domain/plainText.ts"
import { Redactions } from "../domain/redact.ts"
import { refusalOf } from "../domain/refusal.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import * as Ulid from "../domain/Ulid.ts"
import { uptime } from "../domain/uptime.ts"
import { type DeliveryId, DeliveryWriter } from "../kube/DeliveryWriter.ts"
import type { DeliveryEvent } from "./events.ts"
import { paced } from "./paced.ts"

/** Events of one delivery in a row, and the milliseconds in which one more becomes possible. */
const burst = 20
const refill = 30_000
/** Milliseconds between two Events of one reason; what comes meanwhile is counted in the next. */
const pause = 10_000
/** Drift comes in bursts: so long is waited for the rest. */
const gathering = 1_000
const grace = 2_000
/** One that was not taken is tried so often, with at most so many milliseconds between, and so many wait for that. */
const tries = 10
const longest = 60_000
const most = 50
/** The answers that stay the same: we may not, there is no such namespace any more, or it makes no Event. */
const final: ReadonlySet<number> = new Set([400, 403, 404, 422])
/** What the API server takes. */
const longestNote = 1_024

/** Tells Kubernetes of one Delivery's transitions. */
export interface EventWriter {
  /** Waits for no request, and never fails. */
  readonly tell: (events: ReadonlyArray<DeliveryEvent>) => Effect.Effect<void>
}

interface Pending {
  readonly event: DeliveryEvent
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly first: number
  readonly last: number
  /** By `uptime`. */
  readonly due: number
  /** How often it was tried in vain. */
  readonly failures: number
  /** Its name, once it was tried: if only the answer was lost, it is there already. */
  readonly id?: string
}

/** Who is told nothing any more: its namespace is gone, or about to be. */
const isGone = (failure: KubeFailure): boolean => failure.status === 404 || refusalOf(failure) === "terminating"

const isDrift = ({ action }: DeliveryEvent): boolean => action === "heal"

/** Of events of one reason the newest is told, with how many they are. */
const merged = (before: Pending | undefined, event: DeliveryEvent, now: number, due: number): Pending => ({
  event,
  count: (before?.count ?? 0) + 1,
  first: before?.first ?? now,
  last: now,
  due: before?.due ?? due,
  failures: before?.failures ?? 0
})

/** `2026-11-25T15:57:19.123000Z`: the server takes nothing but microseconds. */
const microTime = (milliseconds: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).replace("Z", "000Z")

const noteOf = ({ count, event }: Pending): string => {
  const text = oneLine(count === 1 ? event.message : `${event.message} (${count} times, the last one is told)`, 1_000)
  const bytes = Buffer.from(text)
  return bytes.length <= longestNote ? text : `${bytes.subarray(0, longestNote - 6)}`.replace(/\ufffd*$/u, "…")
}

/** Events about one Delivery, made by this process (`instance`), until the scope closes. */
export const make = Effect.fnUntraced(function*(delivery: DeliveryId, instance: string) {
  const writer = yield* DeliveryWriter
  const redactions = yield* Redactions
  const { name, namespace, uid } = delivery
  const pending = new Map<string, Pending>()
  const sentAt = new Map<string, number>()
  let tokens = burst
  let filledAt = yield* uptime

  const refilled = (now: number): void => {
    const more = Math.min(burst - tokens, Math.floor((now - filledAt) / refill))
    tokens += more
    filledAt = tokens === burst ? now : filledAt + more * refill
  }

  const due = (): number | undefined => {
    if (pending.size === 0) return undefined
    const first = Math.min(...Array.from(pending.values(), ({ due }) => due))
    return tokens > 0 ? first : Math.max(first, filledAt + refill)
  }

  const create = (told: Pending, id: string) =>
    Effect.gen(function*() {
      const { action, reason, related, type } = told.event
      yield* writer.createEvent({
        metadata: { namespace, name: `${name.slice(0, 220)}.${id}` },
        eventTime: microTime(told.first),
        reportingController: "sluice.dev/agent",
        reportingInstance: instance.slice(0, 128),
        type,
        reason,
        action,
        note: noteOf({ ...told, event: { ...told.event, message: redactions.redact(told.event.message) } }),
        regarding: { apiVersion, kind: "Delivery", namespace, name, uid },
        ...related === undefined ? {} : { related },
        ...told.count === 1 ? {} : { series: { count: told.count, lastObservedTime: microTime(told.last) } }
      })
    })

  /** It is tried again later, together with what is told of its reason by then. */
  const again = (told: Pending, id: string, failure: KubeFailure) =>
    Effect.gen(function*() {
      // What was not made counts for nothing.
      tokens = Math.min(burst, tokens + 1)
      const { event: { reason } } = told
      const newer = pending.get(reason)
      const failures = told.failures + 1
      if (final.has(failure.status) || failures === tries || (newer === undefined && pending.size >= most)) {
        const given = `no Event ${reason} about ${namespace}/${name}: ${failure.message}`
        return yield* isGone(failure) ? Effect.logDebug(given) : Effect.logWarning(given)
      }
      const backoff = (1 + (yield* Random.next)) / 2 * Math.min(longest, 1_000 * 2 ** failures)
      const due = (yield* uptime) + Math.max(failure.retryAfter ?? 0, backoff)
      pending.set(
        reason,
        newer === undefined
          ? { ...told, id, failures, due }
          : { ...newer, count: told.count + newer.count, first: told.first, failures, due: Math.max(newer.due, due) }
      )
    })

  const work = (isLast: boolean) =>
    Effect.gen(function*() {
      const now = yield* uptime
      refilled(now)
      const ready = [...pending].sort(([, a], [, b]) => a.due - b.due).slice(0, tokens)
      for (const [reason, { due }] of ready) {
        if (due > now && !isLast) return
        // With what was told while the one before it was under way.
        const told = pending.get(reason)!
        pending.delete(reason)
        sentAt.set(reason, now)
        tokens--
        const id = told.id ?? (yield* Ulid.make).toLowerCase()
        yield* create(told, id).pipe(Effect.catch((failure) => again(told, id, failure)))
      }
    })

  const wake = yield* paced({ due, work, grace })
  const tell: EventWriter["tell"] = (events) =>
    Effect.gen(function*() {
      if (events.length === 0) return
      const [now, time] = [yield* uptime, yield* Clock.currentTimeMillis]
      for (const event of events) {
        const due = Math.max(now + (isDrift(event) ? gathering : 0), (sentAt.get(event.reason) ?? -pause) + pause)
        pending.set(event.reason, merged(pending.get(event.reason), event, time, due))
      }
      yield* wake
    })
  const made: EventWriter = { tell }
  return made
})
