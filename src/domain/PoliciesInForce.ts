import type { PolicySet, WrittenPolicy } from "./Decision.ts"
import { digest } from "./digest.ts"
import { canonical, type Json } from "./Json.ts"

/** The repository's own policies at one revision. Those of the revision that is applied judge the next one too. */
export interface PoliciesInForce {
  /** Of `spec.policy` as it was: whoever edits it lifts what was in force. */
  readonly spec: string
  /** Of the files. */
  readonly digest: string
  readonly files: ReadonlyArray<WrittenPolicy>
}

/** What tells one `spec.policy` from another. */
export const specOf = ({ data, enforcement, paths, regoVersion }: {
  readonly data: Json
  readonly enforcement: string
  readonly paths?: ReadonlyArray<string>
  readonly regoVersion: string
}): string => digest(canonical([enforcement, regoVersion, data, paths ?? null]))

/** What comes into force with a revision; no files where it has no policies. */
export const ownOf = ({ written = [] }: PolicySet, spec: string): PoliciesInForce => ({
  spec,
  digest: digest(...written.flatMap(({ content, path }) => [path, content])),
  files: written
})

/** A policy file that a revision brings, changes or takes away. */
export interface PolicyChange {
  readonly path: string
  readonly op: "create" | "update" | "delete"
}

/** What a revision does to the policies of the repository, by path. */
export const policyChanges = (
  before: ReadonlyArray<WrittenPolicy>,
  after: ReadonlyArray<WrittenPolicy>
): ReadonlyArray<PolicyChange> => {
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
