import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ApplyFailed, FetchFailed, RenderFailed } from "../../src/domain/StageError.ts"
import { make as makeOutage } from "../../src/kube/Outage.ts"
import type { Request } from "../../src/pipeline/Request.ts"
import { push, revision, running, World } from "./model.ts"

describe("the loop of one delivery", () => {
  it.effect("tries a transient failure again with growing pauses, until it works", () =>
    Effect.gen(function*() {
      const world = new World()
      world.runFails = new ApplyFailed({ detail: "the API server is away" })
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 minutes")
          assert.isAbove(world.outcomes().length, 3)
          world.runFails = undefined
          yield* TestClock.adjust("10 minutes")
        })
      )
      assert.strictEqual(world.outcomes().at(-1), "Applied")
    }))

  it.effect("tries again within seconds what failed in an outage that is over, however long the pause", () =>
    Effect.gen(function*() {
      const world = new World()
      const outage = makeOutage()
      world.runFails = new ApplyFailed({ detail: "no answer" })
      const down = Effect.gen(function*() {
        yield* outage.began
        yield* TestClock.adjust("20 minutes")
        world.runFails = undefined
        yield* outage.answered
        // The last try may just have been: ten seconds after it the end of an outage counts.
        yield* TestClock.adjust("11 seconds")
        assert.strictEqual(world.outcomes().at(-1), "Applied")
        // An answer when there was no outage wakes nobody.
        const { length } = world.outcomes()
        yield* outage.answered
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(world.outcomes(), length)
      })
      yield* running(world, down, { recovered: outage.recovered })
    }))

  it.effect("waits ever longer in an outage that comes and goes", () =>
    Effect.gen(function*() {
      const world = new World()
      world.runFails = new ApplyFailed({ detail: "connection reset" })
      // Others are answered, again and again.
      yield* running(world, TestClock.adjust("1 minute"), { recovered: () => Effect.void })
      assert.isBelow(world.outcomes().length, 15)
      assert.isAbove(world.outcomes().length, 5)
    }))

  it.effect("tells nobody of a blip, and somebody of what lasts", () =>
    Effect.gen(function*() {
      const world = new World()
      world.runFails = new ApplyFailed({ detail: "connection reset" })
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("180 millis")
          assert.deepStrictEqual(world.outcomes(), ["Failed"])
          assert.deepStrictEqual(world.told, [])
          yield* TestClock.adjust("1 minute")
        })
      )
      assert.isAbove(world.told.length, 1)
    }))

  it.effect("keeps what runs when the source cannot be reached, and comes back by itself", () =>
    Effect.gen(function*() {
      const world = new World()
      world.healthMs = 5_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1 second")
          world.fetchFails = new FetchFailed({ detail: "git.example.com: ECONNREFUSED" })
          yield* TestClock.adjust("10 seconds")
          assert.include(world.outcomes(), "Applied")
          assert.notInclude(world.outcomes(), "Interrupted")
          world.fetchFails = undefined
          yield* push(world, 2)
          yield* TestClock.adjust("5 minutes")
        })
      )
      assert.strictEqual(world.cluster[1], revision(2).hash)
    }))

  it.effect("gives up after the attempts it was given", () =>
    Effect.gen(function*() {
      const world = new World()
      world.runFails = new ApplyFailed({ detail: "no" })
      yield* running(world, TestClock.adjust("10 minutes"), {
        attempts: 3,
        requests: Stream.concat(Stream.make({ why: "started" as const }), Stream.never)
      })
      assert.deepStrictEqual(world.outcomes(), ["Failed", "Failed", "Failed"])
      const last = world.events.at(-1)!
      assert.isUndefined(last._tag === "RunEnded" ? last.details.next : "not ended")
    }))

  it.effect("tells a broken revision as a failure of that revision", () =>
    Effect.gen(function*() {
      const world = new World()
      const broken = new RenderFailed({ detail: "not YAML" })
      yield* running(world, TestClock.adjust("5 seconds"), { tree: () => Effect.fail(broken) })
      assert.deepStrictEqual(world.outcomes(), ["Failed"])
      assert.strictEqual(world.told[0]!.run.revision?.hash, revision(1).hash)
    }))

  it.effect("does not take a commit that touches nothing for a success while the rollout before it fails", () =>
    Effect.gen(function*() {
      const world = new World()
      world.closureOf = () => "the same"
      world.runFails = new ApplyFailed({ detail: "webhook down", class: "stalled" })
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("5 seconds")
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Failed"])
    }))

  it.effect("tries a stalled delivery again at once when somebody insists, and tells the newest revision", () =>
    Effect.gen(function*() {
      const world = new World()
      world.closureOf = () => "the same"
      world.runFails = new ApplyFailed({ detail: "forbidden", class: "stalled" })
      const asked = yield* Queue.unbounded<Request>()
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(asked, { why: "started" })
          yield* TestClock.adjust("2 seconds")
          yield* push(world, 2)
          yield* Queue.offer(asked, { why: "webhook" })
          yield* TestClock.adjust("2 seconds")
          world.runFails = undefined
          yield* Queue.offer(asked, { why: "secret" })
          yield* TestClock.adjust(1)
          yield* TestClock.adjust("2 seconds")
        }),
        { requests: Stream.fromQueue(asked) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Failed", "Applied"])
      assert.strictEqual(world.told.at(-1)?.run.revision?.hash, revision(2).hash)
    }))

  it.effect("tells what the newest revision comes to when the source can be read again", () =>
    Effect.gen(function*() {
      const world = new World()
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          world.fetchFails = new FetchFailed({ detail: "no such repository", class: "stalled" })
          yield* TestClock.adjust("2 seconds")
          world.fetchFails = undefined
          yield* TestClock.adjust("3 seconds")
          yield* TestClock.adjust("10 seconds")
        })
      )
      assert.deepStrictEqual([...new Set(world.outcomes())], ["Applied", "Failed", "Unchanged"])
      assert.strictEqual(world.outcomes().at(-1), "Unchanged")
      assert.strictEqual(world.outcomes().filter((outcome) => outcome === "Unchanged").length, 1)
    }))

  it.effect("owes a run to whoever asked while the source could not be read", () =>
    Effect.gen(function*() {
      const world = new World()
      const requests = yield* Queue.unbounded<Request>()
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(requests, { why: "started" })
          yield* TestClock.adjust("5 seconds")
          world.fetchFails = new FetchFailed({ detail: "503" })
          yield* Queue.offer(requests, { why: "drift" })
          yield* TestClock.adjust("1 milli")
          // Mended before the first retry: it is a blip, of which nobody hears.
          world.fetchFails = undefined
          yield* TestClock.adjust("5 seconds")
        }),
        { requests: Stream.fromQueue(requests) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Failed", "Applied"])
    }))
})
