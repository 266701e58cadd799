import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Rule } from "./Rule.ts"

const Annotation = Schema.Struct({
  path: Schema.optionalKey(Schema.Array(Schema.Struct({ value: Schema.Json }))),
  annotations: Schema.Struct({
    scope: Schema.String,
    title: Schema.optionalKey(Schema.String),
    custom: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
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

/** Annotations from the outermost to the innermost. One of several rules of a name cannot speak for all of them. */
const applicable = (all: Annotations, path: ReadonlyArray<string>, name: string, bodies: number): Annotations => {
  const order = ["subpackages", "package", "document", "rule"]
  const target = (annotation: Annotations[number]) =>
    (annotation.path ?? []).slice(1).map(({ value }) => String(value)).join("\0")
  const applies = (annotation: Annotations[number]) => {
    const { scope } = annotation.annotations
    const at = target(annotation)
    const here = path.join("\0")
    if (scope === "subpackages") return at === here || here.startsWith(`${at}\0`)
    if (scope === "package") return at === here
    return at === [...path, name].join("\0") && (scope === "document" || bodies === 1)
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
  for (const annotation of applicable(all, path, name, bodies)) {
    const { related_resources, title } = annotation.annotations
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
