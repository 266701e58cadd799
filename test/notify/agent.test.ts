import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { Outcome, type Run } from "../../src/domain/Outcome.ts"
import { PolicyUnavailable } from "../../src/domain/StageError.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import type { Notify } from "../../src/notify/Notify.ts"
import { denied, fetchFailed, held, renderFailed, unchanged } from "./outcomes.ts"
import { at, chat, inProcess, makeWorld, notifiers, states } from "./process.ts"
import { delivery, failure, makeRecord, notifier } from "./world.ts"

describe("a delivery that is gone", () => {
  it.effect("is told of no more, and nothing of it runs", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      for (let index = 0; index < 100; index++) world.receiver.script.push({ status: 500 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("10 seconds")
          const attempts = world.receiver.state.attempts.length
          assert.isAbove(attempts, 0)
          yield* notify.forget(chat)
          // Waits for all that runs: for nothing, then.
          yield* notify.flush
          yield* TestClock.adjust("1 hour")
          assert.strictEqual(world.receiver.state.attempts.length, attempts)
          assert.include(world.record.text(), "\"notifier\":\"chat\"", "the record is its owner's to remove")
          yield* notify.forget(chat)
        }))
    }))

  it.effect("may come back under the same name", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.flush
          yield* notify.forget(chat)
          yield* Effect.gen(function*() {
            yield* notify.tell(chat, notifiers, at("a"), denied)
            yield* notify.flush
          }).pipe(Effect.provide(makeRecord().layer, { local: true }))
        }))
      assert.lengthOf(world.receiver.accepted, 2)
    }))
})

describe("notifiers that come and go", () => {
  it.effect("are tried at once when they were mended", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      for (let index = 0; index < 1_000; index++) world.receiver.script.push({ status: 500 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust("1 hour")
          const now = world.receiver.state.attempts.length
          world.receiver.script.length = 0
          yield* notify.update(delivery([], "other"), [])
          yield* notify.update(chat, [notifier("chat", { webhook: { secretRef: { name: "hook" } } })])
          yield* notify.flush
          assert.strictEqual(world.receiver.state.attempts.length, now + 1)
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["blocked"])
    }))

  it.effect("get nothing more once they are gone", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 500 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* TestClock.adjust(0)
          yield* notify.update(chat, [])
          yield* notify.flush
        }))
      assert.lengthOf(world.receiver.accepted, 0)
      assert.include(world.record.text(), "\"pending\":[]")
    }))
})

describe("a record that another Sluice wrote meanwhile", () => {
  it.effect("is read again, and what it says was told is not told twice", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const elsewhere = yield* Effect.gen(function*() {
        const other = { ...world, record: makeRecord() }
        yield* inProcess(other, (notify) => Effect.andThen(notify.tell(chat, notifiers, at("a"), denied), notify.flush))
        return other.record.text()
      })
      let conflicts = 1
      const contested = Layer.effect(
        KubeStatus,
        Effect.map(KubeStatus, (status) => ({
          ...status,
          save: (...all: Parameters<typeof status.save>) =>
            Effect.suspend(() => {
              if (conflicts-- <= 0) return status.save(...all)
              world.record.put(elsewhere)
              return Effect.fail(Object.assign(failure(409, "written by somebody else"), { reason: "Conflict" }))
            })
        }))
      ).pipe(Layer.provide(world.record.layer))
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* notify.tell(chat, notifiers, at("a"), denied)
          yield* notify.tell(chat, notifiers, at("b"), denied)
          yield* TestClock.adjust("2 seconds")
          yield* notify.flush
        }).pipe(Effect.provide(contested, { local: true })))
      assert.lengthOf(world.receiver.accepted, 2)
      assert.include(world.record.text(), "\"pending\":[]")
    }))
})

describe("many deliveries that fail for one reason", () => {
  const each = (count: number, names: ReadonlyArray<string> = ["people"]) =>
    Array.from({ length: count }, (_, index) => ({
      subject: delivery(names.map((name) => ({ name })), `service-${index}`),
      record: makeRecord()
    }))

  const tellAll = (
    notify: Notify["Service"],
    all: ReturnType<typeof each>,
    outcome: Parameters<Notify["Service"]["tell"]>[3],
    letter?: string,
    more: Partial<Run> = {}
  ) =>
    Effect.forEach(all, ({ record, subject }) => {
      const { revision: _, ...details } = at(letter ?? "a")
      const { name, namespace } = subject.metadata
      const run = {
        ...details,
        delivery: `${namespace}/${name}`,
        revision: letter ? at(letter).revision : undefined,
        ...more
      }
      return Effect.provide(notify.tell(subject, notifiers, run, outcome), record.layer, { local: true })
    }, { discard: true })

  const text = (body: string) => (JSON.parse(body) as { readonly text: string }).text

  it.effect("are one message to people, and so is their recovery", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const all = each(37)
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* tellAll(notify, all, fetchFailed)
          yield* TestClock.adjust("5 seconds")
          yield* notify.flush
          yield* tellAll(notify, all, unchanged, "a")
          yield* TestClock.adjust("5 seconds")
          yield* notify.flush
        }), { gather: 5_000 })
      assert.deepStrictEqual(world.receiver.accepted.map(({ body }) => text(body)), [
        ":x: *37 deliveries* failed to fetch: gitlab.example.com: connection refused.",
        ":white_check_mark: *37 deliveries* recovered — nothing had to change"
      ])
      for (const { record } of all) assert.include(record.text(), "\"pending\":[]")
    }))

  it.effect("are one message for each bundle that keeps them from running", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const error = new PolicyUnavailable({ detail: "PolicyBundle other selects this Delivery and cannot judge: no" })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          const all = each(17)
          yield* tellAll(notify, all.slice(0, 12), held, undefined, { isHeld: true })
          yield* tellAll(notify, all.slice(12), Outcome.Failed({ error, changes: undefined }), undefined, {
            isHeld: true
          })
          yield* TestClock.adjust("5 seconds")
          yield* notify.flush
        }), { gather: 5_000 })
      assert.deepStrictEqual(world.receiver.accepted.map(({ body }) => text(body).replace(/ selects.*/u, "")).sort(), [
        ":x: *12 deliveries* cannot run: PolicyBundle baseline",
        ":x: *5 deliveries* cannot run: PolicyBundle other"
      ])
    }))

  it.effect("are waited for longer once there were many", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const all = each(60)
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          for (const one of all) {
            yield* tellAll(notify, [one], fetchFailed)
            yield* TestClock.adjust("1 second")
          }
          yield* TestClock.adjust("1 minute")
          yield* notify.flush
        }), { gather: 5_000 })
      assert.lengthOf(world.receiver.accepted, 2)
    }))

  it.effect("are told one by one if they are few, are different, or machines want to know", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* tellAll(notify, each(3), fetchFailed)
          yield* tellAll(notify, each(5), renderFailed, "b")
          yield* tellAll(notify, each(5, ["chat"]), fetchFailed)
          yield* TestClock.adjust("5 seconds")
          yield* notify.flush
        }), { gather: 5_000 })
      assert.lengthOf(world.receiver.accepted, 13)
    }))

  it.effect("are told one by one where the message for all is refused", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      world.receiver.script.push({ status: 400 })
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* tellAll(notify, each(4), fetchFailed)
          yield* TestClock.adjust("5 seconds")
          yield* notify.flush
        }), { gather: 5_000 })
      assert.lengthOf(world.receiver.accepted, 4)
    }))

  it.effect("lose nobody when the one that would tell for all is gone", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const all = each(10)
      yield* inProcess(world, (notify) =>
        Effect.gen(function*() {
          yield* tellAll(notify, all, fetchFailed)
          yield* TestClock.adjust("4 seconds")
          yield* notify.forget(all[0]!.subject)
          yield* notify.forget(all[1]!.subject)
          const flushed = yield* Effect.forkChild(notify.flush)
          yield* TestClock.adjust("6 seconds")
          yield* Fiber.join(flushed)
        }), { gather: 5_000 })
      assert.deepStrictEqual(world.receiver.accepted.map(({ body }) => text(body).slice(0, 22)), [
        ":x: *8 deliveries* fai"
      ])
    }))

  it.effect("are not held back where nobody asked for it", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* inProcess(world, (notify) => Effect.andThen(tellAll(notify, each(5), fetchFailed), notify.flush))
      assert.lengthOf(world.receiver.accepted, 5)
    }))
})
