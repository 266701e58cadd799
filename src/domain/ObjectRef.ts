import * as Schema from "effect/Schema"
import { at, type Json } from "./Json.ts"

/** Which object: identity everywhere. The version is not part of it (it sits on the manifest). */
export const ObjectRef = Schema.Struct({
  group: Schema.String,
  kind: Schema.String,
  /** Empty for cluster-scoped objects. */
  namespace: Schema.String,
  name: Schema.String
})
export type ObjectRef = typeof ObjectRef.Type

/**
 * The inventory's id, `<namespace>_<name>_<group>_<kind>`, as Flux and GitLab's dashboard spell it. Many are kept, for each
 * object: what is joined is one string, where a template is a tree of them.
 */
export const key = ({ group, kind, name, namespace }: ObjectRef): string => [namespace, name, group, kind].join("_")

/** Reads an inventory id. Names of RBAC objects may hold `:` and `_` is in no namespace, group or kind. */
export const fromKey = (id: string): ObjectRef | undefined => {
  const parts = id.split("_")
  if (parts.length < 4) return undefined
  const kind = parts.at(-1)!
  const group = parts.at(-2)!
  return { group, kind, namespace: parts[0]!, name: parts.slice(1, -2).join("_") }
}

/** Whose values are never shown, nor anything from which they could be guessed. */
export const isSecret = ({ group, kind }: Pick<ObjectRef, "group" | "kind">): boolean =>
  group === "" && kind === "Secret"

/** `Deployment/shop/checkout`, as people read it. */
export const display = (ref: ObjectRef): string =>
  ref.namespace === "" ? `${ref.kind}/${ref.name}` : `${ref.kind}/${ref.namespace}/${ref.name}`

/** `apps/v1` to `apps`; the core group is empty. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : ""

/** The identity that an object claims, with empty strings for what it lacks. */
export const ofObject = (object: Json): ObjectRef => {
  const text = (value: Json | undefined) => typeof value === "string" ? value : ""
  return {
    group: groupOf(text(at(object, "apiVersion"))),
    kind: text(at(object, "kind")),
    namespace: text(at(object, "metadata", "namespace")),
    name: text(at(object, "metadata", "name"))
  }
}
