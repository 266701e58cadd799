import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { FetchFailed } from "../../src/domain/StageError.ts"
import { makePoller } from "../../src/fetch/Poller.ts"
import { settableClock } from "../support/settableClock.ts"

it.effect("goes on listing when the clock of the machine is set back", () =>
  Effect.gen(function*() {
    const { clock, setBack } = yield* settableClock
    let listings = 0
    const poller = makePoller(Effect.sync(() => {
      listings++
      return { name: "main", algorithm: "sha1" as const, hash: "a".repeat(40) }
    }))
    poller.join(60_000)
    yield* TestClock.adjust("1 day")
    yield* Effect.forkScoped(Effect.provideService(poller.run, Clock.Clock, clock))
    const hint = Effect.provideService(poller.hint, Clock.Clock, clock)
    yield* hint
    yield* TestClock.adjust("10 minutes")
    const before = listings
    assert.isAtLeast(before, 10)
    setBack(3_600_000)
    yield* TestClock.adjust("10 minutes")
    assert.isAtLeast(listings - before, 9)
    setBack(3_600_000)
    yield* hint
    yield* TestClock.adjust("3 seconds")
    const hinted = listings
    yield* hint
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(listings, hinted + 1)
  }))

it.effect("asks for a branch that is not there yet as often as for one that is", () =>
  Effect.gen(function*() {
    const revision = { name: "main", algorithm: "sha1" as const, hash: "a".repeat(40) }
    const answers = new Map<string, Effect.Effect<typeof revision, FetchFailed>>([
      ["missing", new FetchFailed({ class: "stalled", detail: "has no branch", isRefMissing: true })],
      ["not a repository", new FetchFailed({ class: "stalled", detail: "is no repository" })]
    ])
    const counts: Record<string, number> = {}
    for (const [name, answer] of answers) {
      let listings = 0
      const poller = makePoller(Effect.suspend(() => {
        listings++
        counts[name] = listings
        return answer
      }))
      poller.join(2_000)
      yield* Effect.forkScoped(poller.run)
      yield* TestClock.adjust("1 minute")
    }
    assert.isAtLeast(counts.missing!, 30)
    assert.strictEqual(counts["not a repository"], 1)
  }))
