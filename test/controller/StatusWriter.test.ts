import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { after } from "../../src/controller/status.ts"
import * as StatusWriter from "../../src/controller/StatusWriter.ts"
import { KubeFailure, type Stage } from "../../src/domain/StageError.ts"
import { DeliveryWriter, type StatusChange } from "../../src/kube/DeliveryWriter.ts"
import { applied, details, event, facts, revision } from "./story.ts"

const id = { namespace: "shop", name: "web", uid: "1" }

it.effect("tells that a run began after a second, how far it has come once in five, and its end at once", () =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<StatusChange>> = []
    const writer = yield* Effect.provideService(StatusWriter.make(id, {}), DeliveryWriter, {
      patchStatus: (_, changes) => Effect.sync(() => void sent.push(changes)),
      patchMetadata: () => Effect.die("no metadata"),
      createEvent: () => Effect.die("no Event"),
      isBusy: () => false
    })
    const stage = () => sent.at(-1)?.find(({ path }) => path === "/status/stage")
    const tell = (happening: Parameters<typeof after>[1]) =>
      writer.update((status) => after(status, happening, facts()))
    const reach = (stage: Stage) => tell(event({ _tag: "StageStarted", stage, revision: revision("a") }))

    yield* tell(event({ _tag: "RunStarted", revision: revision("a"), why: "started" }))
    yield* TestClock.adjust("1 second")
    assert.lengthOf(sent, 1)

    for (const stage of ["render", "policy", "diff", "apply"] as const) {
      yield* reach(stage)
      yield* TestClock.adjust("1 second")
    }
    assert.lengthOf(sent, 1)
    yield* TestClock.adjust("1 second")
    assert.lengthOf(sent, 2)
    assert.deepInclude(stage(), { value: "apply" })

    yield* tell(event({ _tag: "RunEnded", outcome: applied, details: details("a") }))
    yield* TestClock.adjust("0 seconds")
    assert.lengthOf(sent, 3)
    assert.deepInclude(stage(), { op: "remove" })
  }))

it.effect("does not say how far a run has come while others wait to say how theirs ended", () =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<StatusChange>> = []
    const line = { isFull: true }
    const writer = yield* Effect.provideService(StatusWriter.make(id, {}), DeliveryWriter, {
      patchStatus: (_, changes) => Effect.sync(() => void sent.push(changes)),
      patchMetadata: () => Effect.die("no metadata"),
      createEvent: () => Effect.die("no Event"),
      isBusy: () => line.isFull
    })
    const tell = (happening: Parameters<typeof after>[1]) =>
      writer.update((status) => after(status, happening, facts()))

    yield* tell(event({ _tag: "RunStarted", revision: revision("a"), why: "started" }))
    yield* TestClock.adjust("3 seconds")
    assert.lengthOf(sent, 0)
    line.isFull = false
    yield* TestClock.adjust("1 second")
    assert.lengthOf(sent, 1)

    line.isFull = true
    yield* tell(event({ _tag: "RunEnded", outcome: applied, details: details("a") }))
    yield* TestClock.adjust("0 seconds")
    assert.lengthOf(sent, 2)
  }))

/** Every pause is as long as it may be. */
const longestPauses = { nextIntUnsafe: () => Number.MAX_SAFE_INTEGER, nextDoubleUnsafe: () => 0.999 }

it.effect("is there within ten seconds of a server that was overrun for long", () =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<StatusChange>> = []
    const server = { isOverrun: true }
    const tooMany = new KubeFailure({
      verb: "patch",
      resource: "deliveries",
      identity: "system:serviceaccount:sluice-system:sluice",
      status: 429,
      reason: "TooManyRequests",
      detail: "too many requests",
      causes: []
    })
    const writer = yield* Effect.provideService(StatusWriter.make(id, {}), DeliveryWriter, {
      patchStatus: (_, changes) =>
        Effect.suspend(() => server.isOverrun ? Effect.fail(tooMany) : Effect.sync(() => void sent.push(changes))),
      patchMetadata: () => Effect.die("no metadata"),
      createEvent: () => Effect.die("no Event"),
      isBusy: () => false
    })
    yield* writer.update((status) =>
      after(status, event({ _tag: "RunEnded", outcome: applied, details: details("a") }), facts())
    )
    yield* TestClock.adjust("570 seconds")
    server.isOverrun = false
    yield* TestClock.adjust("10 seconds")
    assert.lengthOf(sent, 1)
  }).pipe(Effect.provideService(Random.Random, longestPauses)))
