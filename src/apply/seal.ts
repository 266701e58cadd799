import { createCipheriv, createDecipheriv, createHmac } from "node:crypto"

const prefix = "sealed:"
const nonceBytes = 12
const tagBytes = 16

export const isSealed = (text: string): boolean => text.startsWith(prefix)

/** Equal texts of one context are sealed alike, so that a record that says the same is the same. */
const nonceOf = (text: string, key: Uint8Array, context: string): Uint8Array =>
  createHmac("sha256", key).update(JSON.stringify([context, text])).digest().subarray(0, nonceBytes)

/**
 * The text, so that nobody without the key can read it, guess it, or put it into another context: AES-256-GCM with a
 * nonce that is an HMAC of the text.
 */
export const seal = (text: string, key: Uint8Array, context: string): string => {
  const nonce = nonceOf(text, key, context)
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context))
  const parts = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]
  return prefix + Buffer.concat(parts).toString("base64")
}

/** What was sealed; undefined for what was not, under this key and in this context. */
export const unseal = (sealed: string, key: Uint8Array, context: string): string | undefined => {
  const bytes = Buffer.from(sealed.slice(prefix.length), "base64")
  if (!isSealed(sealed) || bytes.length < nonceBytes + tagBytes) return undefined
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-tagBytes))
  const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
  try {
    return Buffer.concat([text, decipher.final()]).toString("utf8")
  } catch {
    return undefined
  }
}
