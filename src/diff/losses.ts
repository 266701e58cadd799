import type { Change, FieldChange } from "../domain/Changeset.ts"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { display, type ObjectRef } from "../domain/ObjectRef.ts"

/** One object of the changeset, as far as losses need it. */
export interface Seen {
  readonly manifest: Manifest
  /** As it was, where it was read. */
  readonly live?: JsonObject
  readonly fallsBack: ReadonlyArray<FieldChange>
  readonly takesFromAppliers: ReadonlyArray<string>
}

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

const podTemplate = (object: JsonObject): Json | undefined =>
  object["kind"] === "Pod"
    ? object
    : at(object, "spec", "template", "spec", "containers") === undefined
    ? at(object, "spec", "jobTemplate", "spec", "template")
    : at(object, "spec", "template")

/** ConfigMaps and Secrets that a pod cannot start without. */
const uses = (pod: Json | undefined): ReadonlySet<string> => {
  const spec = at(pod, "spec")
  const names: Array<string> = []
  const add = (kind: string, name: Json | undefined, optional: Json | undefined) => {
    if (typeof name === "string" && optional !== true) names.push(`${kind}/${name}`)
  }
  const volume = (source: Json) => {
    add("ConfigMap", at(source, "configMap", "name"), at(source, "configMap", "optional"))
    add("Secret", at(source, "secret", "secretName") ?? at(source, "secret", "name"), at(source, "secret", "optional"))
  }
  for (const source of list(at(spec, "volumes"))) {
    volume(source)
    list(at(source, "projected", "sources")).forEach(volume)
  }
  for (const container of [...list(at(spec, "initContainers")), ...list(at(spec, "containers"))]) {
    for (const from of list(at(container, "envFrom"))) {
      add("ConfigMap", at(from, "configMapRef", "name"), at(from, "configMapRef", "optional"))
      add("Secret", at(from, "secretRef", "name"), at(from, "secretRef", "optional"))
    }
    for (const entry of list(at(container, "env"))) {
      for (const [kind, ref] of [["ConfigMap", "configMapKeyRef"], ["Secret", "secretKeyRef"]] as const) {
        add(kind, at(entry, "valueFrom", ref, "name"), at(entry, "valueFrom", ref, "optional"))
      }
    }
  }
  return new Set(names)
}

const selects = (service: JsonObject, pod: Json | undefined): boolean => {
  const selector = at(service, "spec", "selector")
  const labels = at(pod, "metadata", "labels")
  return isJsonObject(selector) && Object.keys(selector).length > 0 &&
    Object.entries(selector).every(([name, value]) => at(labels, name) === value)
}

const stillUsed = (deleted: ReadonlyArray<ObjectRef>, seen: ReadonlyArray<Seen>): ReadonlyArray<string> => {
  const gone = deleted.filter(({ group, kind }) => group === "" && (kind === "ConfigMap" || kind === "Secret"))
  if (gone.length === 0) return []
  return seen.flatMap(({ manifest }) => {
    const used = uses(podTemplate(manifest.object))
    return gone
      .filter(({ kind, name, namespace }) => namespace === manifest.ref.namespace && used.has(`${kind}/${name}`))
      .map((ref) => `${display(ref)} goes, but ${display(manifest.ref)} still uses it`)
  })
}

const unmatched = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> =>
  seen
    .filter(({ manifest: { ref } }) => ref.kind === "Service" && ref.group === "")
    .flatMap((service) => {
      const near = seen.filter(({ manifest: { ref } }) => ref.namespace === service.manifest.ref.namespace)
      const isChanged = service.live !== undefined || near.some(({ live }) => live !== undefined)
      if (!isChanged || near.some(({ manifest }) => selects(service.manifest.object, podTemplate(manifest.object)))) {
        return []
      }
      const before = service.live ?? service.manifest.object
      const matched = near.some(({ live, manifest }) => selects(before, podTemplate(live ?? manifest.object)))
      return matched ? [`${display(service.manifest.ref)} selects no workload of this revision any more`] : []
    })

const defaults = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> =>
  seen.flatMap(({ fallsBack, manifest }) =>
    fallsBack.map(({ from, path, to }) =>
      `${display(manifest.ref)}: ${path} falls back from ${JSON.stringify(from)} to ${JSON.stringify(to)}`
    )
  )

const taken = (seen: ReadonlyArray<Seen>): ReadonlyArray<string> =>
  seen.flatMap(({ manifest, takesFromAppliers }) =>
    takesFromAppliers.map((manager) => `${display(manifest.ref)}: fields that ${manager} applies too are taken from it`)
  )

/** Whose replicas change although nobody could say whether an autoscaler decides them. */
export const unseen = (
  changes: ReadonlyArray<Change>,
  namespaces: ReadonlySet<string>,
  identity: string
): ReadonlyArray<string> =>
  changes
    .filter(({ fields, ref }) => namespaces.has(ref.namespace) && fields.some(({ path }) => path === "spec.replicas"))
    .map(({ ref }) =>
      `${display(ref)}: spec.replicas is set even if an autoscaler decides it: ${identity} may not list ` +
      `horizontalpodautoscalers in ${ref.namespace}`
    )

/** What a changeset would break without anybody having written it down: one sentence each. */
export const losses = (seen: ReadonlyArray<Seen>, deleted: ReadonlyArray<ObjectRef>): ReadonlyArray<string> => [
  ...stillUsed(deleted, seen),
  ...unmatched(seen),
  ...defaults(seen),
  ...taken(seen)
]
