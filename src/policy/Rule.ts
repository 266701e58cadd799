import * as Schema from "effect/Schema"
import { Origin } from "../domain/Manifest.ts"
import { Match } from "./gatekeeper/match.ts"
import { SyncKind } from "./gatekeeper/syncKinds.ts"

/** What METADATA may say that a rule judges: one object, all that would change, all objects at once (conftest's `--combine`). */
export const Declared = Schema.Literals(["object", "changeset", "combined"])
export type Declared = typeof Declared.Type

/** What rules judge: what they may say, and Gatekeeper's reviews, an operation on an object each. */
export const Subject = Schema.Literals([...Declared.literals, "review"])
export type Subject = typeof Subject.Type

/** Who answers for the `exception` rules of a package, as far as their METADATA says so. */
export const Exception = Schema.Struct({
  reason: Schema.optionalKey(Schema.String),
  owner: Schema.optionalKey(Schema.String),
  where: Origin
})
export type Exception = typeof Exception.Type

/** One rule that reports, as it was found in the policies. */
export const Rule = Schema.Struct({
  /** `policies.images`, without `data`. */
  package: Schema.String,
  path: Schema.Array(Schema.String),
  name: Schema.String,
  severity: Schema.Literals(["deny", "warn"]),
  judges: Subject,
  /** The policy's id. */
  policy: Schema.String,
  title: Schema.optionalKey(Schema.String),
  impact: Schema.optionalKey(Schema.String),
  remedy: Schema.optionalKey(Schema.String),
  url: Schema.optionalKey(Schema.String),
  /** The files that define it, from the root of the repository. */
  files: Schema.Array(Schema.String),
  /** Its bodies there, from line to line; none where they could not be told for certain. */
  places: Schema.Array(Schema.Struct({ file: Schema.String, line: Schema.Int, endLine: Schema.Int })),
  /** What it finds is told and denies nothing. */
  isAudited: Schema.optionalKey(Schema.Literal(true)),
  /** conftest's `exception` of the same package: what it lets through, and where it is written. */
  exception: Schema.optionalKey(Exception),
  /** Of a Gatekeeper constraint: the objects that it is about. */
  match: Schema.optionalKey(Match),
  /** Of a Gatekeeper constraint: the objects that its template looks for in `data.inventory`. */
  inventory: Schema.optionalKey(Schema.Union([Schema.Array(SyncKind), Schema.Literal("all")]))
})
export type Rule = typeof Rule.Type

const names = /^(deny|violation|warn)(_[a-zA-Z0-9]+)*$/

/** conftest's convention; undefined for a rule that only serves others. */
export const severityOf = (name: string): Rule["severity"] | undefined => {
  const [, prefix] = names.exec(name) ?? []
  return prefix === undefined ? undefined : prefix === "warn" ? "warn" : "deny"
}
