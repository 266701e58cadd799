import type { Bundle, PolicySet } from "./Decision.ts"
import { digest } from "./digest.ts"
import { canonical, type Json } from "./Json.ts"

/** The repository's own policies at one revision. Those of the revision that is applied judge the next one too. */
export interface PoliciesInForce {
  /** Of `spec.policy` as it was: whoever edits it lifts what was in force. */
  readonly spec: string
  /** Of the files. */
  readonly digest: string
  readonly files: Bundle["files"]
}

/** What tells one `spec.policy` from another. */
export const specOf = ({ data, enforcement, paths }: {
  readonly data: Json
  readonly enforcement: string
  readonly paths?: ReadonlyArray<string>
}): string => digest(canonical([enforcement, data, paths ?? null]))

const none = digest()

/** What comes into force with a revision; no files where it has no policies. */
export const ownOf = ({ bundles }: PolicySet, spec: string): PoliciesInForce => {
  const own = bundles.filter(({ origin }) => origin === "repository")
  const [only] = own
  return {
    spec,
    digest: only === undefined ? none : own.length === 1 ? only.digest : digest(...own.map((bundle) => bundle.digest)),
    files: own.flatMap(({ files }) => files)
  }
}

/** A policy file that a revision brings, changes or takes away. */
export interface PolicyChange {
  readonly path: string
  readonly op: "create" | "update" | "delete"
}

/** What a revision does to the policies of the repository, by path. */
export const policyChanges = (before: Bundle["files"], after: Bundle["files"]): ReadonlyArray<PolicyChange> => {
  const [was, is] = [before, after].map((files) => new Map(files.map(({ content, path }) => [path, content])))
  const changes: Array<PolicyChange> = []
  for (const path of [...new Set([...was!.keys(), ...is!.keys()])].sort()) {
    const [old, now] = [was!.get(path), is!.get(path)]
    if (old === undefined) changes.push({ path, op: "create" })
    else if (now === undefined) changes.push({ path, op: "delete" })
    else if (Buffer.compare(old, now) !== 0) changes.push({ path, op: "update" })
  }
  return changes
}
