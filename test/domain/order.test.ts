import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { batches } from "../../src/domain/order.ts"
import { manifest } from "../apply/Subject.ts"

const object = (apiVersion: string, kind: string, name: string, dependsOn?: string, namespace = "shop") =>
  manifest({
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      ...dependsOn === undefined ? {} : { annotations: { "config.kubernetes.io/depends-on": dependsOn } }
    }
  })

const names = (all: ReadonlyArray<ReturnType<typeof object>>) =>
  Result.getOrThrow(batches(all)).map((batch) => batch.manifests.map(({ ref }) => ref.name))

const why = (all: ReadonlyArray<ReturnType<typeof object>>) => {
  const result = batches(all)
  return Result.isFailure(result) ? result.failure.why : "ordered"
}

describe("order", () => {
  it("puts definitions first and what can refuse requests last", () => {
    assert.deepStrictEqual(
      names([
        object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "hook"),
        object("example.com/v1", "Widget", "widget"),
        object("apps/v1", "Deployment", "web"),
        object("v1", "ConfigMap", "settings"),
        object("storage.k8s.io/v1", "StorageClass", "fast"),
        object("v1", "Namespace", "shop"),
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets")
      ]),
      [["shop", "widgets"], ["fast"], ["settings"], ["widget", "web"], ["hook"]]
    )
  })

  it("makes waves of what depends on each other, in whatever order it is rendered", () => {
    const all = [
      object("apps/v1", "Deployment", "web", "apps/namespaces/shop/Deployment/api"),
      object("apps/v1", "Deployment", "api", "apps/namespaces/shop/StatefulSet/database, /namespaces/shop/Secret/key"),
      object("apps/v1", "StatefulSet", "database"),
      object("v1", "Secret", "key")
    ]
    assert.deepStrictEqual(names(all), [["key"], ["database"], ["api"], ["web"]])
    assert.deepStrictEqual(names([...all].reverse()), [["key"], ["database"], ["api"], ["web"]])
    assert.deepStrictEqual(
      Result.getOrThrow(batches(all)).map(({ after }) => after.map(({ ref }) => ref.name)),
      [[], [], ["database", "key"], ["api"]]
    )
  })

  it("says why a set has no order", () => {
    assert.include(
      why([
        object("apps/v1", "Deployment", "a", "apps/namespaces/shop/Deployment/b"),
        object("apps/v1", "Deployment", "b", "apps/namespaces/shop/Deployment/a")
      ]),
      "on itself"
    )
    assert.include(why([object("apps/v1", "Deployment", "a", "apps/namespaces/shop/Deployment/gone")]), "does not have")
    assert.include(why([object("apps/v1", "Deployment", "a", "database")]), "names no object: database")
    assert.include(
      why([object("v1", "ConfigMap", "a", "apps/namespaces/shop/Deployment/b"), object("apps/v1", "Deployment", "b")]),
      "always applied after it"
    )
  })

  it("is quick for long chains", () => {
    const chain = Array.from(
      { length: 3_000 },
      (_, n) =>
        object("apps/v1", "Deployment", `d${n}`, n === 0 ? undefined : `apps/namespaces/shop/Deployment/d${n - 1}`)
    )
    assert.lengthOf(names([...chain].reverse()), 3_000)
  })
})
