import { createHash } from "node:crypto"
import type { Finding } from "./protocol.ts"

const maximumEntries = 20_000
/** Longer verdicts are asked for again: what is remembered stays small. */
const maximumCharacters = 4_096

/** Of the policies and of the exact text that they judged. */
export const keyOf = (set: string, json: string): string =>
  createHash("sha256").update(set).update("\0").update(json).digest("base64")

/** Verdicts of this process by object, so that of 2,000 objects only the one that changed is evaluated. Oldest out first. */
export const make = () => {
  const entries = new Map<string, ReadonlyArray<Finding>>()
  return {
    get: (key: string): ReadonlyArray<Finding> | undefined => {
      const found = entries.get(key)
      if (found === undefined) return undefined
      entries.delete(key)
      entries.set(key, found)
      return found
    },
    set: (key: string, findings: ReadonlyArray<Finding>): void => {
      if (findings.reduce((sum, { message }) => sum + message.length, 0) > maximumCharacters) return
      entries.set(key, findings)
      if (entries.size <= maximumEntries) return
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    }
  }
}
