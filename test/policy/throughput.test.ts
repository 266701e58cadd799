import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { JsonObject } from "../../src/domain/Json.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, manifestOf, renderedOf } from "./gate.ts"

const policy = (index: number) =>
  `package team${index}

import data.lib

deny contains message if {
	some container in lib.containers
	regex.match("^bad${index}/", container.image)
	message := sprintf("%s uses %s, not one of %v", [container.name, container.image, {"a", "b"}])
}

warn contains message if {
	input.kind == "Deployment"
	not input.metadata.labels.owner${index % 3}
	message := concat(" ", ["no owner", replace(input.metadata.name, "-", "")])
}
`

const lib = `package lib

containers contains container if some container in input.spec.template.spec.containers

containers contains container if some container in input.spec.template.spec.initContainers
`

const policies = Object.fromEntries([
  ["policies/lib.rego", lib],
  ...Array.from({ length: 20 }, (_, index) => [`policies/p${index}.rego`, policy(index)])
])

const workload = (index: number, salt = ""): JsonObject =>
  index % 5 < 2
    ? {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `web-${index}`, namespace: "shop", labels: { owner0: "a", owner1: "b", owner2: "c" } },
      spec: {
        template: {
          spec: {
            containers: Array.from({ length: 4 }, (_, container) => ({
              name: `c${container}`,
              image: index % 100 === 0 ? `bad${container}/x` : "registry.example.com/shop/web:1.2.3",
              env: Array.from({ length: 6 }, (_, entry) => ({ name: `NAME_${entry}`, value: `value-${entry}${salt}` }))
            }))
          }
        }
      }
    }
    : configMap(`m-${index}`, { text: `${salt}${"some text ".repeat(120)}` })

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
