import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, deliveryOf, gate, manifestOf, renderedOf } from "./gate.ts"
import { policies, workload } from "./workload.ts"

const milliseconds = (microseconds: number) => `${Math.round(microseconds / 1_000)} ms`

layer(gate(), { excludeTestServices: true })("throughput", (it) => {
  it.effect("judges 1,000 manifests by 20 policies without blocking the event loop", () =>
    Effect.gen(function*() {
      const gatekeeper = yield* Policy
      const set = yield* gatekeeper.load(deliveryOf(), artifactOf(policies))
      yield* gatekeeper.objects(set, renderedOf(manifestOf(workload(0))))
      const rendered = (salt: string) =>
        renderedOf(...Array.from({ length: 1_000 }, (_, index) => manifestOf(workload(index, salt))))
      const runs = [rendered("a"), rendered("b"), rendered("c")]
      for (const run of runs) {
        const delay = monitorEventLoopDelay({ resolution: 1 })
        const before = process.cpuUsage()
        const start = performance.now()
        delay.enable()
        const decision = yield* gatekeeper.objects(set, run)
        delay.disable()
        const { system, user } = process.cpuUsage(before)
        const wall = Math.round(performance.now() - start)
        const late = Math.round(delay.max / 1_000_000)
        assert.strictEqual(decision.summary.denied, 40)
        yield* Effect.logInfo(
          `20 policies x 1,000 manifests: ${milliseconds(user + system)} CPU, ${wall} ms, loop late by ${late} ms`
        )
      }
      const changed = renderedOf(...runs[2]!.manifests.slice(1), manifestOf(workload(0, "d")))
      const start = performance.now()
      const decision = yield* gatekeeper.objects(set, changed)
      yield* Effect.logInfo(`one of 1,000 changed: ${Math.round(performance.now() - start)} ms`)
      assert.strictEqual(decision.summary.denied, 40)
    }), 60_000)
})
