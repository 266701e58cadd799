import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
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
