import type { JsonObject } from "../domain/Json.ts"
import type { ChangesetDocument } from "../policy/ChangesetDocument.ts"

/** What a new policy is called, where it stands, and what it judges. */
export interface Scaffold {
  /** Its id: words in kebab-case. */
  readonly name: string
  readonly category: string | undefined
  readonly judges: "object" | "changeset"
}

const snake = (name: string): string => name.replaceAll("-", "_")

const titleOf = (name: string): string => name[0]!.toUpperCase() + name.slice(1).replaceAll("-", " ")

const packageOf = ({ category, name }: Scaffold): string =>
  ["policies", ...category === undefined ? [] : [category], name].map(snake).join(".")

const metadata = (scaffold: Scaffold, remedy: string): string =>
  `# METADATA
# title: ${titleOf(scaffold.name)}
# description: Say here why this matters, and what goes wrong without it.
# related_resources:
# - ref: https://example.com/where/more/is/said
# schemas:
# - input: schema.${scaffold.judges}
# custom:
#   id: ${scaffold.name}
#   severity: medium
#   remedy: ${remedy}
package ${packageOf(scaffold)}
`

const objectRule = (scaffold: Scaffold): string =>
  `${metadata(scaffold, "Give the Deployment the label; its value is the team that answers for it.")}
# As it stands, a Deployment needs a label: put your own rule in its place. input is the object, path is where it is
# broken: the line of the manifest is found by it.
deny contains {"msg": message, "path": ["metadata"]} if {
	input.kind == "Deployment"
	not input.metadata.labels[label]
	message := sprintf("Deployment %s has no label %s", [input.metadata.name, label])
}

# spec.policy.data of a Delivery, or a data file beside the policies, may say otherwise: parameters: {label: team}.
default label := "app.kubernetes.io/owner"

label := data.parameters.label
`

const objectTest = (scaffold: Scaffold): string => {
  const name = snake(scaffold.name)
  return `package ${packageOf(scaffold)}_test

import data.${packageOf(scaffold)}

deployment(labels) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web", "labels": labels},
}

test_denied_without_the_label if {
	some violation in ${name}.deny with input as deployment({})
	violation.path == ["metadata"]
}

test_allowed_with_the_label if {
	count(${name}.deny) == 0 with input as deployment({"app.kubernetes.io/owner": "shop"})
}

test_the_label_is_a_parameter if {
	count(${name}.deny) == 0 with input as deployment({"team": "shop"}) with data.parameters.label as "team"
}

test_other_kinds_are_left_alone if {
	count(${name}.deny) == 0 with input as {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
}
`
}

const deployment = (labels: string): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
${labels}spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: app
          image: registry.example.com/shop/web:1.2.3
`

const changesetRule = (scaffold: Scaffold): string =>
  `${metadata(scaffold, "Leave it in the repository, or have the platform team waive this policy.")}
# As it stands, nothing of these kinds may be deleted: put your own rule in its place. input is what would change;
# operation says which part of it this is about.
deny contains {"msg": message, "operation": operation.id} if {
	some operation in input.operations
	operation.op in {"delete", "replace"}
	operation.gvk.kind in kinds
	message := sprintf("%s %s would be deleted", [operation.gvk.kind, operation.name])
}

# spec.policy.data of a Delivery, or a data file beside the policies, may say otherwise: parameters: {kinds: [Secret]}.
default kinds := ["PersistentVolumeClaim"]

kinds := data.parameters.kinds
`

const changesetTest = (scaffold: Scaffold): string => {
  const name = snake(scaffold.name)
  return `package ${packageOf(scaffold)}_test

import data.${packageOf(scaffold)}

changeset(op, kind) := {"operations": [{
	"id": sprintf("/%s/shop/data", [kind]),
	"op": op,
	"gvk": {"group": "", "version": "v1", "kind": kind},
	"namespace": "shop",
	"name": "data",
}]}

test_denied_where_it_would_be_deleted if {
	some violation in ${name}.deny with input as changeset("delete", "PersistentVolumeClaim")
	violation.operation == "/PersistentVolumeClaim/shop/data"
}

test_allowed_where_it_stays if {
	count(${name}.deny) == 0 with input as changeset("update", "PersistentVolumeClaim")
}

test_other_kinds_are_left_alone if {
	count(${name}.deny) == 0 with input as changeset("delete", "ConfigMap")
}

test_the_kinds_are_a_parameter if {
	count(${name}.deny) == 1 with input as changeset("delete", "ConfigMap") with data.parameters.kinds as ["ConfigMap"]
}
`
}

const person = { name: "Dana Developer", email: "dana@example.com" }

const claim = (size: string): JsonObject => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "data", namespace: "shop" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } }
})

/** A whole document as the gate would give it: a claim that grows, or that goes. */
const changeset = (op: "delete" | "update"): ChangesetDocument => ({
  apiVersion: "policy.sluice.dev/v1alpha1",
  kind: "Changeset",
  changeset: {
    id: `sha256:${"0".repeat(64)}`,
    trigger: "git",
    dryRun: false,
    evaluatedAt: "2026-01-05T09:00:00Z",
    evaluatedAtNs: 1_767_603_600_000_000_000,
    delivery: { namespace: "shop", name: "shop", path: "environments/prod" },
    cluster: { kubernetesVersion: "1.36.1" },
    source: {
      repository: "https://git.example.com/shop.git",
      ref: "main",
      revision: "1".repeat(40),
      previousRevision: "0".repeat(40),
      author: person,
      committer: person,
      message: op === "delete" ? "Remove the data" : "More room for the data",
      signature: { present: false, verified: false }
    }
  },
  summary: {
    create: 0,
    update: op === "update" ? 1 : 0,
    delete: op === "delete" ? 1 : 0,
    replace: 0,
    unchanged: 0,
    total: 1,
    shares: { changed: op === "update" ? 1 : 0, deleted: op === "delete" ? 1 : 0, replaced: 0 }
  },
  operations: [{
    id: "/PersistentVolumeClaim/shop/data",
    op,
    gvk: { group: "", version: "v1", kind: "PersistentVolumeClaim" },
    scope: "Namespaced",
    namespace: "shop",
    name: "data",
    object: op === "delete" ? null : claim("20Gi"),
    oldObject: claim("10Gi"),
    fields: op === "delete" ? [] : [{ path: "spec.resources.requests.storage", from: "10Gi", to: "20Gi" }],
    takesFrom: [],
    source: op === "delete" ? null : { file: "base/data.yaml", line: 1 }
  }]
})

const json = (document: ChangesetDocument): string => `${JSON.stringify(document, null, 2)}\n`

/** The files of a new policy, by their names below its own folder: a rule that works, its tests, samples of both kinds. */
export const scaffold = (asked: Scaffold): Readonly<Record<string, string>> =>
  asked.judges === "object"
    ? {
      [`${asked.name}.rego`]: objectRule(asked),
      [`${asked.name}_test.rego`]: objectTest(asked),
      "allowed.yaml": deployment("  labels:\n    app.kubernetes.io/owner: shop\n"),
      "denied.yaml": deployment("")
    }
    : {
      [`${asked.name}.rego`]: changesetRule(asked),
      [`${asked.name}_test.rego`]: changesetTest(asked),
      "allowed.json": json(changeset("update")),
      "denied.json": json(changeset("delete"))
    }
