import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { DeliveryEvent } from "../../src/controller/events.ts"
import * as EventWriter from "../../src/controller/EventWriter.ts"
import { at } from "../../src/domain/Json.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { DeliveryWriter, type NewEvent } from "../../src/kube/DeliveryWriter.ts"

const id = { namespace: "shop", name: "web", uid: "1" }

const event = (reason: string, message = reason): DeliveryEvent => ({
  type: "Warning",
  reason,
  action: "policy",
  message
})

/** Every pause is as long as it may be. */
const longestPauses = { nextIntUnsafe: () => Number.MAX_SAFE_INTEGER, nextDoubleUnsafe: () => 0.999 }

/** An API server that answers with these, then takes everything; `tries` are all that it was asked for. */
const playing = Effect.fnUntraced(function*(...answers: ReadonlyArray<number>) {
  const script = [...answers]
  const tries: Array<NewEvent> = []
  const made: Array<NewEvent> = []
  const scope = yield* Scope.make()
  const teller = yield* Scope.provide(EventWriter.make(id, "agent-0"), scope).pipe(
    Effect.provideService(DeliveryWriter, {
      patchStatus: () => Effect.die("no status"),
      patchMetadata: () => Effect.die("no metadata"),
      isBusy: () => false,
      createEvent: (event) =>
        Effect.suspend(() => {
          tries.push(event)
          const status = script.shift()
          if (status === undefined) return Effect.sync(() => void made.push(event))
          return Effect.fail(
            new KubeFailure({
              verb: "create",
              resource: "events.events.k8s.io",
              identity: "system:serviceaccount:sluice-system:sluice",
              status,
              reason: "Test",
              detail: "no",
              causes: []
            })
          )
        })
    }),
    Effect.provideService(Random.Random, longestPauses)
  )
  return { ...teller, tries, made, end: Scope.close(scope, Exit.void) }
})

describe("an Event that is not taken", () => {
  it.effect("is tried again, ever more seldom, under its name and of the time that it happened", () =>
    Effect.gen(function*() {
      const { made, tell, tries } = yield* playing(0, 503, 429)
      yield* TestClock.adjust("5 seconds")
      yield* tell([event("PolicyUnavailable")])
      yield* TestClock.adjust("0 seconds")
      assert.lengthOf(tries, 1)
      yield* TestClock.adjust("2 seconds")
      assert.lengthOf(tries, 2)
      yield* TestClock.adjust("3 seconds")
      assert.lengthOf(tries, 2)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(tries, 3)
      yield* TestClock.adjust("8 seconds")
      assert.lengthOf(made, 1)
      assert.strictEqual(new Set(tries.map(({ metadata }) => metadata.name)).size, 1)
      assert.strictEqual(made[0]?.eventTime, "1970-01-01T00:00:05.000000Z")
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(tries, 4)
    }))

  it.effect("holds up no other, and is one with what comes of its reason meanwhile", () =>
    Effect.gen(function*() {
      const { made, tell } = yield* playing(503)
      yield* tell([event("PolicyUnavailable", "first")])
      yield* TestClock.adjust("0 seconds")
      yield* tell([event("Suspended"), event("PolicyUnavailable", "second")])
      yield* TestClock.adjust("0 seconds")
      assert.deepStrictEqual(made.map(({ reason }) => reason), ["Suspended"])
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(made, 2)
      assert.strictEqual(made[1]?.note, "second (2 times, the last one is told)")
      assert.strictEqual(at(made[1]!, "series", "count"), 2)
    }))

  it.effect("is not tried again where that helps nobody, and not for ever", () =>
    Effect.gen(function*() {
      for (const status of [400, 403, 404, 422]) {
        const { tell, tries } = yield* playing(status)
        yield* tell([event("PolicyUnavailable")])
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(tries, 1, `${status}`)
      }
      const { made, tell, tries } = yield* playing(...Array.from({ length: 100 }, () => 503))
      yield* tell([event("PolicyUnavailable")])
      yield* TestClock.adjust("4 minutes")
      assert.isAbove(tries.length, 5)
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(tries, 10)
      assert.lengthOf(made, 0)
    }))

  it.effect("counts for none of those that may be made in a row", () =>
    Effect.gen(function*() {
      const { made, tell, tries } = yield* playing(...Array.from({ length: 20 }, () => 503))
      yield* tell(Array.from({ length: 20 }, (_, index) => event(`Reason${index}`)))
      yield* TestClock.adjust("0 seconds")
      assert.lengthOf(tries, 20)
      yield* TestClock.adjust("2 seconds")
      assert.lengthOf(made, 20)
    }))

  it.effect("waits with 49 others at most", () =>
    Effect.gen(function*() {
      const { tell, tries } = yield* playing(...Array.from({ length: 1_000 }, () => 503))
      yield* tell(Array.from({ length: 80 }, (_, index) => event(`Reason${index}`)))
      yield* TestClock.adjust("1 hour")
      const often = Map.groupBy(tries, ({ reason }) => reason)
      assert.lengthOf([...often].filter(([, all]) => all.length > 1), 50)
    }))

  it.effect("is tried a last time when the agent stops", () =>
    Effect.gen(function*() {
      const { end, made, tell } = yield* playing(503)
      yield* tell([event("PolicyUnavailable")])
      yield* TestClock.adjust("0 seconds")
      yield* end
      assert.lengthOf(made, 1)
    }))
})
