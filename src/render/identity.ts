import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { groupOf } from "../domain/ObjectRef.ts"

const subdomain = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/u
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u
const versionText = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z][a-z0-9]*$/u
const kindText = /^[A-Za-z][A-Za-z0-9]{0,62}$/u

/** Kubernetes lets these have any name that fits into a path of its API. */
const freelyNamed = (object: Json): boolean =>
  groupOf(String(at(object, "apiVersion"))) === "rbac.authorization.k8s.io" || at(object, "kind") === "IPAddress"

const isPathSegment = (name: string) => name.length <= 253 && !/^\.{1,2}$|[/%\s\p{Cc}]/u.test(name)

/** Why a value is no Kubernetes object that can be applied; undefined if it is one. */
export const refusal = (value: Json): string | undefined => {
  if (!isJsonObject(value)) return "this is not a Kubernetes object: it has neither apiVersion nor kind"
  const { apiVersion, kind, metadata } = value
  if (apiVersion === undefined && kind === undefined) {
    return "this is not a Kubernetes object: it has neither apiVersion nor kind"
  }
  if (typeof apiVersion !== "string" || !versionText.test(apiVersion)) {
    return apiVersion === undefined ? "apiVersion is missing" : `${JSON.stringify(apiVersion)} is no apiVersion`
  }
  if (typeof kind !== "string" || !kindText.test(kind)) {
    return kind === undefined ? "kind is missing" : `${JSON.stringify(kind)} is no kind`
  }
  if (!isJsonObject(metadata)) return `${kind}: metadata is missing`
  const { name, namespace } = metadata
  if (name === undefined && metadata.generateName !== undefined) {
    return `${kind}: metadata.generateName makes a new object at every run; give it a name`
  }
  if (typeof name !== "string" || name === "") {
    return name === undefined || name === null || name === ""
      ? `${kind}: metadata.name is missing`
      : `${kind}: metadata.name is ${JSON.stringify(name)}, not a string; quote it`
  }
  if (freelyNamed(value) ? !isPathSegment(name) : !subdomain.test(name)) {
    return `${kind}: metadata.name ${JSON.stringify(name)} is not made of lower-case letters, digits, - and .`
  }
  if (namespace !== undefined && namespace !== null && namespace !== "") {
    if (typeof namespace !== "string" || !label.test(namespace)) {
      return `${kind}/${name}: metadata.namespace ${JSON.stringify(namespace)} is no name of a namespace`
    }
  }
  // Sluice adds to both: what is judged and what is sent must not differ in anything else.
  const odd = (["labels", "annotations"] as const).find((field) => !isMapping(metadata[field]))
  return odd === undefined ? undefined : `${kind}/${name}: metadata.${odd} is not a mapping`
}

const isMapping = (value: Json | undefined): boolean => value === undefined || value === null || isJsonObject(value)

/** Whether a value is one of Kubernetes' lists: what `kubectl get -o yaml` writes. */
export const isList = (value: Json): value is JsonObject & { readonly items: ReadonlyArray<Json> } =>
  isJsonObject(value) && typeof value.kind === "string" && value.kind.endsWith("List") && Array.isArray(value.items)
