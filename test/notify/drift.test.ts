import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { DriftFinding, DriftTold } from "../../src/domain/DriftReport.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import type { Notify } from "../../src/notify/Notify.ts"
import * as Outbox from "../../src/notify/outbox.ts"
import { driftMessageOf, scaled } from "./drifts.ts"
import { applied, denied, messageOf, revision, run } from "./outcomes.ts"
import { at, chat, inProcess, makeWorld, notifiers, states } from "./process.ts"
import { delivery } from "./world.ts"

const change = (name: string, more: Partial<DriftFinding> = {}): DriftFinding => ({
  ...scaled,
  object: { ...scaled.object, name },
  ...more
})

const drifted = Effect.fnUntraced(function*(
  notify: Notify["Service"],
  findings: ReadonlyArray<DriftFinding>,
  told: Partial<DriftTold> = {}
) {
  const time = yield* Clock.currentTimeMillis
  const { delivery, url } = run
  yield* notify.tellDrift(chat, notifiers, { delivery, url, revision: revision("a"), findings, time, ...told })
})

interface Told {
  readonly data: { readonly phase: string; readonly changes: number; readonly findings: ReadonlyArray<unknown> }
}
const read = (body: string) => (JSON.parse(body) as Told).data

describe("drift", () => {
  it.effect("of many objects is one message, ten seconds after the first", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          for (let index = 0; index < 100; index++) {
            yield* drifted(notify, [change(`web-${index}`)])
            yield* TestClock.adjust("50 millis")
          }
          assert.strictEqual(world.record.state.saves, 1, "the first is recorded at once, the others soon")
          yield* TestClock.adjust("4900 millis")
          assert.lengthOf(world.receiver.accepted, 0)
          yield* TestClock.adjust("200 millis")
          yield* notify.flush
        }))
      const [only, ...others] = world.receiver.accepted
      assert.lengthOf(others, 0)
      const { changes, findings, phase } = read(only!.body)
      assert.deepStrictEqual([phase, changes, findings.length], ["changed", 100, 20])
      assert.isAtMost(world.record.state.saves, 4)
    }))

  it.effect("goes on quietly, and a fight is told when it begins and when it is over", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          for (let second = 0; second < 600; second += 10) {
            yield* drifted(notify, [change("web"), ...second === 300 ? [change("api", { action: "backing off" })] : []])
            yield* TestClock.adjust("10 seconds")
          }
          yield* TestClock.adjust("1 hour")
          yield* notify.flush
        }))
      const told = world.receiver.accepted.map(({ at, body }) => `${read(body).phase} ${at / 1_000}`)
      assert.deepStrictEqual(told, [
        "changed 10",
        "changed 70",
        "fight-started 310",
        "changed 370",
        "fight-over 960",
        "changed 1270"
      ])
    }))

  it.effect("leaves alone what was told of the revision", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* drifted(notify, [change("web")])
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("11 seconds")
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.tell(chat, notifiers, at("a"), applied)
          yield* notify.tell(chat, notifiers, at("a"), applied)
          yield* notify.flush
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked", "drift", "recovered"])
    }))

  it.effect("survives the process that saw it", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(
        world,
        (notify) => Effect.andThen(drifted(notify, [change("web")]), TestClock.adjust("5 seconds"))
      )
      assert.lengthOf(world.receiver.accepted, 0)
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.resume(chat, notifiers)
          yield* TestClock.adjust("6 seconds")
          yield* notify.flush
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["drift"])
      assert.strictEqual(world.receiver.accepted[0]!.at, 10_000)
      yield* inProcess(world, (notify) => Effect.andThen(notify.resume(chat, notifiers), TestClock.adjust("2 hours")))
      assert.lengthOf(world.receiver.accepted, 1)
    }))

  it.effect("has the same id in the process after", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.state.around = (take) => Effect.andThen(take, Effect.never)
      yield* inProcess(world, (notify) =>
        Effect.andThen(drifted(notify, [change("web")]), TestClock.adjust("11 seconds")))
      world.receiver.state.around = (take) =>
        take
      yield* inProcess(world, (notify) => Effect.andThen(notify.resume(chat, notifiers), notify.flush))
      assert.lengthOf(world.receiver.accepted, 2)
      assert.lengthOf(states(world.receiver.accepted), 1)
    }))

  it.effect("is recorded by a flush, which does not wait until it is told", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* drifted(notify, [change("web")])
          yield* TestClock.adjust(1)
          yield* drifted(notify, [change("api")])
          yield* TestClock.adjust(1)
          assert.notInclude(world.record.text(), "\"api\"")
          yield* notify.flush
        }))
      assert.include(world.record.text(), "\"api\"")
      assert.lengthOf(world.receiver.accepted, 0)
    }))

  it.effect("costs nothing where nobody wants to know", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          const deaf = delivery([{ name: "chat", on: ["failed"] }])
          const time = yield* Clock.currentTimeMillis
          const told = { delivery: "shop/shop-prod", url: "", revision: undefined, time }
          yield* notify.tellDrift(deaf, notifiers, { ...told, findings: [change("web")] })
          yield* notify.tellDrift(chat, notifiers, { ...told, findings: [] })
          yield* TestClock.adjust("1 minute")
        }))
      assert.deepStrictEqual([world.record.state.loads, world.record.state.saves], [0, 0])
    }))

  it.effect("shows no secret, wherever somebody put it", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const redactions = new RedactedValues()
      redactions.add("canary-5521")
      const recorded: Array<string> = []
      world.record.state.around = (save) =>
        Effect.tap(save, () => Effect.sync(() => recorded.push(world.record.text())))
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          const finding = change("x-canary-5521", { manager: "m canary-5521", fields: ["data.canary-5521"] })
          yield* drifted(notify, [finding], { url: "https://me:canary-7711@git.example.com/a/canary-5521" })
          yield* TestClock.adjust("11 seconds")
          yield* notify.flush
        })).pipe(Effect.provideService(Redactions, redactions))
      assert.lengthOf(world.receiver.accepted, 1)
      assert.notMatch(recorded.join("\n") + world.receiver.accepted[0]!.body, /canary/u)
    }))
})

describe("the outbox", () => {
  const place = { channel: "C0", ts: "1.1" }
  const message = driftMessageOf([scaled])
  const told = { revision: "main@sha1:a", state: "applied", reasons: [] } as const

  it("never lets a message about drift stand in for that of the revision", () => {
    const tell = Outbox.tell(Outbox.empty, { state: "applied", told }, messageOf("applied", applied), ["chat"])
    const after = Outbox.settle(tell, "chat", Outbox.nextFor(tell, "chat")!.id, place)
    const drift = Outbox.tellDrift(after, Outbox.driftOf(after), [message], ["chat"])
    const next = Outbox.nextFor(drift, "chat")!
    assert.isUndefined(next.thread)
    const settled = Outbox.settle(drift, "chat", next.id, { channel: "C0", ts: "2.2" })
    assert.deepStrictEqual(settled.threads, after.threads)
    assert.deepStrictEqual(settled.told, told)
  })

  it("keeps five messages about drift, which push out no others", () => {
    let outbox = Outbox.tell(Outbox.empty, { state: "applied", told }, messageOf("applied", applied), ["chat"])
    for (let index = 0; index < 100; index++) {
      outbox = Outbox.tellDrift(outbox, Outbox.driftOf(outbox), [{ ...message, run: `${index}` }], ["chat"])
    }
    assert.deepStrictEqual(outbox.pending.map((pending) => pending.message.run), [run.id, "95", "96", "97", "98", "99"])
  })

  it.effect("is the same after it was written and read", () =>
    Effect.gen(function*() {
      const outbox = Outbox.tellDrift(Outbox.empty, Outbox.driftOf(Outbox.empty), [message], ["chat"])
      assert.deepStrictEqual(yield* Outbox.decode(Outbox.encode(outbox)), outbox)
    }))
})
