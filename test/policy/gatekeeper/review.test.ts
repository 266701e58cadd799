import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../../src/domain/Json.ts"
import { changeReviews, type Changing, ofChange } from "../../../src/policy/gatekeeper/changes.ts"
import { namespacesOf, type Operation, reviewOf } from "../../../src/policy/gatekeeper/review.ts"
import { Base, configMap } from "../gate.ts"
import { reviewer } from "./reviewer.ts"

const template = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: told}
spec:
  crd: {spec: {names: {kind: Told}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package told
        violation[{"msg": msg}] {
          old := {name | input.review.oldObject.metadata.name = name}
          msg := sprintf("%v %v %v/%v %v %v %v", [
            input.review.operation, input.review.kind, input.review.namespace, input.review.object.metadata.name,
            old, input.review.userInfo.username, input.review.namespaceObject,
          ])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Told
metadata: {name: told}
spec: {match: {labelSelector: {matchLabels: {app: web}}}}
`

const labelled = (name: string, app: string): JsonObject => {
  const { metadata, ...rest } = configMap(name)
  return { ...rest, metadata: { ...metadata as JsonObject, labels: { app } } }
}

layer(Base)("reviews of what happens to an object", (it) => {
  it.effect("say operation, both objects, who asks and the Namespace", () =>
    Effect.gen(function*() {
      const { review } = yield* reviewer({ "policies/a.yaml": template })
      const told = (change: Operation, ...objects: ReadonlyArray<JsonObject>) =>
        review(reviewOf(change, namespacesOf(objects))).map(({ message }) => message)
      const kind = `{"group": "", "kind": "ConfigMap", "version": "v1"}`
      const who = "system:serviceaccount:sluice:sluice"
      const web = labelled("a", "web")
      assert.deepStrictEqual(told({ operation: "CREATE", object: web }), [`CREATE ${kind} shop/a set() ${who} null`])
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } }
      assert.deepStrictEqual(told({ operation: "UPDATE", object: web, oldObject: labelled("a", "api") }, namespace), [
        `UPDATE ${kind} shop/a {"a"} ${who} {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}`
      ])
      // as in Gatekeeper, object is the old one where it goes
      assert.deepStrictEqual(told({ operation: "DELETE", oldObject: web }), [
        `DELETE ${kind} shop/a {"a"} ${who} null`
      ])
      // one of the two has to match
      assert.lengthOf(told({ operation: "UPDATE", object: labelled("a", "api"), oldObject: web }), 1)
      assert.lengthOf(told({ operation: "UPDATE", object: labelled("a", "x"), oldObject: labelled("a", "y") }), 0)
    }))

  it.effect("of a change are of what happens to it, and tell nothing of the object alone", () =>
    Effect.gen(function*() {
      const onUpdate = template.replace(
        /violation\[[^]*?\n        \}/u,
        [
          "violation[{\"msg\": \"always\"}] { true }",
          "        violation[{\"msg\": msg}] {",
          "          input.review.operation == [\"UPDATE\", \"DELETE\"][_]",
          "          msg := sprintf(\"%v of %v\", [input.review.operation, input.review.oldObject.data.size])",
          "        }"
        ].join("\n")
      )
      const { review } = yield* reviewer({ "policies/a.yaml": onUpdate })
      const told = (change: Partial<Changing>) => {
        const whole = { action: "update" as const, before: undefined, after: undefined, sent: undefined, ...change }
        const reviews = changeReviews(whole, new Map(), false)
        if (reviews === undefined) return undefined
        return ofChange(review(reviews.review), review(reviews.asMade)).map(({ message }) => message)
      }
      const web = labelled("a", "web")
      const before = { ...web, data: { size: "3" } }
      assert.deepStrictEqual(told({ before, sent: web }), ["UPDATE of 3"])
      assert.deepStrictEqual(told({ before, after: before, sent: web }), ["UPDATE of 3"])
      assert.deepStrictEqual(told({ action: "delete", before }), ["DELETE of 3"])
      assert.deepStrictEqual(told({ action: "replace", before, sent: web }), ["DELETE of 3"])
      assert.isUndefined(told({ action: "create", after: web, sent: web }))
      assert.isUndefined(told({ action: "unchanged", before, sent: web }))
    }))
})
