import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../../src/domain/Json.ts"
import { configMap, gate, judge } from "../gate.ts"
import { around, host, labels } from "./templates.ts"

const ingress = (name: string, ...hosts: ReadonlyArray<string>): JsonObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name, namespace: "shop" },
  spec: { rules: hosts.map((one) => ({ host: one })) }
})

layer(gate())("Gatekeeper's templates and constraints among the policies", (it) => {
  it.effect("judge by template and parameters, say constraint, title and the field's place", () =>
    Effect.gen(function*() {
      const decision = yield* judge({ "policies/labels.yaml": labels }, [configMap("a")])
      assert.strictEqual(decision._tag, "Denied")
      const [violation] = decision.violations
      assert.deepStrictEqual(
        [violation?.policy, violation?.title, violation?.message, violation?.rule, violation?.package],
        [
          "RequiredLabels/must-have-owner",
          "Required labels",
          `ConfigMap a has no label "owner"`,
          "violation",
          "labels"
        ]
      )
      assert.deepStrictEqual(violation?.source, { file: "app.yaml", line: 101 })
      assert.deepStrictEqual(decision.summary, { objects: 1, passed: 0, warned: 0, denied: 1, waived: 0 })
    }))

  it.effect("pass objects that match and hold, and judge no others", () =>
    Effect.gen(function*() {
      const owned = configMap("a")
      const decision = yield* judge({ "policies/labels.yaml": labels }, [
        { ...owned, metadata: { name: "a", namespace: "shop", labels: { owner: "me" } } },
        { ...owned, metadata: { name: "a", namespace: "kube-system" } },
        ingress("a")
      ])
      assert.deepStrictEqual(decision.violations, [])
      assert.strictEqual(decision.summary.passed, 1)
    }))

  it.effect("look among the objects of the revision, of the kinds that the template names", () =>
    Effect.gen(function*() {
      const files = { "policies/host.yaml": host }
      const decision = yield* judge(files, [
        ingress("a", "shop.example.com"),
        ingress("b", "shop.example.com", "b.example.com")
      ])
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(
        decision.violations.map(({ message, object, severity }) => [object.name, severity, message]),
        [
          ["a", "warn", "shop.example.com is the host of shop/b too"],
          ["b", "warn", "shop.example.com is the host of shop/a too"]
        ]
      )
      // what is remembered of an object does not outlive the others
      const alone = yield* judge(files, [ingress("a", "shop.example.com")])
      assert.deepStrictEqual(alone.violations, [])
    }))

  it.effect("live beside Rego of another version and templates of the same package", () =>
    Effect.gen(function*() {
      const decision = yield* judge({
        "policies/labels.yaml": labels,
        "policies/host.yaml": host,
        "policies/own.rego": "package labels\n\ndeny contains \"own\" if input.kind == \"ConfigMap\"\n"
      }, [configMap("a"), ingress("b", "x"), ingress("c", "x")])
      assert.deepStrictEqual(decision.violations.map(({ policy }) => policy), [
        "OneHost/one-host",
        "OneHost/one-host",
        "RequiredLabels/must-have-owner",
        "labels"
      ])
    }))

  for (
    const [action, tag, severity, enforcement] of [
      ["deny", "Denied", "deny", undefined],
      ["warn", "Passed", "warn", undefined],
      ["dryrun", "Passed", "warn", "audit"]
    ] as const
  ) {
    it.effect(`do with enforcementAction ${action} what it says`, () =>
      Effect.gen(function*() {
        const decision = yield* judge(
          { "policies/gk.yaml": `${labels}  enforcementAction: ${action}\n` },
          [configMap("a")]
        )
        assert.strictEqual(decision._tag, tag)
        assert.deepStrictEqual([decision.violations[0]?.severity, decision.violations[0]?.enforcement], [
          severity,
          enforcement
        ])
      }))
  }

  it.effect("are not enforced where no scoped action is for this point", () =>
    Effect.gen(function*() {
      const scoped = (points: string) =>
        `${labels}  enforcementAction: scoped\n  scopedEnforcementActions: [{action: deny, enforcementPoints: [${points}]}]\n`
      const elsewhere = yield* judge({ "policies/a.yaml": scoped("{name: audit.gatekeeper.sh}") }, [configMap("a")])
      assert.deepStrictEqual(elsewhere.violations, [])
      const everywhere = yield* judge({ "policies/a.yaml": scoped("{name: \"*\"}") }, [configMap("a")])
      assert.strictEqual(everywhere._tag, "Denied")
    }))

  it.effect("see the Namespace of the revision, and deny where its labels decide and it is not there", () =>
    Effect.gen(function*() {
      const files = { "policies/a.yaml": `${labels}    namespaceSelector: {matchLabels: {team: web}}\n` }
      const namespace = (team: string) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "shop", labels: { team } }
      })
      const selected = yield* judge(files, [configMap("a"), namespace("web")])
      assert.deepStrictEqual(selected.violations.map(({ rule }) => rule), ["violation"])
      const other = yield* judge(files, [configMap("a"), namespace("api")])
      assert.deepStrictEqual(other.violations, [])
      const unknown = yield* judge(files, [configMap("a")])
      assert.strictEqual(unknown._tag, "Denied")
      assert.match(unknown.violations[0]!.message, /namespaceSelector asks for the labels of Namespace shop/u)
      assert.strictEqual(unknown.violations[0]!.policy, "RequiredLabels/must-have-owner")
    }))

  it.effect("give parameters the defaults of the template's schema", () =>
    Effect.gen(function*() {
      const own = `${labels}  parameters: {labels: [tier, zone]}\n`
      const decision = yield* judge({ "policies/a.yaml": own }, [configMap("a")])
      assert.deepStrictEqual(decision.violations.map(({ message }) => message), [
        `ConfigMap a has no label "tier"`,
        `ConfigMap a has no label "zone"`
      ])
    }))

  it.effect("do not silence others where one breaks, and a dry run that breaks denies nothing", () =>
    Effect.gen(function*() {
      const broken = "package a\nviolation[{\"msg\": f(1)}] { true }\nf(x) = 1 { x }\nf(x) = 2 { x }"
      const files = (action: string) => ({
        "policies/labels.yaml": `${labels}  enforcementAction: ${action}\n`,
        "policies/own.yaml": around(broken, `{enforcementAction: ${action}}`)
      })
      const denied = yield* judge(files("deny"), [configMap("a")])
      assert.deepStrictEqual(
        denied.violations.map(({ policy, rule, severity }) => [policy, rule, severity]),
        [["Own/all", "error", "deny"], ["RequiredLabels/must-have-owner", "violation", "deny"]]
      )
      const dry = yield* judge(files("dryrun"), [configMap("a")])
      assert.strictEqual(dry._tag, "Passed")
      assert.deepStrictEqual(dry.violations.map(({ enforcement, rule }) => [rule, enforcement]), [
        ["error", "audit"],
        ["violation", "audit"]
      ])
    }))

  it.effect("tell an error of evaluation with the line in the template's file", () =>
    Effect.gen(function*() {
      const rego = "package a\nviolation[{\"msg\": f(1)}] { true }\nf(x) = 1 { x }\nf(x) = 2 { x }"
      const decision = yield* judge({ "policies/a.yaml": around(rego) }, [configMap("a")])
      assert.strictEqual(decision._tag, "Denied")
      assert.match(decision.violations[0]!.message, /policies\/a\.yaml:1[0-2].*conflict/u)
    }))
})
