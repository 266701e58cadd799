import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { oneLine } from "../domain/plainText.ts"
import { Redactions } from "../domain/redact.ts"
import * as Ulid from "../domain/Ulid.ts"
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
  readonly first: number
  readonly last: number
  readonly due: number
}

const isDrift = ({ action }: DeliveryEvent): boolean => action === "heal"

/** Of events of one reason the newest is told, with how many they are. */
const merged = (before: Pending | undefined, event: DeliveryEvent, now: number, notBefore: number): Pending => ({
  event,
  count: (before?.count ?? 0) + 1,
  first: before?.first ?? now,
  last: now,
  due: before?.due ?? Math.max(notBefore, isDrift(event) ? now + gathering : now)
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
  let filledAt = yield* Clock.currentTimeMillis

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

  const create = Effect.fnUntraced(function*(told: Pending) {
    const { action, reason, related, type } = told.event
    const id = (yield* Ulid.make).toLowerCase()
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

  const work = Effect.fnUntraced(function*(isLast: boolean) {
    const now = yield* Clock.currentTimeMillis
    refilled(now)
    const ready = [...pending].sort(([, a], [, b]) => a.due - b.due).slice(0, tokens)
    for (const [reason, told] of ready) {
      if (told.due > now && !isLast) return
      pending.delete(reason)
      sentAt.set(reason, now)
      tokens--
      yield* create(told).pipe(
        Effect.catch((failure) => Effect.logDebug(`no Event about ${namespace}/${name}: ${failure.message}`))
      )
    }
  })

  const wake = yield* paced({ due, work, grace })
  const tell: EventWriter["tell"] = Effect.fnUntraced(function*(events) {
    if (events.length === 0) return
    const now = yield* Clock.currentTimeMillis
    for (const event of events) {
      const notBefore = (sentAt.get(event.reason) ?? -pause) + pause
      pending.set(event.reason, merged(pending.get(event.reason), event, now, notBefore))
    }
    yield* wake
  })
  const made: EventWriter = { tell }
  return made
})
