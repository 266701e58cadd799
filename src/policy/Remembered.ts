import { createHash } from "node:crypto"
import type { Judgement } from "./evaluate.ts"
import type { Finding } from "./protocol.ts"

const maximumEntries = 20_000
/** Longer verdicts are asked for again: what is remembered stays small. */
const maximumCharacters = 4_096

/** Of the policies and of the exact text that they judged. */
export const keyOf = (set: string, json: string): string =>
  createHash("sha256").update(set).update("\0").update(json).digest("base64")

/** Milliseconds. */
const aWhile = 600_000

/** Verdicts of this process by object, so that of 2,000 objects only the one that changed is evaluated. Oldest out first. */
export const make = () => {
  const entries = new Map<string, { readonly findings: ReadonlyArray<Finding>; readonly until: number }>()
  return {
    /** `now` in milliseconds since the epoch. */
    get: (key: string, now: number): ReadonlyArray<Finding> | undefined => {
      const found = entries.get(key)
      if (found === undefined) return undefined
      entries.delete(key)
      if (found.until <= now) return undefined
      entries.set(key, found)
      return found.findings
    },
    set: (key: string, { findings, holds }: Judgement, now: number): void => {
      if (holds === "now") return
      if (findings.reduce((sum, { message }) => sum + message.length, 0) > maximumCharacters) return
      entries.set(key, { findings, until: holds === "always" ? Infinity : now + aWhile })
      if (entries.size <= maximumEntries) return
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    }
  }
}
