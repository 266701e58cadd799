import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import type { DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import * as Recorder from "../../src/controller/Recorder.ts"
import type { Violation } from "../../src/domain/Decision.ts"
import { type Pass, recordOf } from "../../src/domain/DecisionRecord.ts"
import type { Outcome, RunHappening } from "../../src/domain/Outcome.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { PolicyUnavailable } from "../../src/domain/StageError.ts"
import { reportKinds } from "../../src/kube/ReportWriter.ts"
import { cluster } from "./reportCluster.ts"
import { applied, denied, details, revision, violation } from "./story.ts"

const id = { namespace: "shop", name: "web", uid: "1" }
const bundle = {
  name: "repository",
  digest: "sha256:aa",
  origin: "repository",
  enforcement: "enforce",
  isWaivable: true,
  waivers: [],
  files: [],
  parameters: {}
} as const

/** A Delivery's recorder, and what is asked of the cluster. */
const recordingAfter = Effect.fnUntraced(function*(status: DeliveryStatus) {
  const { layer, serves, state } = yield* cluster
  state.there.push({ namespace: "shop", name: "sluice-web", digest: "of then" })
  yield* serves(reportKinds[0])
  const recorder = yield* Effect.provide(Recorder.make(id, status), yield* Layer.build(layer))
  const hear = (run: string, happening: RunHappening) =>
    Effect.andThen(recorder.hear({ time: "", delivery: "shop/web", run, ...happening }), TestClock.adjust(1))
  const starts = (run: string) => hear(run, { _tag: "RunStarted", revision: revision("a"), why: "webhook" })
  const decides = (
    run: string,
    pass: Pass,
    { bundles = [bundle], passed = 1, violations = [] }: {
      readonly bundles?: ReadonlyArray<typeof bundle>
      readonly passed?: number
      readonly violations?: ReadonlyArray<Violation>
    } = {}
  ) =>
    hear(run, {
      _tag: "PolicyDecided",
      revision: revision("a"),
      record: recordOf(pass, policySet(bundles), {
        _tag: violations.length > 0 ? "Denied" : "Passed",
        violations,
        waived: [],
        summary: { objects: 1, passed, warned: 0, denied: violations.length, waived: 0 }
      })
    })
  const ends = (run: string, outcome: Outcome) => hear(run, { _tag: "RunEnded", outcome, details: details("a") })
  return { starts, decides, ends, asked: state.asked }
})
const recording = recordingAfter({})

it.effect("reports a run when it has ended, both passes as one", () =>
  Effect.gen(function*() {
    const { asked, decides, ends, starts } = yield* recording
    yield* starts("1")
    yield* decides("1", "objects", { passed: 3 })
    yield* decides("1", "changeset", { passed: 4 })
    assert.deepStrictEqual(asked, [])
    yield* ends("1", applied)
    assert.deepStrictEqual(asked, ["list Report", "write Report 7 0"])
    // A revision that nobody has to judge.
    yield* starts("2")
    yield* ends("2", { _tag: "Unchanged", violations: [], summary: undefined })
    assert.lengthOf(asked, 2)
    // What a denied revision's objects said replaces what was said of the changeset before.
    yield* starts("3")
    yield* decides("3", "objects", { passed: 2, violations: [violation] })
    yield* ends("3", denied)
    assert.deepStrictEqual(asked.slice(2), ["write Report 2 1"])
  }))

it.effect("reports nothing of a run that was interrupted, and at once what is decided beside the runs", () =>
  Effect.gen(function*() {
    const { asked, decides, ends, starts } = yield* recording
    yield* starts("1")
    yield* decides("1", "objects", { violations: [violation] })
    yield* ends("1", { _tag: "Interrupted", by: "main@sha1:bb" })
    assert.deepStrictEqual(asked, [])
    yield* starts("2")
    yield* decides("2", "objects", { passed: 5 })
    yield* ends("2", applied)
    yield* decides("heal", "changeset", { passed: 0, violations: [violation] })
    assert.deepStrictEqual(asked, ["list Report", "write Report 5 0", "write Report 5 1"])
  }))

it.effect("reports that nobody could decide, and nothing where there are no policies", () =>
  Effect.gen(function*() {
    const { asked, decides, ends, starts } = yield* recording
    const error = new PolicyUnavailable({ detail: "the bundle is broken" })
    yield* starts("1")
    yield* ends("1", { _tag: "Failed", error, changes: undefined })
    assert.deepStrictEqual(asked, ["list Report", "write Report 0 0"])
    yield* starts("2")
    yield* decides("2", "objects", { bundles: [] })
    yield* ends("2", applied)
    assert.deepStrictEqual(asked.slice(2), ["remove Report sluice-web"])
  }))

it.effect("takes away the report of before where the status says that policies had judged, or could not", () =>
  Effect.gen(function*() {
    const judged = { passed: 1, warned: 0, denied: 0, waived: 0, bundles: [{ name: "platform", digest: "sha256:aa" }] }
    const unavailable = {
      type: "Ready",
      status: "False",
      reason: "PolicyUnavailable",
      message: "",
      lastTransitionTime: ""
    } as const
    const cases: ReadonlyArray<readonly [DeliveryStatus, ReadonlyArray<string>]> = [
      [{ policy: judged }, ["list Report", "remove Report sluice-web"]],
      [{ conditions: [unavailable] }, ["list Report", "remove Report sluice-web"]],
      [{ policy: { ...judged, bundles: [] } }, []]
    ]
    for (const [status, expected] of cases) {
      const { asked, decides, ends, starts } = yield* recordingAfter(status)
      yield* starts("1")
      yield* decides("1", "objects", { bundles: [] })
      yield* ends("1", applied)
      assert.deepStrictEqual(asked, expected)
    }
  }))
