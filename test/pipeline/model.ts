import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { counts } from "../../src/domain/Changeset.ts"
import type { Violation } from "../../src/domain/Decision.ts"
import type { Pass } from "../../src/domain/DecisionRecord.ts"
import { Outcome, type Run, type RunEvent } from "../../src/domain/Outcome.ts"
import { format, type Revision } from "../../src/domain/Revision.ts"
import type { StageError } from "../../src/domain/StageError.ts"
import { lane, type LaneOptions } from "../../src/pipeline/Lane.ts"
import { Progress } from "../../src/pipeline/Progress.ts"
import type { Tree } from "../../src/pipeline/Tree.ts"

export const revision = (count: number): Revision => ({
  name: "main",
  algorithm: "sha1",
  hash: count.toString(16).padStart(40, "0")
})

/** A source and a cluster of two objects, with time in every step: what the loop does to it can be read off. */
export class World {
  head = revision(1)
  /** Which commits mean the same to the delivery. */
  closureOf = (of: Revision): string => of.hash
  /** When the next waiver ends. */
  endsAt: number | undefined
  fetchFails: StageError | undefined
  runFails: StageError | undefined
  denied: ReadonlySet<string> = new Set()
  fetchMs = 30
  planMs = 100
  writeMs = 20
  healthMs = 500
  /** Two objects, each on some closure. */
  readonly cluster: [string, string] = ["", ""]
  deniedBy: Pass = "objects"
  violations: ReadonlyArray<Violation> = []
  recorded: string | undefined
  readonly told: Array<{ readonly run: Run; readonly outcome: Outcome }> = []
  readonly events: Array<RunEvent> = []

  get options(): LaneOptions<never> {
    const summary = { objects: 2, passed: 2, warned: 0, denied: 0, waived: 0 }
    return {
      name: "shop/shop",
      url: "https://git.example.com/shop.git",
      timeoutMs: 60_000,
      requests: Stream.tick("1 second").pipe(Stream.map(() => ({ why: "interval" as const }))),
      hear: (event) => Effect.sync(() => void this.events.push(event)),
      head: Effect.suspend(() =>
        this.fetchFails === undefined ? Effect.succeed(this.head) : Effect.fail(this.fetchFails)
      ),
      tree: (of: Revision) =>
        Effect.map(Effect.sleep(this.fetchMs), () => ({
          artifact: { revision: of, commit: undefined },
          identity: this.closureOf(of),
          endsAt: this.endsAt
        } as unknown as Tree)),
      run: (tree: Tree) =>
        Effect.gen({ self: this }, function*() {
          const progress = yield* Progress
          yield* Effect.sleep(this.planMs)
          if (this.denied.has(tree.identity)) {
            return Outcome.Denied({ violations: this.violations, summary, pass: this.deniedBy })
          }
          for (const index of [0, 1] as const) {
            yield* Effect.uninterruptible(Effect.andThen(
              Effect.sleep(this.writeMs),
              Effect.sync(() => this.cluster[index] = tree.identity)
            ))
          }
          if (this.runFails !== undefined) return yield* Effect.fail(this.runFails)
          this.recorded = format(tree.artifact.revision)
          yield* progress.applied
          yield* Effect.sleep(this.healthMs)
          return Outcome.Applied({ changes: counts([]), objects: [], summary, violations: [] })
        }),
      tell: (run: Run, outcome: Outcome) => Effect.sync(() => void this.told.push({ run, outcome })),
      previous: Effect.sync(() => undefined)
    }
  }

  run(options: Partial<LaneOptions<never>> = {}) {
    return Effect.scoped(lane<never>({ ...this.options, ...options }))
  }

  outcomes(): ReadonlyArray<string> {
    return this.events.flatMap((event) => event._tag === "RunEnded" ? [event.outcome._tag] : [])
  }
}

/** Starts the loop, lets it settle, hands it over, and stops it. */
export const running = <A, E, R>(
  world: World,
  body: Effect.Effect<A, E, R>,
  options: Partial<LaneOptions<never>> = {}
) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(world.run(options))
    yield* TestClock.adjust(1)
    const value = yield* body
    yield* stop(fiber)
    return value
  })

/** A write in flight ends by the clock, so the clock has to go on while the loop is stopped. */
export const stop = (fiber: Fiber.Fiber<void>) =>
  Effect.all([Fiber.interrupt(fiber), TestClock.adjust("10 seconds")], { concurrency: 2, discard: true })

/** Now the source points to this revision. */
export const push = (world: World, count: number) => Effect.sync(() => void (world.head = revision(count)))
