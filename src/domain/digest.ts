import { createHash } from "node:crypto"

/** `sha256:<hex>` of the parts, each preceded by its length, so that no two lists of parts share a digest by accident. */
export const digest = (...parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return `sha256:${hash.digest("hex")}`
}
