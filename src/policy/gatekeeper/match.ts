import * as Schema from "effect/Schema"
import { at, type JsonObject } from "../../domain/Json.ts"
import { groupOf } from "../../domain/ObjectRef.ts"
import { LabelSelector, labelsOf, labelsOfNamespace, selects, selectsNamespace } from "./labelSelector.ts"

const { Array, NullOr, optionalKey, String, Struct } = Schema

/** `kube-*`, `*-system`, `*kube*` or a name; elsewhere an asterisk would match nothing, ever. */
const Glob = String.check(
  Schema.isPattern(/^\*?[^*]*\*?$/u, { expected: "a name, with an asterisk at its start or its end at most" })
)

/** Which objects a constraint is about, as Gatekeeper means it. */
export const Match = Struct({
  kinds: optionalKey(NullOr(Array(Struct({
    apiGroups: optionalKey(NullOr(Array(String))),
    kinds: optionalKey(NullOr(Array(String)))
  })))),
  scope: optionalKey(Schema.Literals(["*", "Cluster", "Namespaced"])),
  namespaces: optionalKey(NullOr(Array(Glob))),
  excludedNamespaces: optionalKey(NullOr(Array(Glob))),
  labelSelector: optionalKey(NullOr(LabelSelector)),
  namespaceSelector: optionalKey(NullOr(LabelSelector)),
  name: optionalKey(Glob),
  source: optionalKey(Schema.Literals(["All", "Original", "Generated", ""]))
})
export type Match = typeof Match.Type

/** `yes` and `no`, or why it cannot be known. */
export type Matched = "yes" | "no" | { readonly unknown: string }

/** An object that is under review, old or new, and what is known of its Namespace. */
export interface Candidate {
  readonly object: JsonObject
  /** Empty for objects of the cluster. */
  readonly namespace: string
  /** The Namespace itself; undefined where it is not known. */
  readonly namespaceObject: JsonObject | undefined
}

const textAt = (object: JsonObject, ...path: ReadonlyArray<string>): string => {
  const value = at(object, ...path)
  return typeof value === "string" ? value : ""
}

const takes = (glob: string, name: string): boolean => {
  const isPrefix = glob.endsWith("*")
  const isSuffix = glob.startsWith("*")
  const inner = glob.slice(isSuffix ? 1 : 0, isPrefix && glob.length > 1 ? -1 : undefined)
  if (isPrefix && isSuffix) return name.includes(inner)
  return isPrefix ? name.startsWith(inner) : isSuffix ? name.endsWith(inner) : name === inner
}

/** A name that the API server will make begins with this; whether it ends in something cannot be known. */
const takesGenerated = (glob: string, prefix: string): boolean => glob.endsWith("*") && takes(glob, prefix)

const isOneOf = (list: ReadonlyArray<string> | null | undefined, value: string): boolean =>
  list === undefined || list === null || list.length === 0 || list.includes("*") || list.includes(value)

const isNamespace = (object: JsonObject): boolean => object["kind"] === "Namespace" && object["apiVersion"] === "v1"

const selectedNamespace = (selector: LabelSelector, { namespace, namespaceObject, object }: Candidate): Matched => {
  const answer = (isSelected: boolean) => isSelected ? "yes" : "no"
  if (isNamespace(object)) {
    return answer(selects(selector, labelsOfNamespace(textAt(object, "metadata", "name"), object)))
  }
  if (namespace === "") return "yes"
  if (namespaceObject !== undefined) return answer(selects(selector, labelsOfNamespace(namespace, namespaceObject)))
  const byName = selectsNamespace(selector, namespace)
  return byName === undefined
    ? { unknown: `its namespaceSelector asks for the labels of Namespace ${namespace}, which is not in this revision` }
    : answer(byName)
}

/**
 * Whether an object is one of those that a constraint is about. Objects that Sluice judges are written, never generated
 * by expansion.
 */
export const matches = (match: Match, candidate: Candidate): Matched => {
  const { namespace, object } = candidate
  const group = groupOf(textAt(object, "apiVersion"))
  const isOfKind = (match.kinds ?? []).length === 0 ||
    match.kinds!.some(({ apiGroups, kinds }) => isOneOf(kinds, textAt(object, "kind")) && isOneOf(apiGroups, group))
  const isInCluster = isNamespace(object) || namespace === ""
  /** A Namespace counts as in itself; what is in none is kept out of none. */
  const within = isNamespace(object) ? textAt(object, "metadata", "name") : namespace
  const { excludedNamespaces, labelSelector, name = "", namespaces, namespaceSelector, scope = "*", source } = match
  const isWanted = isOfKind &&
    (scope === "*" || (scope === "Cluster") === isInCluster) &&
    (within === "" || (namespaces ?? []).length === 0 || namespaces!.some((glob) => takes(glob, within))) &&
    (within === "" || !(excludedNamespaces ?? []).some((glob) => takes(glob, within))) &&
    (labelSelector === undefined || labelSelector === null || selects(labelSelector, labelsOf(object))) &&
    (name === "" || takes(name, textAt(object, "metadata", "name")) ||
      takesGenerated(name, textAt(object, "metadata", "generateName"))) &&
    source !== "Generated"
  if (!isWanted) return "no"
  return namespaceSelector === undefined || namespaceSelector === null
    ? "yes"
    : selectedNamespace(namespaceSelector, candidate)
}
