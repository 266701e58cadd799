import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Pace from "../../src/notify/Pace.ts"
import { settableClock } from "../support/settableClock.ts"

it.effect("a turn comes after its interval, also when the clock of the machine is set back", () =>
  Effect.gen(function*() {
    const { clock, setBack } = yield* settableClock
    const pace = Pace.make(1_000)
    let turns = 0
    const turn = Effect.andThen(
      Effect.provideService(pace.turn("chat"), Clock.Clock, clock),
      Effect.sync(() => void turns++)
    )
    yield* turn
    setBack(3_600_000)
    yield* Effect.forkChild(turn)
    yield* TestClock.adjust(999)
    assert.strictEqual(turns, 1)
    yield* TestClock.adjust(1)
    assert.strictEqual(turns, 2)
  }))
