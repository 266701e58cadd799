import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { maskSecret, maskValue } from "../domain/mask.ts"

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

const maskCopy = (object: JsonObject, key: Uint8Array): JsonObject => {
  const copy = at(object, "metadata", "annotations", lastApplied)
  if (typeof copy !== "string" || !isJsonObject(object.metadata) || !isJsonObject(object.metadata.annotations)) {
    return object
  }
  const annotations = { ...object.metadata.annotations, [lastApplied]: maskValue(copy, key) }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

/**
 * An answer of the API server without the values of Secrets and without kubectl's copies of what it applied, in objects,
 * lists and metadata alike. Nothing outside the client sees an answer before this.
 */
export const maskAnswer = (answer: JsonObject, key: Uint8Array): JsonObject => {
  const masked = maskSecret(answer, key)
  if (masked !== answer) return masked
  if (!Array.isArray(answer.items)) return maskCopy(answer, key)
  const items = answer.items as ReadonlyArray<Json>
  return { ...answer, items: items.map((item) => isJsonObject(item) ? maskCopy(maskSecret(item, key), key) : item) }
}

/** A watch's event, its object masked. */
export const maskLine = (event: JsonObject, key: Uint8Array): JsonObject =>
  isJsonObject(event.object) ? { ...event, object: maskAnswer(event.object, key) } : event
