import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import type { Outcome } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import { messageId } from "../../src/notify/outbox.ts"
import { applied, applyFailed, denied, messageOf, revision, unchanged } from "./outcomes.ts"
import { at, chat, inProcess, makeWorld, notifiers, states } from "./process.ts"
import { delivery, makeRecord } from "./world.ts"

describe("outbox", () => {
  it.effect("records before it sends, and tells a transition once", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      let recordedAtSend = ""
      world.receiver.state.around = (take) =>
        Effect.sync(() => recordedAtSend = world.record.text()).pipe(Effect.andThen(take))
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.flush
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
      assert.include(recordedAtSend, world.receiver.accepted[0]!.id)
      assert.notInclude(world.record.text(), world.receiver.accepted[0]!.id)
      assert.strictEqual(world.record.state.saves, 2)
    }))

  it.effect("asks nothing of the cluster for a delivery that tells nobody, and nothing while nothing changes", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.resume(delivery([]), notifiers)
          yield* notify.tell(delivery([]), notifiers, at("a"), denied)
          assert.strictEqual(world.record.state.loads, 0)
          yield* notify.resume(chat, notifiers)
          for (let index = 0; index < 5; index++) yield* notify.tell(chat, notifiers, at("a"), unchanged)
        }))
      assert.deepStrictEqual([world.record.state.loads, world.record.state.saves], [1, 0])
    }))

  it.effect("tries again with a wait that grows, and sends under the same id", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 500 }, { status: 503 }, { status: 408 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          const flushed = yield* Effect.forkChild(notify.flush)
          for (let index = 0; index < 20; index++) yield* TestClock.adjust("500 millis")
          yield* Fiber.join(flushed)
        }))
      const [first, ...others] = world.receiver.state.attempts
      assert.strictEqual(first, 0)
      assert.lengthOf(others, 3)
      assert.isAtMost(others.at(-1)!, 1_000 + 2_000 + 4_000)
      assert.lengthOf(world.receiver.accepted, 1)
    }))

  it.effect("waits as long as Retry-After says", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 429, headers: { "retry-after": "120" } })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("119 seconds")
          assert.lengthOf(world.receiver.accepted, 0)
          yield* TestClock.adjust("2 seconds")
          assert.lengthOf(world.receiver.accepted, 1)
        }))
      assert.isAtLeast(world.receiver.accepted[0]!.at, 120_000)
    }))

  it.effect("spares a sink that asked for it, whichever delivery has something to tell", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const other = { ...world, record: makeRecord() }
      world.receiver.script.push({ status: 429, headers: { "retry-after": "120" } })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust(1)
          yield* notify.tell(delivery([{ name: "chat" }], "other"), notifiers, at("a"), denied).pipe(
            Effect.provide(other.record.layer, { local: true })
          )
          yield* TestClock.adjust("119 seconds")
          assert.lengthOf(world.receiver.state.attempts, 1)
          yield* TestClock.adjust("2 seconds")
        }))
      assert.lengthOf(world.receiver.accepted, 2)
    }))

  it.effect("sends at most one message a second to a sink", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          for (const letter of ["a", "b", "c"]) yield* notify.tell(chat, notifiers, at(letter), denied)
          yield* TestClock.adjust("10 seconds")
        }), { interval: 1_000 })
      const times = world.receiver.accepted.map((message) => message.at)
      assert.deepStrictEqual(times, [0, 1_000, 2_000])
    }))

  it.effect("drops what is refused for good, and goes on", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 410 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.flush
          yield* notify.tell(chat, notifiers, at("b"), applied)
          yield* notify.flush
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["recovered"])
    }))

  it.effect("gives a message up after a day", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      for (let index = 0; index < 2_000; index++) world.receiver.script.push({ status: 500 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          for (let hour = 0; hour < 25; hour++) yield* TestClock.adjust("1 hour")
          yield* notify.flush
        }))
      assert.lengthOf(world.receiver.accepted, 0)
      assert.include(world.record.text(), "\"pending\":[]")
    }))

  it.effect("does not hold up the run when the record cannot be saved, and sends when it can", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.record.state.failSaves = 3
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.tell(chat, notifiers, at("a"), applyFailed)
          yield* TestClock.adjust(0)
          assert.lengthOf(world.receiver.state.attempts, 0)
          for (let index = 0; index < 30; index++) yield* TestClock.adjust("1 second")
          yield* notify.flush
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked", "failed"])
    }))

  it.effect("does not take a record that cannot be read for an empty one", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) => Effect.andThen(notify.tell(chat, notifiers, at("a"), denied), notify.flush))
      world.record.state.failLoads = 2
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          for (let index = 0; index < 10; index++) yield* TestClock.adjust("1 second")
          yield* notify.flush
        }))
      assert.lengthOf(world.receiver.accepted, 1)
    }))

  it.effect("begins anew when the record is of another make", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.record.put("{\"version\":99}")
      yield* inProcess(world, (notify) => Effect.andThen(notify.tell(chat, notifiers, at("a"), denied), notify.flush))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
    }))

  it.effect("stops waiting at the end of a process and leaves the rest to the next", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 500, headers: { "retry-after": "3000" } })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          const flushed = yield* Effect.forkChild(notify.flush)
          yield* TestClock.adjust(1)
          yield* TestClock.adjust("15 seconds")
          yield* Fiber.join(flushed)
        }))
      assert.lengthOf(world.receiver.accepted, 0)
      yield* inProcess(world, (notify) => Effect.andThen(notify.resume(chat, notifiers), notify.flush))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
    }))

  it.effect("keeps addresses and tokens out of the record", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const recorded: Array<string> = []
      world.record.state.around = (save) =>
        Effect.tap(save, () => Effect.sync(() => recorded.push(world.record.text())))
      yield* inProcess(world, (notify) => Effect.andThen(notify.tell(chat, notifiers, at("a"), denied), notify.flush))
      assert.isAbove(recorded.length, 0)
      assert.notMatch(recorded.join("\n"), /canary|hooks\.example/u)
    }))
})

describe("message ids", () => {
  it("depend on the transition, the notifier and the run, and on nothing else", () => {
    const message = messageOf("blocked", denied)
    const id = messageId(message, "chat")
    assert.strictEqual(messageId({ ...message, time: 1, durationMs: 2, url: "x" }, "chat"), id)
    const others = [
      messageId(message, "events"),
      messageId({ ...message, state: "failed" }, "chat"),
      messageId({ ...message, revision: revision("b") }, "chat"),
      messageId({ ...message, run: "another" }, "chat"),
      messageId({ ...message, delivery: "shop/other" }, "chat")
    ]
    assert.strictEqual(new Set([id, ...others]).size, 6)
  })
})

describe("a kill", () => {
  type Step = readonly [Revision["hash"], Outcome]
  const history: ReadonlyArray<Step> = [["a", denied], ["a", denied], ["b", applied], ["c", applyFailed], [
    "d",
    applied
  ]]

  /** Runs the history, dying at one of its steps, and once more after it: returns whether that step was reached. */
  const dyingAt = (step: number, world: ReturnType<typeof makeWorld>) =>
    Effect.gen(function*() {
      const killed = yield* Deferred.make<void>()
      let steps = 0
      const dying = Effect.suspend(() =>
        steps++ === step ? Effect.andThen(Deferred.succeed(killed, undefined), Effect.never) : Effect.void
      )
      const around = (what: Effect.Effect<void>) => dying.pipe(Effect.andThen(what), Effect.andThen(dying))
      world.record.state.around = around
      world.receiver.state.around = around
      let done = 0
      const live = (outcomes: ReadonlyArray<Step>) =>
        inProcess(world, (notify) =>
          Effect.gen(function*() {
            yield* notify.resume(chat, notifiers)
            for (const [letter, outcome] of outcomes) {
              yield* notify.tell(chat, notifiers, at(letter, { id: `run-${letter}` }), outcome)
              done++
            }
            yield* notify.flush
          }))
      yield* Effect.raceFirst(live(history), Deferred.await(killed))
      const reached = steps > step
      world.record.state.around = (save) => save
      world.receiver.state.around = (take) => take
      if (reached) yield* live(history.slice(Math.min(done, history.length - 1)))
      return reached
    })

  it.effect("between any two steps neither loses nor repeats a transition", () =>
    Effect.gen(function*() {
      let tried = 0
      for (;; tried++) {
        const world = makeWorld()
        const reached = yield* dyingAt(tried, world)
        const { accepted } = world.receiver
        assert.deepStrictEqual(states(accepted), ["blocked", "recovered", "failed", "recovered"], `killed at ${tried}`)
        const repeated = accepted.length - states(accepted).length
        assert.isAtMost(repeated, 1, `killed at ${tried}`)
        assert.include(world.record.text(), "\"pending\":[]")
        if (!reached) break
      }
      assert.strictEqual(tried, 24)
    }))
})

describe("logs", () => {
  it.effect("name the notifier, never its address or its key", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      world.receiver.script.push({ status: 404 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(delivery([{ name: "chat" }, { name: "chta" }]), notifiers, at("a"), denied)
          yield* notify.flush
        })).pipe(Effect.provide(Logger.layer([logger])))
      const text = lines.join("\n")
      assert.include(text, "Notifier chat (webhook): it answered 404")
      assert.include(text, "shop/shop-prod wants to tell Notifier chta, which is not in its namespace; there are chat")
      assert.notMatch(text, /canary|hooks\.example/u)
    }))
})
