import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Declared, type Rule } from "./Rule.ts"

const Reference = Schema.Array(Schema.Struct({ value: Schema.Json }))

const Annotation = Schema.Struct({
  path: Schema.optionalKey(Reference),
  annotations: Schema.Struct({
    scope: Schema.String,
    title: Schema.optionalKey(Schema.String),
    custom: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
    schemas: Schema.optionalKey(
      Schema.Array(Schema.Struct({ path: Reference, schema: Schema.optionalKey(Reference) }))
    ),
    related_resources: Schema.optionalKey(Schema.Array(Schema.Struct({ ref: Schema.String })))
  })
})

const Inspection = Schema.fromJsonString(Schema.Struct({ annotations: Schema.optionalKey(Schema.Array(Annotation)) }))
export type Annotations = ReadonlyArray<typeof Annotation.Type>

/** Reads what `opa inspect -a -f json` printed. */
export const decodeAnnotations = (text: string) =>
  Schema.decodeUnknownEffect(Inspection)(text).pipe(Effect.map(({ annotations }): Annotations => annotations ?? []))

type Notes = Pick<Rule, "policy" | "title" | "impact" | "remedy" | "url">

const textOf = (annotation: Annotations[number], key: string): string | undefined => {
  const value = annotation.annotations.custom?.[key]
  return typeof value === "string" ? value : undefined
}

const valuesOf = (reference: typeof Reference.Type): ReadonlyArray<string> =>
  reference.map(({ value }) => String(value))

/** Annotations from the outermost to the innermost. */
const applicable = (all: Annotations, path: ReadonlyArray<string>, name: string): Annotations => {
  const order = ["subpackages", "package", "document", "rule"]
  const target = (annotation: Annotations[number]) => valuesOf(annotation.path ?? []).slice(1).join("\0")
  const applies = (annotation: Annotations[number]) => {
    const { scope } = annotation.annotations
    const at = target(annotation)
    const here = path.join("\0")
    if (scope === "subpackages") return at === here || here.startsWith(`${at}\0`)
    if (scope === "package") return at === here
    return at === [...path, name].join("\0")
  }
  return all.filter(applies).sort((a, b) =>
    order.indexOf(a.annotations.scope) - order.indexOf(b.annotations.scope) || target(a).length - target(b).length
  )
}

/**
 * What METADATA says about a rule; an inner scope wins over an outer one. The id is `custom.id`, else the package's last
 * part, else (in `main`) what follows the rule's prefix.
 */
export const notesOf = (all: Annotations, path: ReadonlyArray<string>, name: string, bodies: number): Notes => {
  const last = path.at(-1) ?? "main"
  const notes: { -readonly [Key in keyof Notes]: Notes[Key] } = {
    policy: last === "main" && name.includes("_") ? name.slice(name.indexOf("_") + 1) : last
  }
  for (const annotation of applicable(all, path, name)) {
    const { related_resources, scope, title } = annotation.annotations
    // One of several rules of a name cannot speak for all of them.
    if (scope === "rule" && bodies > 1) continue
    const url = related_resources?.[0]?.ref
    const impact = textOf(annotation, "severity")
    const remedy = textOf(annotation, "remedy")
    notes.policy = textOf(annotation, "id") ?? notes.policy
    if (title !== undefined) notes.title = title
    if (impact !== undefined) notes.impact = impact
    if (remedy !== undefined) notes.remedy = remedy
    if (url !== undefined) notes.url = url
  }
  return notes
}

/** Why the `exception` rules of a package let something through, and who says so: their title and `custom.owner`. */
export const exceptionNotes = (all: Annotations, path: ReadonlyArray<string>, bodies: number) => {
  const own = applicable(all, path, "exception").findLast(({ annotations: { scope } }) =>
    scope === "document" || (scope === "rule" && bodies === 1)
  )
  const reason = own?.annotations.title
  const owner = own === undefined ? undefined : textOf(own, "owner")
  return { ...reason === undefined ? {} : { reason }, ...owner === undefined ? {} : { owner } }
}

const isSubject = Schema.is(Declared)

/** `changeset` of `schemas: [{input: schema.changeset}]`; undefined where the annotation says nothing of the input. */
const declared = ({ annotations: { schemas } }: Annotations[number]): string | undefined =>
  schemas?.flatMap(({ path, schema }) =>
    valuesOf(path).join(".") === "input" && schema !== undefined ? [valuesOf(schema).slice(1).join(".")] : []
  )[0]

/**
 * The document that a rule judges, by the schema that OPA's own annotation gives its input. Undefined where none does, or
 * one that is not ours: then it is an object. Several bodies of a rule that disagree are judged as none could be: the
 * list is longer than one.
 */
export const declaredSubjects = (
  all: Annotations,
  path: ReadonlyArray<string>,
  name: string
): ReadonlyArray<Declared> => {
  const found = applicable(all, path, name).flatMap((annotation) => {
    const subject = declared(annotation)
    return isSubject(subject) ? [{ scope: annotation.annotations.scope, subject }] : []
  })
  const inner = found.filter(({ scope }) => scope === found.at(-1)?.scope)
  return [...new Set((inner[0]?.scope === "rule" ? inner : inner.slice(-1)).map(({ subject }) => subject))]
}
