import { BuiltinError } from "./Builtin.ts"

const fail = (): never => {
  throw new BuiltinError("illegal base64 data")
}

/** Go's `base64.StdEncoding` and `URLEncoding`: padded, no other characters but line breaks, which are passed over. */
const decode = (text: string, alphabet: RegExp, encoding: "base64" | "base64url"): Buffer => {
  const digits = text.replace(/[\r\n]/g, "")
  if (digits.length % 4 !== 0 || !alphabet.test(digits)) fail()
  const bytes = Buffer.from(digits, encoding)
  return bytes
}

export const decodeBase64 = (text: string): Buffer => decode(text, /^[A-Za-z0-9+/]*={0,2}$/, "base64")

/** As OPA decodes the parts of a token: padding may be missing. */
export const decodeBase64Url = (text: string): Buffer => {
  const missing = text.endsWith("=") ? 0 : (4 - Buffer.byteLength(text) % 4) % 4
  if (missing === 3) fail()
  return decode(text + "=".repeat(missing), /^[A-Za-z0-9_-]*={0,2}$/, "base64url")
}
