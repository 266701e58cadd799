import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { PolicyReport } from "../../src/controller/policyReport.ts"
import * as ReportKeeper from "../../src/controller/ReportKeeper.ts"
import { Reports } from "../../src/controller/Reports.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import type { ReportWriter } from "../../src/kube/ReportWriter.ts"
import { reportKinds } from "../../src/kube/ReportWriter.ts"
import { cluster } from "./reportCluster.ts"

const id = { namespace: "shop", name: "web", uid: "1" }
const [standard, former] = reportKinds

const report = (fail: number, pass = 0): PolicyReport => ({
  summary: { pass, fail, error: 0, warn: 0, skip: 0 },
  results: [],
  digest: `${pass} ${fail}`
})

const refusal = (status: number) =>
  new KubeFailure({ verb: "patch", resource: "reports", status, reason: "", detail: "", identity: "agent", causes: [] })

const keeping = <A, E>(
  work: (
    keeper: ReportKeeper.ReportKeeper,
    here: Effect.Success<typeof cluster>
  ) => Effect.Effect<A, E, Scope.Scope | Reports | ReportWriter>
) =>
  Effect.gen(function*() {
    const here = yield* cluster
    yield* Effect.gen(function*() {
      yield* work(yield* ReportKeeper.make(id, false), here)
    }).pipe(Effect.provide(here.layer))
  })

const soon = TestClock.adjust(1)

it.effect("writes at once, then once in ten seconds, and at once when the verdict turns", () =>
  keeping(Effect.fnUntraced(function*(keeper, { serves, state }) {
    yield* keeper.keep(report(0, 1))
    yield* serves(standard)
    yield* soon
    assert.deepStrictEqual(state.asked, ["list Report", "write Report 1 0"])
    for (const pass of [2, 3, 4]) {
      yield* keeper.keep(report(0, pass))
      yield* TestClock.adjust("1 second")
    }
    assert.lengthOf(state.asked, 2)
    yield* TestClock.adjust("8 seconds")
    assert.deepStrictEqual(state.asked.slice(2), ["write Report 4 0"])
    yield* keeper.keep(report(1, 4))
    yield* soon
    yield* keeper.keep(report(0, 4))
    yield* soon
    assert.deepStrictEqual(state.asked.slice(3), ["write Report 4 1", "write Report 4 0"])
    yield* keeper.keep(report(0, 4))
    yield* TestClock.adjust("1 hour")
    assert.lengthOf(state.asked, 5)
  })))

it.effect("asks for nothing before something is decided, and keeps to the preferred kind as kinds come and go", () =>
  keeping(Effect.fnUntraced(function*(keeper, { serves, state }) {
    yield* serves()
    yield* TestClock.adjust("1 hour")
    yield* keeper.keep(report(1))
    yield* soon
    assert.deepStrictEqual(state.asked, [])
    yield* serves(former)
    yield* soon
    yield* serves(standard, former)
    yield* soon
    yield* serves(former)
    yield* soon
    assert.deepStrictEqual(state.asked, [
      "list PolicyReport",
      "write PolicyReport 0 1",
      "list Report",
      "write Report 0 1",
      "remove PolicyReport sluice-web",
      "write PolicyReport 0 1"
    ])
    // No policies any more.
    yield* keeper.keep(undefined)
    yield* soon
    assert.deepStrictEqual(state.asked.slice(6), ["remove PolicyReport sluice-web"])
  })))

it.effect("leaves what an earlier process wrote, unless it was for another Delivery of the name", () =>
  Effect.gen(function*() {
    const first = yield* cluster
    let digest = ""
    yield* Effect.gen(function*() {
      const keeper = yield* ReportKeeper.make(id, false)
      yield* keeper.keep(report(1))
      yield* first.serves(standard)
      yield* soon
      const { written } = yield* Reports
      digest = written(standard, { namespace: "shop", name: "sluice-web" })!
    }).pipe(Effect.provide(first.layer))
    for (const [uid, expected] of Object.entries({ 1: ["list Report"], 2: ["list Report", "write Report 0 1"] })) {
      const next = yield* cluster
      next.state.there.push({ namespace: "shop", name: "sluice-web", digest })
      yield* Effect.gen(function*() {
        const keeper = yield* ReportKeeper.make({ ...id, uid }, true)
        yield* keeper.keep(report(1))
        yield* next.serves(standard)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(next.state.asked, expected)
      }).pipe(Effect.provide(next.layer))
    }
  }))

it.effect("takes away what an earlier process, or another replica, left of policies that are gone", () =>
  Effect.gen(function*() {
    const { layer, serves, state } = yield* cluster
    state.there.push({ namespace: "shop", name: "sluice-web", digest: "of then" })
    yield* Effect.gen(function*() {
      const begun = yield* Effect.scoped(Effect.gen(function*() {
        const keeper = yield* ReportKeeper.make(id, true)
        yield* keeper.keep(undefined)
        yield* serves(standard)
        yield* soon
        return [...state.asked]
      }))
      assert.deepStrictEqual(begun, ["list Report", "remove Report sluice-web"])
      // It comes back from a replica that had its say meanwhile: nothing is listed again.
      yield* Effect.scoped(Effect.gen(function*() {
        const keeper = yield* ReportKeeper.make(id, true)
        yield* keeper.keep(undefined)
        yield* soon
      }))
      assert.deepStrictEqual(state.asked.slice(2), ["remove Report sluice-web"])
      // Who was never judged has none.
      const keeper = yield* ReportKeeper.make(id, false)
      yield* keeper.keep(undefined)
      yield* soon
      assert.lengthOf(state.asked, 3)
    }).pipe(Effect.provide(layer))
  }))

it.effect("tries again what may pass, and lets be what is refused until it says something else", () =>
  keeping(Effect.fnUntraced(function*(keeper, { serves, state }) {
    state.fails = refusal(503)
    yield* keeper.keep(report(1))
    yield* serves(standard)
    yield* TestClock.adjust("2 seconds")
    const tried = state.asked.length
    assert.isAbove(tried, 1)
    state.fails = refusal(403)
    yield* TestClock.adjust("1 hour")
    const refused = state.asked.length
    assert.isAbove(refused, tried)
    yield* TestClock.adjust("1 hour")
    assert.lengthOf(state.asked, refused)
    state.fails = undefined
    yield* keeper.keep(report(2))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(state.asked.at(-1), "write Report 0 2")
  })))

it.effect("writes what is left when it ends", () =>
  keeping(Effect.fnUntraced(function*(_, { serves, state }) {
    const scope = yield* Scope.make()
    const keeper = yield* Scope.provide(ReportKeeper.make({ ...id, name: "api" }, false), scope)
    yield* keeper.keep(report(0, 1))
    yield* serves(standard)
    yield* soon
    yield* keeper.keep(report(0, 2))
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(state.asked.at(-1), "write Report 2 0")
  })))
