import * as Effect from "effect/Effect"
import type { RunEvent } from "../domain/Outcome.ts"
import { count, observe } from "../telemetry/Meter.ts"
import { driftCorrections, driftFights, driftFindings, reconcileDuration, stageDuration } from "../telemetry/metrics.ts"
import { RunTrace } from "../telemetry/RunTrace.ts"
import { Traces } from "../telemetry/Traces.ts"
import { isWellFormed, type LiveDelivery, type MalformedDelivery } from "./Registry.ts"
import { type Vital, Vitals } from "./Vitals.ts"

/** What is counted, measured and traced of one Delivery. */
export interface Account {
  readonly vital: Vital
  /** Waits for no request, and never fails. */
  readonly hear: (event: RunEvent) => Effect.Effect<void>
}

interface Options extends Pick<Vital, "namespace" | "name" | "restart"> {
  readonly live: () => LiveDelivery | MalformedDelivery
}

/** Runs of one Delivery that are traced at once. */
const mostOpen = 8

const counted = Effect.fnUntraced(function*(vital: Vital, event: RunEvent) {
  const { name, namespace } = vital
  switch (event._tag) {
    case "StageFinished":
      return yield* observe(stageDuration, { stage: event.stage }, event.durationMs / 1_000)
    case "RunEnded": {
      const { details: { durationMs, startedAt }, outcome: { _tag: outcome } } = event
      if (outcome === "Applied" || outcome === "Unchanged") vital.wellAt = startedAt + durationMs
      return yield* observe(reconcileDuration, { namespace, name, outcome }, durationMs / 1_000)
    }
    case "DriftFound":
      for (const { action } of event.findings) {
        yield* count(driftFindings, { namespace, name, action })
        if (action === "healed") yield* count(driftCorrections, { namespace, name })
        if (action === "backing off") yield* count(driftFights, { namespace, name })
      }
  }
})

/** Keeps the books of a Delivery until the scope closes: what was counted of it ends with it. */
export const make = Effect.fnUntraced(function*({ live, name, namespace, restart }: Options) {
  const [board, traces] = [yield* Vitals, yield* Traces]
  const vital = yield* board.join({
    namespace,
    name,
    status: () => live().status,
    isSuspended: () => {
      const now = live()
      return isWellFormed(now) && now.resource.spec.suspend
    },
    restart
  })
  const open = new Map<string, RunTrace>()
  const traced = (event: RunEvent): void => {
    if (event._tag === "RunStarted") {
      // Runs that a decision ended from outside say no more.
      if (open.size >= mostOpen) open.delete(open.keys().next().value!)
      open.set(event.run, new RunTrace(event))
    }
    const trace = open.get(event.run)
    if (trace === undefined) return
    trace.hear(event)
    if (event._tag !== "RunEnded") return
    open.delete(event.run)
    traces.ended(trace)
  }
  const account: Account = {
    vital,
    hear: (event) => {
      vital.lane?.hear(event)
      if (traces.isOn) traced(event)
      return Effect.asVoid(counted(vital, event))
    }
  }
  return account
})
