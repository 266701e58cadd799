import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { count } from "../telemetry/Meter.ts"
import { watchdogRestarts } from "../telemetry/metrics.ts"
import { type LaneVitals, type Vital, Vitals } from "./Vitals.ts"

/** Milliseconds between two rounds: one timer for all lanes. */
export const round = 30_000
/** What a lane may be late beside its three intervals: a listing has 30 seconds. */
const late = 60_000
/** No step of a run takes longer by its own deadlines: a request, a program, an evaluation, a download (5 minutes). */
const longestStep = 15 * 60_000

export interface Stuck {
  readonly reason: "run" | "source" | "retry"
  readonly why: string
}

const minutes = (ms: number): string => ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`

/**
 * Whether a lane does not move that should: for three intervals and the time that its own deadlines allow. A run moves
 * while its requests are answered and its stages end; it may wait for slots that all share, for a rollout until its
 * timeout, and for a try that is due later. `awakeSince`: no time counts in which this process was not running.
 */
export const stuck = (lane: LaneVitals, now: number, awakeSince: number): Stuck | undefined => {
  const { due, interval, looks, movedAt, restartedAt, runs, since, timeout, waiting } = lane
  if (waiting > 0) return undefined
  const patience = 3 * interval
  const from = Math.max(awakeSince, restartedAt)
  const listed = lane.source()?.listed()
  if (listed !== undefined && !listed.waits) {
    const at = Math.max(listed.lookedAt, listed.dueAt, since, from)
    if (now - at > patience + late) {
      return { reason: "source", why: `its source was to be listed ${minutes(now - at)} ago` }
    }
  }
  const still = now - Math.max(movedAt, from)
  if (runs.size > 0 || looks > 0) {
    const stages = [...runs.values()]
    const own = longestStep + (stages.includes("apply") ? timeout : 0)
    if (still <= Math.max(patience, own)) return undefined
    const where = stages.find((stage) => stage !== undefined)
    const what = runs.size === 0 ? "its look at the source" : `its run${where === undefined ? "" : ` (${where})`}`
    return { reason: "run", why: `${what} has not moved for ${minutes(still)}` }
  }
  if (due === undefined) return undefined
  const over = now - Math.max(due, movedAt, from)
  return over > patience + late
    ? { reason: "retry", why: `its next try was due ${minutes(over)} ago` }
    : undefined
}

/** Starts a lane anew that does not move, says why and counts it. */
const restart = Effect.fnUntraced(function*(vital: Vital, lane: LaneVitals, { reason, why }: Stuck) {
  const { name, namespace } = vital
  const text = `starts anew because it is stuck: ${why}`
  yield* Effect.annotateLogs(Effect.logWarning(text), { delivery: `${namespace}/${name}`, namespace, error: "Stuck" })
  yield* count(watchdogRestarts, { namespace, name })
  // Until it has begun anew it gets the same time again.
  lane.restartedAt = yield* Clock.currentTimeMillis
  if (reason === "source") yield* lane.source()?.abandon ?? Effect.void
  yield* vital.restart(text)
})

/** Looks after all lanes of the process, until it is interrupted. It asks nobody for anything. */
export const watchdog = Effect.gen(function*() {
  const vitals = yield* Vitals
  let awakeSince = yield* Clock.currentTimeMillis
  let before = awakeSince
  for (;;) {
    yield* Effect.sleep(round)
    const now = yield* Clock.currentTimeMillis
    // Paused, or the clock was set: nobody could move.
    if (now - before > 2 * round || now < before) awakeSince = now
    before = now
    for (const vital of vitals.all) {
      const { lane } = vital
      const found = lane && stuck(lane, now, awakeSince)
      // One that cannot be started anew must not keep the watchdog from the others.
      if (lane !== undefined && found !== undefined) yield* Effect.forkChild(restart(vital, lane, found))
    }
  }
})
