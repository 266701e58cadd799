import { at, type Json, type JsonObject } from "../domain/Json.ts"

/** A Git source as it is written: what is asked of it is read by `Fetch`. */
export interface Source {
  readonly url: string
  readonly secret: { readonly namespace: string; readonly name: string } | undefined
  readonly git: JsonObject
}

/** A Delivery or a PolicyBundle, as far as it is looked at. */
export interface Examined {
  readonly kind: "Delivery" | "PolicyBundle"
  readonly namespace: string
  readonly name: string
  readonly source: Source | undefined
  /** The Secret of its webhook. */
  readonly hook: { readonly namespace: string; readonly name: string } | undefined
  readonly suspended: boolean
  readonly ready: { readonly status: string; readonly reason: string; readonly message: string } | undefined
  /** Why its last runs started, the newest first. */
  readonly starts: ReadonlyArray<{ readonly why: string; readonly at: string }>
}

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""
const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

const referred = (value: Json | undefined, otherwise: string) => {
  const name = text(at(value, "name"))
  if (name === "") return undefined
  const namespace = text(at(value, "namespace"))
  return { namespace: namespace === "" ? otherwise : namespace, name }
}

/** Reads what the cluster has: its schema may be another version's. */
export const examinedOf = (kind: Examined["kind"]) => (object: Json): Examined => {
  const namespace = text(at(object, "metadata", "namespace"))
  const git = at(object, "spec", "source", "git")
  const ready = list(at(object, "status", "conditions")).find((condition) => at(condition, "type") === "Ready")
  return {
    kind,
    namespace,
    name: text(at(object, "metadata", "name")),
    source: typeof git === "object" && git !== null && !Array.isArray(git)
      ? { url: text(at(git, "url")), secret: referred(at(git, "secretRef"), namespace), git: git as JsonObject }
      : undefined,
    hook: referred(at(object, "spec", "source", "webhook", "secretRef"), namespace),
    suspended: at(object, "spec", "suspend") === true,
    ready: ready === undefined
      ? undefined
      : { status: text(at(ready, "status")), reason: text(at(ready, "reason")), message: text(at(ready, "message")) },
    starts: list(at(object, "status", "history")).map((run) => ({
      why: text(at(run, "why")),
      at: text(at(run, "startedAt"))
    }))
  }
}

/** `shop/checkout`, or a bundle's name. */
export const nameOf = ({ name, namespace }: Examined): string => namespace === "" ? name : `${namespace}/${name}`

/** The first of some names, and how many more there are. */
export const some = (names: ReadonlyArray<string>): string =>
  names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ")
