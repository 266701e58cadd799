import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import { headerOf, type Headers, type Keys } from "./Provider.ts"

const digestOf = (bytes: string | Uint8Array): Buffer => createHash("sha256").update(bytes).digest()

/** Whether a text is this secret, in a time that tells of neither. */
export const isSecret = (given: string | undefined, secret: Uint8Array): boolean =>
  timingSafeEqual(digestOf(given ?? ""), digestOf(secret)) && given !== undefined && secret.length > 0

const hmac = (key: Uint8Array, ...parts: ReadonlyArray<string | Uint8Array>): Buffer => {
  const made = createHmac("sha256", key)
  for (const part of parts) made.update(part)
  return made.digest()
}

const isSame = (given: Buffer, expected: Buffer): boolean =>
  given.length === expected.length && timingSafeEqual(given, expected)

/** Whether `<prefix><hex>` is the HMAC-SHA256 of the body under one of the two secrets; both are tried, always. */
export const signsBody = (given: string | undefined, prefix: string, body: Uint8Array, keys: Keys): boolean => {
  if (given === undefined) return false
  const hex = given.slice(prefix.length)
  const isWritten = given.startsWith(prefix) && /^[0-9a-f]{64}$/iu.test(hex)
  const signature = Buffer.from(isWritten ? hex : "", "hex")
  return [keys.token, keys.signingToken].filter((key) => isSame(signature, hmac(key, body))).length > 0
}

/** Seconds that a sender's clock may be off, either way: who keeps a request longer cannot send it again. */
const window = 300

/**
 * Whether one of the signatures of Standard Webhooks 1.0 is right: HMAC-SHA256 over `id.timestamp.body`, sent as
 * `v1,<base64>`, several parted by spaces. `now` in milliseconds.
 */
export const signsStandardly = (headers: Headers, body: Uint8Array, key: Uint8Array, now: number): boolean => {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    headerOf(headers, name)
  )
  if (id === undefined || timestamp === undefined || signatures === undefined) return false
  const expected = hmac(key, `${id}.${timestamp}.`, body)
  const isSigned =
    signatures.split(" ").slice(0, 8).filter((signature) =>
      signature.startsWith("v1,") && isSame(Buffer.from(signature.slice(3), "base64"), expected)
    ).length > 0
  return isSigned && /^\d{1,12}$/u.test(timestamp) && Math.abs(now / 1_000 - Number(timestamp)) <= window
}
