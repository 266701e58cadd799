import { at, type Json } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { display, key, type ObjectRef } from "../domain/ObjectRef.ts"

const isCrd = ({ ref }: Manifest): boolean =>
  ref.kind === "CustomResourceDefinition" && ref.group === "apiextensions.k8s.io"

const isNamespace = ({ ref }: Manifest): boolean => ref.kind === "Namespace" && ref.group === ""

/** Proven before all others: the rest may need them. */
export const isDefinition = (manifest: Manifest): boolean => isCrd(manifest) || isNamespace(manifest)

/** What a set of new or changed objects makes possible: namespaces, kinds, and objects that others name. */
export interface Arriving {
  readonly namespaces: ReadonlyMap<string, string>
  readonly kinds: ReadonlyMap<string, string>
  readonly objects: ReadonlyMap<string, string>
}

const kindKey = (group: string, kind: string): string => `${group}/${kind}`
const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

/** `created`: definitions that are to be created; `changed`: those and the ones that change; `all`: the whole revision. */
export const arriving = (
  created: ReadonlyArray<Manifest>,
  changed: ReadonlyArray<Manifest>,
  all: ReadonlyArray<Manifest>
): Arriving => ({
  namespaces: new Map(created.filter(isNamespace).map(({ ref }) => [ref.name, display(ref)])),
  kinds: new Map(
    changed.filter(isCrd).map((crd) => [
      kindKey(text(at(crd.object, "spec", "group")), text(at(crd.object, "spec", "names", "kind"))),
      display(crd.ref)
    ])
  ),
  objects: new Map(all.map(({ ref }) => [key(ref), display(ref)]))
})

/** Why an object cannot be dry-run before others are applied; undefined if it can. */
export const waitsFor = (manifest: Manifest, { kinds, namespaces }: Arriving): string | undefined => {
  const needed = namespaces.get(manifest.ref.namespace) ?? kinds.get(kindKey(manifest.ref.group, manifest.ref.kind))
  return needed === undefined ? undefined : `needs ${needed}, which this revision brings`
}

const named = (manifest: Manifest): ReadonlyArray<ObjectRef> => {
  const { kind, namespace } = manifest.ref
  if (kind === "RoleBinding" || kind === "ClusterRoleBinding") {
    const role = text(at(manifest.object, "roleRef", "kind"))
    return [{
      group: "rbac.authorization.k8s.io",
      kind: role,
      namespace: role === "Role" ? namespace : "",
      name: text(at(manifest.object, "roleRef", "name"))
    }]
  }
  if (kind !== "Pod") return []
  const spec = at(manifest.object, "spec")
  return [
    { group: "", kind: "ServiceAccount", namespace, name: text(at(spec, "serviceAccountName")) },
    { group: "scheduling.k8s.io", kind: "PriorityClass", namespace: "", name: text(at(spec, "priorityClassName")) }
  ]
}

/** Why a refused dry-run proves nothing: the object names another one of the same revision. */
export const mayWaitFor = (manifest: Manifest, { objects }: Arriving): string | undefined => {
  const needed = named(manifest).map((ref) => objects.get(key(ref))).find((found) => found !== undefined)
  return needed === undefined ? undefined : `needs ${needed}, which this revision brings`
}
