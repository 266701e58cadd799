import { isJsonObject, type JsonObject } from "../domain/Json.ts"
import type { Scope } from "./scope.ts"

/** What only the API server may say; server-side apply ignores or refuses it. */
const serverMetadata = new Set([
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid"
])

const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64")

/** `stringData` as the API server would fold it into `data`; a sentence if it cannot. */
const withoutStringData = (object: JsonObject): JsonObject | string => {
  const { stringData, ...rest } = object
  if (stringData === undefined || object.kind !== "Secret" || object.apiVersion !== "v1") return object
  if (stringData === null) return rest
  if (!isJsonObject(stringData)) return "stringData is not a mapping"
  const data: Record<string, string> = {}
  for (const [key, value] of Object.entries(stringData)) {
    if (typeof value !== "string") return `stringData.${key} is not a string; quote it`
    data[key] = base64(value)
  }
  return { ...rest, data: { ...isJsonObject(rest.data) ? rest.data : {}, ...data } }
}

/**
 * An object as it will be sent: what only the server may say is dropped, `stringData` becomes `data`, and the namespace
 * is given to what lives in one, and taken from what does not. A sentence says why it cannot be.
 */
export const normalise = (object: JsonObject, scope: Scope, namespace: string): JsonObject | string => {
  const { status: _, ...rest } = object
  const folded = withoutStringData(rest)
  if (typeof folded === "string") return folded
  const metadata: Record<string, JsonObject[string]> = {}
  for (const [key, value] of Object.entries(folded.metadata as JsonObject)) {
    if (!serverMetadata.has(key)) metadata[key] = value
  }
  const own = typeof metadata.namespace === "string" ? metadata.namespace : ""
  delete metadata.namespace
  if (scope === "namespaced") metadata.namespace = own === "" ? namespace : own
  else if (scope === undefined && own !== "") metadata.namespace = own
  return { ...folded, metadata }
}
