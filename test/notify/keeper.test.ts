import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import type { Keeper, Reply } from "../../src/notify/Keeper.ts"
import { denied, renderFailed } from "./outcomes.ts"
import { at, chat, inProcess, makeWorld, notifiers, states } from "./process.ts"
import { notifier, secretsOf } from "./world.ts"

const hook = { address: "https://hooks.example.com/canary-path-5511" }

/** Somebody who keeps Notifiers, as far as a test does. */
const makeKeeper = (...malformed: ReadonlyArray<string>) => {
  const heard: Array<Reply> = []
  const broken = new Set(malformed)
  const keeper: Keeper = {
    isMalformed: (id) => broken.has(id),
    hear: (reply) => Effect.sync(() => void heard.push(reply))
  }
  return { keeper, heard, broken, reasons: () => heard.map(({ failure }) => failure?.reason) }
}

describe("with somebody who keeps the Notifiers", () => {
  it.effect("what lacks its Secret waits for it, and goes out at once when it is there", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const kept = makeKeeper()
      const secrets: Record<string, Record<string, string>> = {}
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.join(kept.keeper)
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("1 hour")
          assert.deepStrictEqual([...new Set(kept.reasons())], ["InvalidSpec"])
          // Soon where it is only late, and then seldom: whoever keeps it will say when it is there.
          assert.isAtMost(kept.heard.length, 5 + 12)
          assert.include(world.record.text(), "\"notifier\":\"chat\"")
          secrets.hook = hook
          yield* notify.update(chat, notifiers)
          yield* notify.flush
        }).pipe(Effect.scoped, Effect.provide(secretsOf(secrets), { local: true })))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
      assert.isUndefined(kept.heard.at(-1)!.failure)
      assert.strictEqual(kept.heard.at(-1)!.notifier, "shop/chat")
    }))

  it.effect("what was mended while it was tried is tried again at once", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const kept = makeKeeper()
      for (let index = 0; index < 30; index++) world.receiver.script.push({ status: 500 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          const { keeper } = kept
          yield* notify.join({
            ...keeper,
            // The last that fails: it is mended before anybody waits.
            hear: (reply) =>
              Effect.andThen(
                keeper.hear(reply),
                reply.attempt === 30 ? notify.update(chat, notifiers) : Effect.void
              )
          })
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("1 day")
          yield* notify.flush
        }).pipe(Effect.scoped))
      const [before, last] = world.receiver.state.attempts.slice(-2)
      assert.lengthOf(world.receiver.state.attempts, 31)
      assert.strictEqual(last, before)
    }))

  it.effect("a malformed one is told as what it is, and told when it was mended", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const kept = makeKeeper("shop/chat")
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.join(kept.keeper)
          yield* notify.tell(chat, [], at("a"), denied)
          yield* TestClock.adjust("1 minute")
          assert.include(lines.join("\n"), "Notifier chat, which is malformed: its status says what to mend")
          assert.notInclude(lines.join("\n"), "is not in its namespace")
          assert.lengthOf(world.receiver.state.attempts, 0)
          kept.broken.clear()
          yield* notify.update(chat, [notifier("chat", { webhook: { secretRef: { name: "hook" } } })])
          yield* notify.flush
        }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger]))))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
    }))

  it.effect("one that became malformed loses nothing that waits for it", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const kept = makeKeeper()
      world.receiver.script.push({ status: 503 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.join(kept.keeper)
          yield* notify.tell(chat, notifiers, at("a"), renderFailed)
          kept.broken.add("shop/chat")
          yield* notify.update(chat, [])
          yield* TestClock.adjust("1 hour")
          assert.lengthOf(world.receiver.accepted, 0)
          kept.broken.clear()
          yield* notify.update(chat, notifiers)
          yield* notify.flush
        }).pipe(Effect.scoped))
      assert.deepStrictEqual(states(world.receiver.accepted), ["failed"])
    }))

  it.effect("whether one could be told is known without a message", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          const examined = (secrets: Parameters<typeof secretsOf>[0]) =>
            notify.examine(notifiers[0]!).pipe(
              Effect.match({ onSuccess: () => "well", onFailure: ({ reason, why }) => `${reason}: ${why}` }),
              Effect.provide(secretsOf(secrets), { local: true })
            )
          assert.strictEqual(yield* examined({ hook }), "well")
          assert.strictEqual(yield* examined({}), "InvalidSpec: there is no Secret hook")
          assert.strictEqual(
            yield* examined({ hook: { token: "canary-only" } }),
            "InvalidSpec: the Secret hook has no key address"
          )
          assert.strictEqual(
            yield* examined({ hook: { address: "http://169.254.169.254/canary" } }),
            "InvalidSpec: link-local and metadata addresses are refused"
          )
        }))
      assert.lengthOf(world.receiver.state.attempts, 0)
    }))
})
