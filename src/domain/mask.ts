import { createHmac } from "node:crypto"
import { isJsonObject, type Json, type JsonObject } from "./Json.ts"

/** Where kubectl keeps a copy of what it applied, values of Secrets included. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

const digits = 12

/**
 * Replaces a value by `(masked 1a2b3c4d5e6f)`, the start of its HMAC-SHA256: equal values stay equal under one key, and
 * nobody without the key can find a short password by trying.
 */
export const maskValue = (value: string | Uint8Array, key: string | Uint8Array): string =>
  `(masked ${createHmac("sha256", key).update(value).digest("hex").slice(0, digits)})`

const maskEach = (values: Json | undefined, key: string | Uint8Array, encoding: "base64" | "utf8"): Json => {
  if (!isJsonObject(values)) return maskValue(JSON.stringify(values ?? null), key)
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      maskValue(typeof value === "string" ? Buffer.from(value, encoding) : JSON.stringify(value), key)
    ])
  )
}

const maskMetadata = (metadata: Json, key: string | Uint8Array): Json => {
  if (!isJsonObject(metadata) || !isJsonObject(metadata.annotations)) return metadata
  const copy = metadata.annotations[lastApplied]
  if (copy === undefined) return metadata
  const masked = maskValue(typeof copy === "string" ? copy : JSON.stringify(copy), key)
  return { ...metadata, annotations: { ...metadata.annotations, [lastApplied]: masked } }
}

const maskFields = (secret: JsonObject, key: string | Uint8Array): JsonObject => ({
  ...secret,
  ...secret.metadata === undefined ? {} : { metadata: maskMetadata(secret.metadata, key) },
  ...secret.data === undefined || secret.data === null ? {} : { data: maskEach(secret.data, key, "base64") },
  ...secret.stringData === undefined || secret.stringData === null
    ? {}
    : { stringData: maskEach(secret.stringData, key, "utf8") }
})

const masksItem = (kind: Json | undefined, key: string | Uint8Array) => (item: Json): Json => {
  if (!isJsonObject(item)) return item
  return kind === "SecretList" ? maskFields(item, key) : maskSecret(item, key)
}

/**
 * A Secret (or a list that holds some) without its values; every other object as it is.
 *
 * The same bytes mask alike in `data` (base64) and in `stringData`. kubectl's copy in the annotation is masked whole.
 */
export const maskSecret = (object: JsonObject, key: string | Uint8Array): JsonObject => {
  if (object.apiVersion !== "v1") return object
  if (object.kind === "Secret") return maskFields(object, key)
  if ((object.kind === "List" || object.kind === "SecretList") && Array.isArray(object.items)) {
    return { ...object, items: (object.items as ReadonlyArray<Json>).map(masksItem(object.kind, key)) }
  }
  return object
}
