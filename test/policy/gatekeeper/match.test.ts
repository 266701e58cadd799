import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../../../src/domain/Json.ts"
import { LabelSelector } from "../../../src/policy/gatekeeper/labelSelector.ts"
import { Match, matches } from "../../../src/policy/gatekeeper/match.ts"

const object = (kind: string, metadata: JsonObject, apiVersion = "v1"): JsonObject => ({ apiVersion, kind, metadata })
const pod = object("Pod", { name: "web-1", namespace: "shop", labels: { app: "web" } })
const role = object("ClusterRole", { name: "admin" }, "rbac.authorization.k8s.io/v1")
const shop = object("Namespace", { name: "shop", labels: { team: "web" } })

const answer = (match: Match, one: JsonObject, namespaceObject?: JsonObject) => {
  const { namespace = "" } = one["metadata"] as { readonly namespace?: string }
  const matched = matches(match, { object: one, namespace, namespaceObject })
  return typeof matched === "string" ? matched : "unknown"
}

describe("which objects a constraint is about", () => {
  const cases: ReadonlyArray<readonly [string, Match, JsonObject, string]> = [
    ["an empty match takes all", {}, pod, "yes"],
    ["kinds", { kinds: [{ apiGroups: [""], kinds: ["Pod"] }] }, pod, "yes"],
    ["kinds of another group", { kinds: [{ apiGroups: ["apps"], kinds: ["Pod"] }] }, pod, "no"],
    ["kinds by asterisk", { kinds: [{ apiGroups: ["*"], kinds: ["*"] }] }, role, "yes"],
    ["kinds without groups", { kinds: [{ kinds: ["ClusterRole"] }] }, role, "yes"],
    [
      "one of several kinds",
      { kinds: [{ kinds: ["Pod"] }, { apiGroups: ["rbac.authorization.k8s.io"] }] },
      role,
      "yes"
    ],
    ["no kinds", { kinds: [] }, pod, "yes"],
    ["scope Namespaced", { scope: "Namespaced" }, pod, "yes"],
    ["scope Namespaced of a cluster's object", { scope: "Namespaced" }, role, "no"],
    ["scope Cluster of a Namespace", { scope: "Cluster" }, shop, "yes"],
    ["scope Cluster of an object in one", { scope: "Cluster" }, pod, "no"],
    ["a namespace", { namespaces: ["shop"] }, pod, "yes"],
    ["a namespace by prefix", { namespaces: ["sh*"] }, pod, "yes"],
    ["a namespace by suffix", { namespaces: ["*op"] }, pod, "yes"],
    ["a namespace by what it holds", { namespaces: ["*ho*"] }, pod, "yes"],
    ["any namespace", { namespaces: ["*"] }, pod, "yes"],
    ["another namespace", { namespaces: ["shopping", "*shop2"] }, pod, "no"],
    ["the Namespace itself by its name", { namespaces: ["shop"] }, shop, "yes"],
    ["namespaces do not keep out the cluster's objects", { namespaces: ["shop"] }, role, "yes"],
    ["an excluded namespace", { excludedNamespaces: ["sh*"] }, pod, "no"],
    ["an excluded Namespace itself", { excludedNamespaces: ["shop"] }, shop, "no"],
    ["excluded namespaces do not keep out the cluster's objects", { excludedNamespaces: ["*"] }, role, "yes"],
    ["labels", { labelSelector: { matchLabels: { app: "web" } } }, pod, "yes"],
    ["other labels", { labelSelector: { matchLabels: { app: "api" } } }, pod, "no"],
    ["In", { labelSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "web"] }] } }, pod, "yes"],
    ["NotIn", { labelSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] } }, pod, "no"],
    [
      "NotIn without the label",
      { labelSelector: { matchExpressions: [{ key: "x", operator: "NotIn", values: ["web"] }] } },
      pod,
      "yes"
    ],
    ["Exists", { labelSelector: { matchExpressions: [{ key: "app", operator: "Exists" }] } }, pod, "yes"],
    [
      "Exists of what every JavaScript object has",
      { labelSelector: { matchExpressions: [{ key: "constructor", operator: "Exists" }] } },
      pod,
      "no"
    ],
    ["DoesNotExist", { labelSelector: { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] } }, pod, "no"],
    ["a name", { name: "web-1" }, pod, "yes"],
    ["a name by prefix", { name: "web-*" }, pod, "yes"],
    ["another name", { name: "web" }, pod, "no"],
    ["a generated name by prefix", { name: "web-*" }, object("Pod", { generateName: "web-" }), "yes"],
    ["a generated name by suffix cannot be known", { name: "*-1" }, object("Pod", { generateName: "web-" }), "no"],
    ["source Original", { source: "Original" }, pod, "yes"],
    ["source Generated", { source: "Generated" }, pod, "no"],
    [
      "labels of a Namespace that is not known",
      { namespaceSelector: { matchLabels: { team: "web" } } },
      pod,
      "unknown"
    ],
    [
      "a Namespace that is not known, by its name",
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } } },
      pod,
      "yes"
    ],
    [
      "a Namespace that is not known, kept out by its name",
      { namespaceSelector: { matchLabels: { team: "web", "kubernetes.io/metadata.name": "other" } } },
      pod,
      "no"
    ],
    ["a Namespace by its own labels", { namespaceSelector: { matchLabels: { team: "web" } } }, shop, "yes"],
    [
      "a namespaceSelector takes the cluster's objects",
      { namespaceSelector: { matchLabels: { team: "web" } } },
      role,
      "yes"
    ],
    [
      "what is kept out otherwise needs no Namespace",
      { name: "x", namespaceSelector: { matchLabels: { team: "web" } } },
      pod,
      "no"
    ]
  ]
  for (const [what, match, one, wanted] of cases) {
    it(what, () => assert.strictEqual(answer(match, one), wanted))
  }

  it("labels of a Namespace that is known", () => {
    const selector = (team: string): Match => ({ namespaceSelector: { matchLabels: { team } } })
    assert.strictEqual(answer(selector("web"), pod, shop), "yes")
    assert.strictEqual(answer(selector("api"), pod, shop), "no")
  })
})

describe("label selectors", () => {
  const isSelector = Schema.is(LabelSelector)
  for (
    const [what, selector, isGood] of [
      ["In with values", { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] }, true],
      ["In without values", { matchExpressions: [{ key: "a", operator: "In" }] }, false],
      ["Exists with values", { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] }, false],
      ["an operator that is none", { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] }, false],
      ["a key that is none", { matchExpressions: [{ key: "-a", operator: "Exists" }] }, false],
      ["a key with a prefix", { matchLabels: { "example.com/a": "b" } }, true],
      ["a value that is none", { matchLabels: { a: "b c" } }, false],
      ["a value that is no text", { matchLabels: { a: 1 } }, false]
    ] as const
  ) {
    it(what, () => assert.strictEqual(isSelector(selector), isGood))
  }

  it("of a match are refused where a key is none", () => {
    const decode = Schema.decodeUnknownResult(Match)
    const result = decode({ labelSelector: { matchLabels: { "a b": "c" } } }, { onExcessProperty: "error" })
    assert.strictEqual(result._tag, "Failure")
  })
})
