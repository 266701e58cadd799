import * as Effect from "effect/Effect"
import { definitions } from "../api/v1alpha1/crd.ts"
import { at, type Json, type JsonObject, same } from "../domain/Json.ts"
import * as kstatus from "../kube/kstatus.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []
const versionsOf = (definition: JsonObject) =>
  new Map(list(at(definition, "spec", "versions")).map((version) => [String(at(version, "name")), version]))

const upgrade = "sluice install brings the definitions to this version; objects that are there stay."

/** One definition as it is against what this version wants. */
export const judgeDefinition = (wanted: JsonObject, live: JsonObject | undefined): Finding | undefined => {
  const name = String(at(wanted, "metadata", "name"))
  if (live === undefined) return failed("crds", `${name} is not there`, "sluice install makes it.")
  const ref = { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: "", name }
  const { message, status } = kstatus.health(ref, live)
  if (status !== "Current") {
    return failed("crds", `${name} ${message}`, `See kubectl get crd ${name} -o yaml: its conditions say why.`)
  }
  const there = versionsOf(live)
  for (const [version, mine] of versionsOf(wanted)) {
    const theirs = there.get(version)
    if (theirs === undefined || at(theirs, "served") !== true) {
      return failed("crds", `${name} does not serve ${version}`, upgrade)
    }
    const part = (of: Json) => at(of, "schema", "openAPIV3Schema")
    if (!same(part(mine), part(theirs))) {
      return warning("crds", `${name} has another schema than this version: new fields may be refused`, upgrade)
    }
  }
  const stray = list(at(live, "status", "storedVersions")).filter((version) =>
    at(there.get(String(version)) ?? null, "served") !== true
  )
  return stray.length === 0
    ? undefined
    : warning("crds", `${name} has objects stored as ${stray.join(", ")}, which is served no more`, upgrade)
}

/** Whether our kinds are there, are served, and have this version's schema. */
export const crds = (reader: KubeReader["Service"]) =>
  Effect.gen(function*() {
    const found = yield* Effect.forEach(definitions, ({ definition }) => {
      const name = String(at(definition, "metadata", "name"))
      const ref = { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", namespace: "", name }
      return Effect.map(reader.get("apiextensions.k8s.io/v1", ref), (live) => judgeDefinition(definition, live))
    }, { concurrency: 3 })
    const wrong = found.filter((finding) => finding !== undefined)
    return wrong.length > 0
      ? wrong
      : [ok("crds", `${definitions.length} definitions are there, and are this version's`)]
  })
