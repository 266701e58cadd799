import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { PolicyBundle } from "../../../src/api/v1alpha1/PolicyBundle.ts"
import { policySet } from "../../../src/domain/policySet.ts"
import { Policy } from "../../../src/policy/Policy.ts"
import { trace } from "../../../src/policy/trace.ts"
import { artifactOf, configMap, gate, manifestOf, renderedOf } from "../gate.ts"
import { host, labels } from "./templates.ts"

const loaded = Effect.fnUntraced(function*(spec: object, files: Readonly<Record<string, string>>) {
  const policy = yield* Policy
  const resource = Schema.decodeUnknownSync(PolicyBundle)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "PolicyBundle",
    metadata: { name: "guardrails" },
    spec: { source: { git: { url: "https://git.example.com/platform.git", branch: "main" } }, ...spec }
  })
  return yield* policy.bundle(resource, artifactOf(files))
})

const ingress = (name: string) =>
  manifestOf({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, namespace: "shop" },
    spec: { rules: [{ host: "shop.example.com" }] }
  })

layer(gate())("a PolicyBundle of other tools' policies", (it) => {
  it.effect("may hold templates and constraints alone, and waives them by kind and name", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-11-28T12:00:00Z"))
      const policy = yield* Policy
      const waivers = [{
        policy: "RequiredLabels/must-have-owner",
        objects: [{ name: "a" }],
        reason: "INC-42",
        owner: "dana",
        until: "2026-12-31T00:00:00Z"
      }]
      const { bundle, policies } = yield* loaded({ waivers }, { "labels.yaml": labels })
      assert.deepStrictEqual(policies, ["RequiredLabels/must-have-owner"])
      const decision = yield* policy.objects(
        policySet([bundle]),
        renderedOf(manifestOf(configMap("a")), manifestOf(configMap("b")))
      )
      assert.deepStrictEqual(decision.violations.map(({ object }) => object.name), ["b"])
      assert.deepStrictEqual(decision.waived.map(({ object, waiver: { owner } }) => [object.name, owner]), [[
        "a",
        "dana"
      ]])
    }))

  it.effect("may be Rego v0", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const old = { "a.rego": "package old\n\ndeny[msg] { input.kind == \"ConfigMap\"; msg := \"v0\" }\n" }
      const { bundle } = yield* loaded({ regoVersion: "v0" }, old)
      const decision = yield* policy.objects(policySet([bundle]), renderedOf(manifestOf(configMap("a"))))
      assert.deepStrictEqual(decision.violations.map(({ message }) => message), ["v0"])
      assert.match((yield* Effect.flip(loaded({}, old))).message, /keyword/u)
    }))

  it.effect("denies an object of its own by what can be known without the others", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const selecting = `${labels}---\n${labels.split("---\n")[1]}`
        .replace(/must-have-owner(?![^]*must-have-owner)/u, "in-web-only") +
        "    namespaceSelector: {matchLabels: {team: web}}\n"
      const { bundle } = yield* loaded({}, {
        "labels.yaml": selecting,
        "host.yaml": host.replace("action: warn", "action: deny")
      })
      const objects = [ingress("a"), ingress("b"), manifestOf(configMap("c"))]
      const { each: denials } = yield* policy.denials(policySet([bundle]), objects)
      assert.deepStrictEqual(denials.map(({ policy: id }) => id), ["RequiredLabels/must-have-owner"])
    }))

  it.effect("is traced: why a constraint says what it says", () =>
    Effect.gen(function*() {
      const disk = yield* FileSystem.FileSystem
      const cacheDirectory = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-trace-" })
      const { bundle } = yield* loaded({}, { "labels.yaml": labels, "host.yaml": host })
      const { traces } = yield* trace(
        policySet([bundle]),
        renderedOf(manifestOf(configMap("a")), ingress("b"), ingress("c")),
        {
          cacheDirectory,
          maskingKey: "key",
          isAsked: () => true,
          isFirst: () => false
        }
      )
      assert.deepStrictEqual(traces.map(({ about, rule }) => [rule, about]), [
        ["labels.violation", "Ingress/shop/b"],
        ["labels.violation", "Ingress/shop/c"],
        ["labels.violation", "ConfigMap/shop/a"]
      ])
      const text = traces.map(({ lines }) => lines.join("\n"))
      assert.match(text[2]!, /^labels\.yaml:30 .*has_label/mu)
      assert.match(text[2]!, /^labels\.yaml:38 /mu)
      assert.notMatch(text.join("\n"), /t000\d/u)
      assert.include(traces[0]!.result, "shop.example.com is the host of shop/c too")
      assert.include(traces[2]!.result, "has no label")
    }))
})
