import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { type Action, counted, type Counts, counts } from "../domain/Changeset.ts"
import type { DecisionRecord } from "../domain/DecisionRecord.ts"
import { type Losses, Outcome, type Run, type RunEvent, type RunHappening } from "../domain/Outcome.ts"
import { type Commit, format, type Revision } from "../domain/Revision.ts"
import type { Stage, StageError } from "../domain/StageError.ts"
import * as Ulid from "../domain/Ulid.ts"
import type { Progress } from "./Progress.ts"

type Next = Run["next"]

/** One try of one desire, as it is told. Every attempt that began also ends, with an outcome. */
export interface Attempt<R> {
  readonly id: string
  readonly progress: Omit<Progress["Service"], "applied">
  readonly fetched: (durationMs: number, commit: Commit | undefined) => Effect.Effect<void>
  readonly interrupted: (by: Revision | undefined) => Effect.Effect<void, never, R>
  /** `quietly`: as an event only, nobody is told. */
  readonly ended: (outcome: Outcome, next: Next, quietly?: boolean) => Effect.Effect<void, never, R>
}

/** A run that wrote nothing took nothing away. */
const withLosses = (outcome: Outcome, losses: Losses): Outcome =>
  losses.length > 0 &&
    (outcome._tag === "Applied" || outcome._tag === "Unchanged" ||
      outcome._tag === "Failed" && outcome.changes !== undefined)
    ? { ...outcome, losses }
    : outcome

/** Turns what a lane does into events, in order, and tells the outcomes. */
export const makeJournal = Effect.fnUntraced(function*<R>(
  lane: {
    readonly name: string
    readonly url: string
    readonly previous: Effect.Effect<Revision | undefined, StageError, R>
    readonly tell: (details: Run, outcome: Outcome) => Effect.Effect<void, never, R>
  },
  hear: (event: RunEvent) => void
) {
  // Asked for only when something has to be told: a source that fails should not wait for the cluster.
  const remembered = yield* Effect.cached(Effect.orElseSucceed(lane.previous, () => undefined))
  let settled: Revision | undefined

  const offer = (run: string, happening: RunHappening) =>
    Effect.map(
      DateTime.now,
      (now) => hear({ time: DateTime.formatIso(now), delivery: lane.name, run, ...happening })
    )
  /** Tells what happens beside the runs. */
  const tell = (happening: RunHappening) => Effect.asVoid(Effect.flatMap(Ulid.make, (id) => offer(id, happening)))

  const begin = (revision: Revision | undefined, why: string, known?: Commit) =>
    Effect.gen(function*() {
      const context = yield* Effect.context<R>()
      const id = yield* Ulid.make
      const startedAt = yield* Clock.currentTimeMillis
      const emit = (happening: RunHappening) => offer(id, happening)
      let stage: Stage | undefined
      let commit = known
      let losses: Losses = []
      const written: Record<keyof Counts, number> = { ...counts([]) }

      const details = (next: Next) =>
        Effect.gen(function*() {
          const durationMs = (yield* Clock.currentTimeMillis) - startedAt
          const previous = settled ?? (yield* remembered)
          const known = { id, delivery: lane.name, why, revision, commit, url: lane.url, previous }
          const run = { ...known, startedAt, durationMs }
          return next === undefined ? run : { ...run, next }
        })
      const started = (name: Stage) => {
        stage = name
        const told = Effect.asVoid(emit({ _tag: "StageStarted", stage: name, revision }))
        // What stands there before the first write: after it, that is this very revision.
        return name === "apply" ? Effect.andThen(Effect.provide(remembered, context), told) : told
      }
      const finished = (name: Stage, durationMs: number, note: string) => {
        stage = undefined
        return Effect.asVoid(emit({ _tag: "StageFinished", stage: name, durationMs, note }))
      }

      const decided = (record: DecisionRecord) => Effect.asVoid(emit({ _tag: "PolicyDecided", revision, record }))

      yield* emit({ _tag: "RunStarted", revision, why })
      yield* started("fetch")
      const attempt: Attempt<R> = {
        id,
        progress: {
          started,
          finished,
          decided,
          loses: (found) => Effect.sync(() => void (losses = found)),
          wrote: (action: Action) => Effect.sync(() => void written[counted[action]]++)
        },
        fetched: (durationMs, found) => {
          commit = found
          return finished("fetch", Math.round(durationMs), revision === undefined ? "" : format(revision))
        },
        interrupted: (by) =>
          Effect.gen(function*() {
            const cause = by === undefined || by === revision ? "shutdown" : format(by)
            const run = yield* details(undefined)
            yield* emit({ _tag: "RunInterrupted", stage, by: cause })
            yield* emit({ _tag: "RunEnded", outcome: Outcome.Interrupted({ by: cause }), details: run })
          }),
        // Whoever interrupts the telling (a message that takes its time) finds a run that has ended all the same.
        ended: (outcome, next, quietly = false) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.gen(function*() {
              const changes = Object.values(written).some((count) => count > 0) ? { ...written } : undefined
              const told = withLosses(
                outcome._tag === "Failed" ? Outcome.Failed({ ...outcome, changes }) : outcome,
                losses
              )
              const run = yield* details(next)
              const end = Effect.suspend(() => {
                if (told._tag === "Applied" || told._tag === "Unchanged") settled = revision
                return Effect.asVoid(emit({ _tag: "RunEnded", outcome: told, details: run }))
              })
              yield* Effect.ensuring(quietly ? Effect.void : restore(lane.tell(run, told)), end)
            })
          )
      }
      return attempt
    })

  return { begin, tell }
})
