import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { JsonObject } from "../../../src/domain/Json.ts"
import { configMap, gate, judge } from "../gate.ts"

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../../fixtures/gatekeeper", name), "utf8")

const labels = fixture("required-labels.yaml")
const host = fixture("one-host.yaml")
const [template = "", constraint = ""] = labels.split("---\n")

const ingress = (name: string, ...hosts: ReadonlyArray<string>): JsonObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name, namespace: "shop" },
  spec: { rules: hosts.map((one) => ({ host: one })) }
})

const refusal = (text: string, name = "policies/gk.yaml") => Effect.flip(judge({ [name]: text }, [configMap("a")]))

/** A template of its own kind around the Rego, and a constraint that is about everything. */
const around = (rego: string, spec = "{}", kind = "Own") =>
  `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ${kind.toLowerCase()}}
spec:
  crd: {spec: {names: {kind: ${kind}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
${rego.trim().split("\n").map((line) => `        ${line}`).join("\n")}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: ${kind}
metadata: {name: all}
spec: ${spec}
`

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

layer(gate())("a template or a constraint that would not judge", (it) => {
  const cases: ReadonlyArray<readonly [string, string, number, RegExp]> = [
    ["a constraint without its template", constraint, 2, /no ConstraintTemplate here makes the kind RequiredLabels/u],
    ["templates without a constraint", template, 0, /no constraint of any of them/u],
    ["an unknown action", `${labels}  enforcementAction: Deny\n`, 51, /enforcementAction/u],
    ["scoped without actions", `${labels}  enforcementAction: scoped\n`, 51, /no scopedEnforcementActions/u],
    [
      "a match with a typo",
      labels.replace("excludedNamespaces", "excludedNamespace"),
      50,
      /unknown field spec\.match\.excludedNamespace/u
    ],
    ["an asterisk that matches nothing", labels.replace("kube-*", "ku*be"), 50, /excludedNamespaces\[0\].*asterisk/u],
    [
      "a scope that is none",
      labels.replace("    excludedNamespaces: [kube-*]", "    scope: cluster"),
      50,
      /spec\.match\.scope/u
    ],
    [
      "a selector with a bad operator",
      `${labels}    labelSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}\n`,
      51,
      /labelSelector\.matchExpressions\[0\]\.operator/u
    ],
    [
      "a selector whose operator lacks values",
      `${labels}    labelSelector: {matchExpressions: [{key: a, operator: In}]}\n`,
      51,
      /In needs values/u
    ],
    [
      "a selector with a key that no label has",
      `${labels}    namespaceSelector: {matchLabels: {"a b": c}}\n`,
      51,
      /namespaceSelector/u
    ],
    [
      "a template twice",
      `${labels}---\n${template}`,
      55,
      /the template of RequiredLabels is there twice, first in policies\/gk\.yaml:1/u
    ],
    ["a constraint twice", `${labels}---\n${constraint}`, 55, /RequiredLabels\/must-have-owner is there twice/u],
    [
      "parameters of another type than the template's schema says",
      `${labels}  parameters: {labels: owner}\n`,
      51,
      /spec\.parameters\.labels: array is wanted/u
    ],
    [
      "parameters that hold one of another type",
      `${labels}  parameters: {labels: [a, 1]}\n`,
      51,
      /spec\.parameters\.labels\[1\]: string is wanted/u
    ],
    ["no violation", labels.replace("violation[", "deny["), 24, /no rule named violation/u],
    ["a violation that is a boolean", around("package a\nviolation { true }"), 10, /violation is no set of results/u],
    [
      "a violation that is an object",
      around("package a\nviolation[\"a\"] = 1 { true }"),
      10,
      /violation is no set of results/u
    ],
    [
      "no Rego at all",
      host.replace("engine: Rego", "engine: Lua"),
      15,
      /K8sNativeValidation, Lua is not evaluated here/u
    ],
    [
      "a library in another package",
      labels.replace("package lib.metadata", "package metadata"),
      26,
      /a library is in package lib/u
    ],
    [
      "an import of a library that is not there",
      labels.replace("data.lib.metadata", "data.lib.meta"),
      26,
      /none of the template's libs is package lib\.meta/u
    ],
    [
      "Rego that reads other data",
      labels.replace("label := input.parameters.labels[_]", "label := data.parameters.labels[_]"),
      29,
      /not data\.parameters/u
    ],
    [
      "external data",
      around("package a\nviolation[{\"msg\": m}] { m := external_data({\"provider\": \"x\"}) }"),
      10,
      /external_data asks a server/u
    ],
    [
      "a built-in that reaches the network",
      around("package a\nviolation[{\"msg\": m}] { m := http.send({}) }"),
      10,
      /undefined function http\.send/u
    ],
    ["Rego that does not parse", around("package a\nviolation[{\"msg\": m}] { m := }"), 10, /unexpected/u],
    [
      "v1 that says it is v0",
      around("package a\nviolation contains {\"msg\": \"x\"} if { true }"),
      10,
      /var cannot be used|unexpected|keyword|rego/u
    ],
    ["another target", labels.replace("admission.k8s.gatekeeper.sh", "validation.example.com"), 22, /target/u],
    ["YAML that cannot be read", `${labels}\t- x\n`, 51, /./u],
    ["inventory kinds that cannot be read", host.replace("\"groups\"", "groups"), 7, /requires-sync-data is not JSON/u]
  ]
  for (const [what, text, line, message] of cases) {
    it.effect(`is refused with its line: ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* refusal(text)
        assert.match(error.message, message)
        if (line > 0) assert.deepStrictEqual([error.origin?.file, error.origin?.line], ["policies/gk.yaml", line])
      }))
  }

  it.effect("is refused where a template takes Sluice's own package by name, because it never gets it", () =>
    Effect.gen(function*() {
      // the name is rewritten like any other: the rules of the gate stay what they are
      const shadow = around(
        "package sluice.asked.review\nanswer = {\"found\": {}} { true }\nviolation[{\"msg\": \"x\"}] { true }"
      )
      const decision = yield* judge({ "policies/a.yaml": shadow }, [configMap("a")])
      assert.deepStrictEqual(decision.violations.map(({ message, package: name }) => [name, message]), [
        ["sluice.asked.review", "x"]
      ])
      const reading = around("package a\nviolation[{\"msg\": \"x\"}] { data.sluice.asked.review.answer }")
      assert.match((yield* refusal(reading)).message, /not data\.sluice\.asked\.review\.answer/u)
    }))
})
