import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/** `spec.ignore[0].paths`. */
export const written = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (text, step) => typeof step === "number" ? `${text}[${step}]` : `${text}${text === "" ? "" : "."}${String(step)}`,
    ""
  )

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "MissingKey" || issue._tag === "UnexpectedKey" ? issue._tag : SchemaIssue.defaultLeafHook(issue)
})

/** One thing that a schema does not take; its message never repeats the value. */
export interface Problem {
  readonly path: ReadonlyArray<PropertyKey>
  readonly what: "MissingKey" | "UnexpectedKey" | "Wrong"
  readonly message: string
}

/** What is wrong with a value, place by place. */
export const problemsOf = ({ issue }: Schema.SchemaError): ReadonlyArray<Problem> =>
  format(issue).issues.map(({ message, path }) => ({
    path: (path ?? []).map((step) => typeof step === "object" ? step.key : step),
    what: message === "MissingKey" || message === "UnexpectedKey" ? message : "Wrong",
    message: message.replace(/^E/u, "e")
  }))
