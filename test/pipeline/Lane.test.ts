import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ApplyFailed, FetchFailed, RenderFailed } from "../../src/domain/StageError.ts"
import { make as makeOutage } from "../../src/kube/Outage.ts"
import type { LaneOptions } from "../../src/pipeline/Lane.ts"
import type { Request } from "../../src/pipeline/Request.ts"
import { violation } from "../controller/story.ts"
import { revision, World } from "./model.ts"

/** Starts the loop, lets it settle, hands it over, and stops it. */
const running = <A, E, R>(world: World, body: Effect.Effect<A, E, R>, options: Partial<LaneOptions<never>> = {}) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(world.run(options))
    yield* TestClock.adjust(1)
    const value = yield* body
    yield* stop(fiber)
    return value
  })

/** A write in flight ends by the clock, so the clock has to go on while the loop is stopped. */
const stop = (fiber: Fiber.Fiber<void>) =>
  Effect.all([Fiber.interrupt(fiber), TestClock.adjust("10 seconds")], { concurrency: 2, discard: true })

const push = (world: World, count: number) => Effect.sync(() => void (world.head = revision(count)))

describe("the loop of one delivery", () => {
  it.effect("applies what the source points to, once", () =>
    Effect.gen(function*() {
      const world = new World()
      yield* running(world, TestClock.adjust("10 seconds"))
      assert.deepStrictEqual(world.cluster, [revision(1).hash, revision(1).hash])
      assert.deepStrictEqual(world.outcomes(), ["Applied"])
      assert.strictEqual(world.told.length, 1)
    }))

  it.effect("lets a newer revision interrupt a health wait, and says by whom", () =>
    Effect.gen(function*() {
      const world = new World()
      world.healthMs = 60_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* push(world, 2)
          world.healthMs = 10
          yield* TestClock.adjust("3 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Interrupted", "Applied"])
      assert.strictEqual(world.cluster[1], revision(2).hash)
      const interrupted = world.events.find((event) => event._tag === "RunInterrupted")
      assert.include(interrupted?._tag === "RunInterrupted" ? interrupted.by : "", revision(2).hash)
    }))

  it.effect("never leaves a write half done, and the next run starts from what is there", () =>
    Effect.gen(function*() {
      const world = new World()
      world.writeMs = 5_000
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("1 second")
          yield* push(world, 2)
          yield* TestClock.adjust("30 seconds")
        })
      )
      assert.deepStrictEqual(world.cluster, [revision(2).hash, revision(2).hash])
      assert.deepStrictEqual(world.outcomes(), ["Interrupted", "Applied"])
    }))

  it.effect("advances the revision without a run when nothing that it reads has changed", () =>
    Effect.gen(function*() {
      const world = new World()
      world.closureOf = () => "the same"
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("5 seconds")
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        })
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
      assert.strictEqual(world.recorded, `main@sha1:${revision(1).hash}`)
    }))

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

  it.effect("tries again at once what failed in an outage that is over, however long the pause", () =>
    Effect.gen(function*() {
      const world = new World()
      const outage = makeOutage()
      world.runFails = new ApplyFailed({ detail: "no answer" })
      const down = Effect.gen(function*() {
        yield* outage.began
        yield* TestClock.adjust("20 minutes")
        world.runFails = undefined
        yield* outage.answered
        yield* TestClock.adjust("2 seconds")
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

  it.effect("makes progress under a commit every 300 ms", () =>
    Effect.gen(function*() {
      const world = new World()
      world.planMs = 400
      let applied = 0
      const tick = Stream.tick("100 millis").pipe(Stream.map(() => ({ why: "interval" as const })))
      yield* running(
        world,
        Effect.gen(function*() {
          for (let count = 2; count < 202; count++) {
            const before = world.recorded
            yield* push(world, count)
            yield* TestClock.adjust("300 millis")
            if (world.recorded !== before) applied++
          }
          yield* TestClock.adjust("10 seconds")
        }),
        { requests: tick }
      )
      assert.isAbove(applied, 10)
      assert.deepStrictEqual(world.cluster, [revision(201).hash, revision(201).hash])
    }))

  it.effect("ends on the newest revision after any storm of commits, kills and failures", () =>
    Effect.gen(function*() {
      const storms = 1_000
      for (let storm = 0; storm < storms; storm++) {
        const world = new World()
        const below = (limit: number) => Random.nextIntBetween(0, limit)
        world.planMs = yield* below(300)
        world.writeMs = yield* below(200)
        world.healthMs = yield* below(2_000)
        let count = 1
        const requests = Stream.tick("2 seconds").pipe(Stream.map(() => ({ why: "interval" as const })))
        let fiber = yield* Effect.forkChild(world.run({ requests }))
        const steps = 3 + (yield* below(5))
        for (let step = 0; step < steps; step++) {
          yield* TestClock.adjust(1 + (yield* below(1_500)))
          switch (yield* below(4)) {
            case 0:
            case 1:
              yield* push(world, ++count)
              break
            case 2:
              world.runFails = world.runFails === undefined ? new ApplyFailed({ detail: "away" }) : undefined
              break
            default:
              yield* stop(fiber)
              fiber = yield* Effect.forkChild(world.run({ requests }))
          }
        }
        world.runFails = undefined
        yield* TestClock.adjust("2 minutes")
        yield* stop(fiber)
        assert.deepStrictEqual(world.cluster, [revision(count).hash, revision(count).hash], `storm ${storm}`)
      }
    }), 60_000)

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

  it.effect("answers whoever asks by hand with an outcome, also where there is nothing to do", () =>
    Effect.gen(function*() {
      const world = new World()
      const asked = yield* Queue.unbounded<Request>()
      yield* running(
        world,
        Effect.gen(function*() {
          yield* Queue.offer(asked, { why: "started" })
          yield* TestClock.adjust("2 seconds")
          yield* Queue.offer(asked, { why: "webhook" })
          yield* TestClock.adjust("2 seconds")
          yield* Queue.offer(asked, { why: "manual" })
          yield* TestClock.adjust(1)
          yield* TestClock.adjust("2 seconds")
        }),
        { requests: Stream.fromQueue(asked) }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
    }))

  it.effect("opens no tree of a revision that is known to touch nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const opened: Array<string> = []
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* push(world, 2)
          yield* TestClock.adjust("5 seconds")
        }),
        {
          untouched: () => Effect.succeed(true),
          tree: (of) => Effect.suspend(() => (opened.push(of.hash), world.options.tree(of)))
        }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Unchanged"])
      assert.deepStrictEqual(opened, [revision(1).hash])
    }))

  it.effect("runs again when drift asks for it, although nothing is new", () =>
    Effect.gen(function*() {
      const world = new World()
      const drifted = yield* Latch.make(false)
      yield* running(
        world,
        Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          world.cluster[0] = "somebody else's"
          yield* drifted.open
          yield* TestClock.adjust("2 seconds")
        }),
        { beside: ({ ask }) => Effect.andThen(drifted.await, ask("drift")) }
      )
      assert.deepStrictEqual(world.cluster, [revision(1).hash, revision(1).hash])
    }))

  it.effect("ends every run with its outcome, also one that is replaced while its end is told", () =>
    Effect.gen(function*() {
      const world = new World()
      const drifted = yield* Latch.make(false)
      yield* running(
        world,
        Effect.gen(function*() {
          // The run is over, and its message takes its time.
          yield* TestClock.adjust("2 seconds")
          world.cluster[0] = "somebody else's"
          yield* drifted.open
          yield* TestClock.adjust("8 seconds")
        }),
        {
          beside: ({ ask }) => Effect.andThen(drifted.await, ask("drift")),
          tell: () => Effect.sleep("3 seconds")
        }
      )
      assert.deepStrictEqual(world.outcomes(), ["Applied", "Applied"])
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
