import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Annotations, declaredSubjects, exceptionNotes, notesOf } from "./annotations.ts"
import type { Problem } from "./compileErrors.ts"
import type { Settings } from "./conftest.ts"
import { isReserved } from "./entrypoint.ts"
import { beginnings } from "./regoTokens.ts"
import { type Exception, type Rule, severityOf, type Subject } from "./Rule.ts"
import { originOf, type Source } from "./sources.ts"
import { placesOf } from "./statements.ts"

/** Evaluated by OPA over the texts of the policies: their packages, and of each rule what its head looks like. */
export const query = `[{
  "file": file.name,
  "path": [part.value | some index, part in parsed["package"].path; index > 0],
  "imports": [[part.value | some index, part in imported.path.value; index > 0] |
    some imported in object.get(parsed, "imports", [])
    imported.path.value[0].value == "data"
  ],
  "reads": {name |
    walk(parsed.rules, [_, node])
    node.type == "ref"
    node.value[0].value == "input"
    name := node.value[1].value
    name in {"changeset", "operations"}
  },
  "rules": [{
    "name": rule.head.ref[0].value,
    "parts": count(rule.head.ref),
    "isSet": [key | some key in ["key", "value"]; object.get(rule.head, key, null) != null] == ["key"],
    "isFunction": "args" in object.keys(rule.head),
    "value": object.get(rule.head, ["value", "type"], ""),
    "asks": {name |
      some expression in object.get(rule, "body", [])
      not expression.negated
      not expression["with"]
      walk(expression.terms, [path, node])
      node.type == "ref"
      node.value[0].value == "input"
      name := node.value[1].value
      name in {"request", "review"}
      every inner in {"body", "key", "term"} { not inner in path }
    }
  } | some rule in parsed.rules]
} | some file in input.files
  some parsed in array.concat([module | module := file.module], [module |
    module := rego.parse_module(file.name, file.text)
  ])
]`

const Modules = Schema.fromJsonString(Schema.Array(Schema.Struct({
  file: Schema.String,
  path: Schema.Array(Schema.String),
  /** Of `import data.…`, without `data`. */
  imports: Schema.Array(Schema.Array(Schema.String)),
  /** Fields of a changeset that its rules read of `input`. */
  reads: Schema.Array(Schema.String),
  rules: Schema.Array(Schema.Struct({
    name: Schema.String,
    parts: Schema.Int,
    isSet: Schema.Boolean,
    isFunction: Schema.Boolean,
    value: Schema.String,
    /** Fields of an admission review without which its body is undefined. */
    asks: Schema.Array(Schema.String)
  }))
})))
export type Modules = typeof Modules.Type

export const decodeModules = Schema.decodeUnknownEffect(Modules)
/** Kinds of values that are no set of results, whatever the rule's body says. */
const noSets = new Set(["boolean", "number", "string", "null", "object", "objectcomprehension"])

type Head = Modules[number]["rules"][number]

const refusal = ({ isSet, name, parts, value }: Head): string | undefined => {
  if (parts > 1) return `${name}[…] is no set of results: write \`${name} contains message if { … }\``
  if (isSet || !noSets.has(value)) return undefined
  const article = /^[aeiou]/u.test(value) ? "an" : "a"
  return `${name} is ${article} ${value}, not a set of results, and says nothing: write ` +
    `\`${name} contains message if { … }\``
}

/** Why the document that a rule judges is in doubt, or is not the one that it was written for. */
const doubt = (
  subjects: ReadonlyArray<Subject>,
  { reads }: Modules[number],
  { asks: [asked], name }: Head
): string | undefined => {
  if (asked !== undefined && subjects.every((subject) => subject === "object")) {
    return `${name} asks for input.${asked}, which no object has, so it would never say anything: input is the object ` +
      "itself, input.kind and input.metadata"
  }
  if (subjects.length > 1) return `the rules of ${name} judge different documents: give each its own name`
  if (subjects.length === 1 || reads.length === 0) return undefined
  return `${name} stands beside rules that read input.${reads[0]}, which no object has: say in its METADATA what it ` +
    "judges, `schemas: [{input: schema.changeset}]` or schema.object"
}

/** Rules that would never report anything, with the line that `opa parse` is asked for. */
export const refused = (
  modules: Modules,
  annotations: Annotations,
  known: ReadonlyArray<Source>,
  settingsOf: (path: string) => Settings
): ReadonlyArray<Problem & { file: string; name: string }> =>
  modules.flatMap((module) => {
    const { file, path, rules } = module
    const origin = originOf(known, file)
    if (isReserved(path)) {
      return [{ file, name: "", origin, message: `package ${path.join(".")} is Sluice's own; choose another name` }]
    }
    if (!settingsOf(origin?.file ?? "").reports(path.join("."))) return []
    return rules.flatMap((head) => {
      const message = severityOf(head.name) === undefined || head.isFunction
        ? undefined
        : refusal(head) ?? doubt(declaredSubjects(annotations, path, head.name), module, head)
      return message === undefined ? [] : [{ file, name: head.name, origin, message }]
    })
  })

const Parsed = Schema.fromJsonString(Schema.Struct({
  rules: Schema.Array(Schema.Struct({
    location: Schema.Struct({ row: Schema.Int, col: Schema.Int }),
    head: Schema.Struct({ ref: Schema.Array(Schema.Struct({ value: Schema.Json })) })
  }))
}))

/** The place of the first rule of that name in what `opa parse` printed. */
export const locate = (parsed: string, name: string) =>
  Schema.decodeUnknownEffect(Parsed)(parsed).pipe(
    Effect.map(({ rules }) => rules.find(({ head }) => head.ref[0]?.value === name)?.location),
    Effect.orElseSucceed(() => undefined)
  )

/** conftest's `exception` rules by package. */
const exceptionsOf = (
  modules: Modules,
  annotations: Annotations,
  known: ReadonlyArray<Source>
): ReadonlyMap<string, Exception> => {
  const exceptions = new Map<string, Exception>()
  for (const { file, path, rules } of modules) {
    const source = known.find(({ name }) => name === file)
    if (source === undefined || !rules.some(({ isFunction, name }) => name === "exception" && !isFunction)) continue
    const all = modules.filter((other) => other.path.join("\0") === path.join("\0"))
    const bodies = all.flatMap((other) => other.rules).filter(({ name }) => name === "exception").length
    const starts = beginnings(Buffer.from(source.content).toString("utf8"), "exception")
    // Which of several lets something through, nobody knows.
    const line = bodies === 1 ? starts[0]?.line : undefined
    const where = { file: source.path, ...line === undefined ? {} : { line } }
    const key = path.join(".")
    if (!exceptions.has(key)) exceptions.set(key, { where, ...exceptionNotes(annotations, path, bodies) })
  }
  return exceptions
}

/** The rules that report, each package and name once, sorted. */
export const rulesOf = (
  modules: Modules,
  annotations: Annotations,
  known: ReadonlyArray<Source>,
  settingsOf: (path: string) => Settings
): ReadonlyArray<Rule> => {
  const exceptions = exceptionsOf(modules, annotations, known)
  const found = new Map<string, {
    path: ReadonlyArray<string>
    name: string
    files: Set<string>
    bodies: number
    places: Array<Rule["places"][number]>
  }>()
  for (const { file, path, rules } of modules) {
    const source = known.find(({ name }) => name === file)
    const text = Buffer.from(source?.content ?? []).toString("utf8")
    const places = placesOf(text, rules.map(({ name }) => name))
    for (const [index, { isFunction, name }] of rules.entries()) {
      if (isFunction || severityOf(name) === undefined) continue
      const key = JSON.stringify([path, name])
      const entry = found.get(key) ?? { path, name, files: new Set(), bodies: 0, places: [] }
      entry.files.add(source?.path ?? file)
      entry.bodies++
      const place = places[index]
      if (place !== undefined) {
        entry.places.push({ file: source?.path ?? file, line: place.line, endLine: place.endLine })
      }
      found.set(key, entry)
    }
  }
  const rules: Array<Rule> = []
  for (const [, { bodies, files, name, path, places }] of [...found].sort(([a], [b]) => a < b ? -1 : 1)) {
    const settings = settingsOf([...files][0] ?? "")
    const own = path.join(".")
    if (!settings.reports(own)) continue
    const notes = notesOf(annotations, path, name, bodies)
    const exception = exceptions.get(own)
    rules.push({
      ...notes,
      package: own,
      path,
      name,
      severity: settings.failsOnWarn ? "deny" : severityOf(name) ?? "deny",
      judges: declaredSubjects(annotations, path, name)[0] ?? (settings.isCombined ? "combined" : "object"),
      ...exception === undefined ? {} : { exception },
      files: [...files],
      places
    })
  }
  return rules
}
