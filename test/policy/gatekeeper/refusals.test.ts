import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { configMap, gate, judge } from "../gate.ts"
import { around, host, labels } from "./templates.ts"

const [template = "", constraint = ""] = labels.split("---\n")

const refusal = (text: string, name = "policies/gk.yaml") => Effect.flip(judge({ [name]: text }, [configMap("a")]))

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
