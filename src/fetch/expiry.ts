import { Buffer } from "node:buffer"
import type { Credentials } from "./credentials.ts"

const jwt = /^[\w-]+\.([\w-]+)\.[\w-]*$/u

/** When a JSON Web Token ends by its own `exp` (RFC 7519), in milliseconds since the epoch; nothing of it is verified. */
export const expiryOfToken = (token: string): number | undefined => {
  const payload = token.length > 16_384 ? undefined : jwt.exec(token)?.[1]
  if (payload === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString())
    const exp = typeof claims === "object" && claims !== null && "exp" in claims ? claims.exp : undefined
    return typeof exp === "number" && Number.isFinite(exp) ? exp * 1_000 : undefined
  } catch {
    return undefined
  }
}

/** When credentials end, where they say so themselves: what a Git host keeps in its own books, no request tells. */
export const expiryOf = ({ bearerToken, password }: Credentials): number | undefined =>
  expiryOfToken(bearerToken ?? password ?? "")
