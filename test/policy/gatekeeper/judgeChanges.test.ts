import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { Bundle } from "../../../src/domain/Decision.ts"
import type { JsonObject } from "../../../src/domain/Json.ts"
import { compile } from "../../../src/policy/compile.ts"
import { evaluate } from "../../../src/policy/evaluate.ts"
import type { Changing } from "../../../src/policy/gatekeeper/changes.ts"
import { judgeChanges } from "../../../src/policy/gatekeeper/judgeChanges.ts"
import * as Workers from "../../../src/policy/Workers.ts"
import { Base, configMap } from "../gate.ts"
import { host } from "./templates.ts"

const keep = (selector = "") =>
  `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: keep}
spec:
  crd: {spec: {names: {kind: Keep}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package keep
        violation[{"msg": msg}] {
          input.review.operation == "DELETE"
          msg := sprintf("%v of %v stays", [input.review.name, input.review.namespace])
        }
        violation[{"msg": "is never right"}] { true }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Keep
metadata: {name: all}
spec: {match: {kinds: [{kinds: [ConfigMap]}]${selector}}}
`

const ingress = (name: string, host: string): JsonObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name, namespace: "shop" },
  spec: { rules: [{ host }] }
})

const change = (action: Changing["action"], before?: JsonObject, sent?: JsonObject): Changing => ({
  action,
  before,
  sent,
  after: undefined
})

/** Judges changes by templates, in real threads. */
const judged = Effect.fnUntraced(function*(
  text: string,
  changes: ReadonlyArray<Changing>,
  areAll = true
) {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-changes-" })
  const files = [{ path: "policies/a.yaml", content: Buffer.from(text) }]
  const bundle: Bundle = {
    name: "a",
    digest: text,
    origin: "bundle",
    enforcement: "enforce",
    isWaivable: false,
    waivers: [],
    files,
    parameters: {}
  }
  const { data, names, rules, wasm } = yield* compile(bundle, folder)
  const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
  const workers = yield* Workers.make(1)
  const policy = {
    module,
    rules: rules.map(({ judges }) => judges),
    data: Buffer.from(data).toString("utf8"),
    given: { bundle: 0, parameters: {} }
  }
  const judges = { digest: text, policies: [policy], judging: [{ bundle, rules, names, ofRepository: [] }] }
  const found = yield* judgeChanges(
    judges,
    changes,
    { areAll, dryRun: false },
    (set, all) => evaluate(workers, set, all, { now: 0n })
  )
  return found.map(({ findings, rules: { length }, subject }) => ({
    change: changes.indexOf(subject),
    rules: length,
    told: findings.map(({ message }) => message).toSorted()
  }))
}, Effect.scoped)

layer(Base, { excludeTestServices: true })("constraints on what happens to objects that are there", (it) => {
  it.effect("tell what is about the deletion, and nothing of what the object is", () =>
    Effect.gen(function*() {
      const found = yield* judged(keep(), [
        change("create", undefined, configMap("a")),
        change("delete", configMap("b")),
        change("replace", configMap("c"), configMap("c")),
        change("update", configMap("d"), configMap("d")),
        change("unchanged", configMap("e"), configMap("e"))
      ])
      assert.deepStrictEqual(found, [
        { change: 1, rules: 1, told: ["b of shop stays"] },
        { change: 2, rules: 1, told: ["c of shop stays"] },
        { change: 3, rules: 1, told: [] }
      ])
    }), 30_000)

  it.effect(
    "know the Namespaces that are, deny where one is not known, and leave that out for a part of the revision",
    () =>
      Effect.gen(function*() {
        const text = keep(", namespaceSelector: {matchLabels: {team: web}}")
        const namespace = (team: string) =>
          change("delete", { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team } } })
        const gone = change("delete", configMap("b"))
        assert.deepStrictEqual((yield* judged(text, [gone, namespace("web")]))[0]?.told, ["b of shop stays"])
        assert.deepStrictEqual(yield* judged(text, [gone, namespace("api")]), [])
        assert.match((yield* judged(text, [gone]))[0]!.told[0]!, /labels of Namespace shop/u)
        assert.deepStrictEqual(yield* judged(text, [gone], false), [])
      }),
    30_000
  )

  it.effect("look around among the objects that would be there", () =>
    Effect.gen(function*() {
      const onUpdate = host.replace(
        "[namespace, name] !=",
        "input.review.operation == \"UPDATE\"\n                [namespace, name] !="
      )
      const moved = change("update", ingress("a", "old"), ingress("a", "x"))
      const found = yield* judged(onUpdate, [moved, change("create", undefined, ingress("b", "x"))])
      assert.deepStrictEqual(found, [{ change: 0, rules: 1, told: ["x is the host of shop/b too"] }])
      const without = yield* judged(onUpdate, [moved, change("delete", ingress("b", "x"))])
      assert.deepStrictEqual(without.map(({ told }) => told), [[], []])
    }), 30_000)

  it.effect("cost nothing where there is none", () =>
    Effect.gen(function*() {
      const found = yield* judged(host, [change("create", undefined, configMap("a"))])
      assert.deepStrictEqual(found, [])
    }))
})
