import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Request } from "../../src/pipeline/Request.ts"
import { violation } from "../controller/story.ts"
import { push, revision, running, World } from "./model.ts"

describe("the loop of one delivery", () => {
  it.effect("does not try a denied revision again; the fix passes", () =>
    Effect.gen(function*() {
      const world = new World()
      world.denied = new Set([revision(1).hash])
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1 hour")
          assert.deepStrictEqual(world.outcomes(), ["Denied"])
          assert.deepStrictEqual(world.cluster, ["", ""])
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Denied", "Applied"])
    }))

  it.effect("tells the newest revision what it comes to, where one that is denied was judged while it came", () =>
    Effect.gen(function*() {
      const world = new World()
      world.closureOf = () => "the same"
      world.denied = new Set(["the same"])
      world.planMs = 3_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1500 millis")
          yield* push(world, 2)
          yield* TestClock.adjust("20 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Denied", "Denied"])
      assert.strictEqual(world.told.at(-1)?.run.revision?.hash, revision(2).hash)
    }))

  it.effect("asks again what could not be judged, now and then: a machine is not always too slow", () =>
    Effect.gen(function*() {
      const world = new World()
      world.denied = new Set([revision(1).hash])
      world.violations = [{ ...violation, rule: "error" }]
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("5 minutes")
          assert.deepStrictEqual(world.outcomes(), ["Denied"])
          world.denied = new Set()
          yield* TestClock.adjust("6 minutes")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Denied", "Applied"])
    }))

  it.effect("asks again what changesets are denied, now and then: a freeze ends", () =>
    Effect.gen(function*() {
      const world = new World()
      world.deniedBy = "changeset"
      world.denied = new Set([revision(1).hash])
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("15 minutes")
          assert.deepStrictEqual(world.outcomes(), ["Denied", "Denied"])
          world.denied = new Set()
          yield* TestClock.adjust("10 minutes")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Denied", "Denied", "Applied"])
    }))

  it.effect("judges a revision again by other policies: once for all who say so, and what it denies stays as it is", () =>
    Effect.gen(function*() {
      const world = new World()
      const requests = yield* Queue.unbounded<Request>()
      world.closureOf = ({ hash }) => `${hash} by one`
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(requests, { why: "started" })
          yield* TestClock.adjust("5 seconds")
          world.closureOf = ({ hash }) => `${hash} by two`
          world.denied = new Set([`${revision(1).hash} by two`])
          for (const why of ["policy", "policy", "interval", "policy"] as const) yield* Queue.offer(requests, { why })
          yield* TestClock.adjust("5 seconds")
          assert.deepStrictEqual(world.outcomes(), ["Applied", "Denied"])
          const by = `${revision(1).hash} by one`
          assert.deepStrictEqual(world.cluster, [by, by])
          // The same policies again cost nothing but a look.
          world.closureOf = ({ hash }) => `${hash} by one`
          world.denied = new Set()
          yield* Queue.offer(requests, { why: "policy" })
          yield* TestClock.adjust("5 seconds")
          yield* Queue.offer(requests, { why: "policy" })
          yield* TestClock.adjust("5 seconds")
        }),
        { requests: Stream.fromQueue(requests) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Denied", "Applied"])
      assert.deepStrictEqual(
        world.events.flatMap((event) => event._tag === "RunStarted" ? [event.why] : []),
        ["started", "policy", "policy"]
      )
    }))

  it.effect("judges a run in progress by policies that came meanwhile", () =>
    Effect.gen(function*() {
      const world = new World()
      const requests = yield* Queue.unbounded<Request>()
      world.planMs = 1_000
      world.closureOf = () => "by one"
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(requests, { why: "started" })
          yield* TestClock.adjust("500 millis")
          world.closureOf = () => "by two"
          world.denied = new Set(["by two"])
          yield* Queue.offer(requests, { why: "policy" })
          yield* TestClock.adjust("5 seconds")
        }),
        { requests: Stream.fromQueue(requests) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Interrupted", "Denied"])
      assert.deepStrictEqual(world.cluster, ["", ""])
    }))

  it.effect("judges a revision again at the moment that a waiver ends, and asks nobody until then", () =>
    Effect.gen(function*() {
      const world = new World()
      const month = 31 * 24 * 3_600_000
      world.endsAt = month
      world.closureOf = () => "waived"
      let heads = 0
      const head = Effect.suspend(() => Effect.succeed((heads++, world.head)))
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1 minute")
          const { length } = world.events
          yield* TestClock.setTime(month - 1)
          assert.strictEqual(world.events.length, length)
          assert.strictEqual(heads, 1)
          world.endsAt = undefined
          world.closureOf = () => "no longer waived"
          world.denied = new Set(["no longer waived"])
          yield* TestClock.adjust("10 seconds")
        }),
        { requests: Stream.concat(Stream.make({ why: "started" as const }), Stream.never), head }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Denied"])
      assert.deepStrictEqual(world.cluster, ["waived", "waived"])
    }))
})
