import * as Schema from "effect/Schema"

/** What rules judge: one object, all that would change, all objects at once (conftest's `--combine`). */
export const Subject = Schema.Literals(["object", "changeset", "combined"])
export type Subject = typeof Subject.Type

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
  places: Schema.Array(Schema.Struct({ file: Schema.String, line: Schema.Int, endLine: Schema.Int }))
})
export type Rule = typeof Rule.Type

const names = /^(deny|violation|warn)(_[a-zA-Z0-9]+)*$/

/** conftest's convention; undefined for a rule that only serves others. */
export const severityOf = (name: string): Rule["severity"] | undefined => {
  const [, prefix] = names.exec(name) ?? []
  return prefix === undefined ? undefined : prefix === "warn" ? "warn" : "deny"
}
