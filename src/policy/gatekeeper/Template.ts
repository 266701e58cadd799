import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Json } from "../../domain/Json.ts"
import type { Problem } from "../compileErrors.ts"
import { decodeResource } from "./decodeResource.ts"
import type { Resource } from "./resources.ts"
import { packageOf, rewrite } from "./rewrite.ts"
import { type SyncKind, syncKinds } from "./syncKinds.ts"

const { Array, Json: JsonValue, optionalKey, Record, String, Struct } = Schema

const target = "admission.k8s.gatekeeper.sh"
const engine = "Rego"

const Source = Struct({
  rego: String,
  libs: optionalKey(Array(String)),
  version: optionalKey(Schema.Literals(["v0", "v1", ""]))
})

const Written = Struct({
  metadata: Struct({ name: String, annotations: optionalKey(Record(String, String)) }),
  spec: Struct({
    crd: Struct({
      spec: Struct({
        names: Struct({ kind: String.check(Schema.isPattern(/^[A-Za-z][A-Za-z0-9]*$/u)) }),
        validation: optionalKey(Struct({ openAPIV3Schema: optionalKey(JsonValue) }))
      })
    }),
    targets: Array(Struct({
      target: Schema.Literal(target),
      rego: optionalKey(String),
      libs: optionalKey(Array(String)),
      code: optionalKey(Array(Struct({ engine: String, source: JsonValue })))
    })).check(Schema.isMinLength(1), Schema.isMaxLength(1))
  })
})

/** A Rego module of a template, as OPA is given it. */
export interface TemplateModule {
  readonly text: string
  readonly version: "v0" | "v1"
  /** The file that it is written in. */
  readonly path: string
  /** Whether its lines are those of the file. */
  readonly hasLines: boolean
}

/** A ConstraintTemplate, its Rego put into packages of its own. */
export interface Template {
  readonly kind: string
  readonly title?: string
  readonly description?: string
  /** The package as its author named it. */
  readonly package: string
  /** Where its `violation` is: `data.<entry>.violation`. */
  readonly entry: string
  readonly modules: ReadonlyArray<TemplateModule>
  /** Which objects it looks for in `data.inventory`; undefined if it does not look there, `all` if it does not say. */
  readonly inventory: ReadonlyArray<SyncKind> | "all" | undefined
  /** The schema of its parameters, for their defaults. */
  readonly schema: Json | undefined
  readonly resource: Resource
}

type Path = ReadonlyArray<string | number>

/** The Rego of a template and the path that leads to it. */
const codeOf = (
  written: typeof Written.Type,
  resource: Resource
): Result.Result<{ readonly source: typeof Source.Type; readonly path: Path }, ReadonlyArray<Problem>> => {
  const [only] = written.spec.targets
  const path: Path = ["spec", "targets", 0]
  const index = only!.code?.findIndex((code) => code.engine === engine) ?? -1
  if (index !== -1) {
    const below: Path = [...path, "code", index, "source"]
    return Result.map(decodeResource(Source, resource, { path: below }), (source) => ({ source, path: below }))
  }
  if (only!.rego !== undefined) {
    return Result.succeed({ source: { rego: only!.rego, libs: only!.libs ?? [] }, path })
  }
  const engines = only!.code?.map((code) => code.engine).join(", ")
  const message = engines === undefined
    ? "the template holds no Rego"
    : `the template holds no Rego, and its code for ${engines} is not evaluated here`
  return Result.fail([{ message, origin: resource.place(path) }])
}

/** Reads a template; `prefix` is the package that its modules are put under. */
export const readTemplate = (resource: Resource, prefix: string): Result.Result<Template, ReadonlyArray<Problem>> =>
  Result.gen(function*() {
    const written = yield* decodeResource(Written, resource)
    const { path, source } = yield* codeOf(written, resource)
    const { annotations = {}, name } = written.metadata
    const { names: { kind }, validation } = written.spec.crd.spec
    if (name !== kind.toLowerCase()) {
      const message = `a template of kind ${kind} is named ${kind.toLowerCase()}, not ${name}`
      return yield* Result.fail([{ message, origin: resource.place(["metadata", "name"]) }])
    }
    const libs = source.libs ?? []
    const libraries = libs.map((text) => packageOf(text) ?? [])
    const problems: Array<Problem> = []
    const modules: Array<TemplateModule> = []
    let readsInventory = false
    let ownPackage = ""
    const add = (text: string, role: "entry" | "library", below: Path) => {
      const line = resource.firstLine(below)
      const place = resource.place(below)
      const rewritten = rewrite(text, { role, prefix, libraries })
      if ("refusals" in rewritten) {
        for (const refusal of rewritten.refusals) {
          const origin = line === undefined ? place : { file: place.file, line: line + refusal.line - 1 }
          problems.push({ message: refusal.message, origin })
        }
        return
      }
      readsInventory ||= rewritten.readsInventory
      if (role === "entry") ownPackage = rewritten.package
      modules.push({
        // empty lines above it give OPA the lines of the file
        text: "\n".repeat((line ?? 1) - 1) + rewritten.text,
        version: source.version === "v1" ? "v1" : "v0",
        path: place.file,
        hasLines: line !== undefined
      })
    }
    add(source.rego, "entry", [...path, "rego"])
    for (const [index, text] of libs.entries()) add(text, "library", [...path, "libs", index])
    if (problems.length > 0) return yield* Result.fail(problems)
    const inventory = readsInventory ? yield* syncKinds(annotations, resource) : undefined
    const title = annotations["metadata.gatekeeper.sh/title"]
    const { description } = annotations
    return {
      kind,
      ...title === undefined ? {} : { title },
      ...description === undefined ? {} : { description: description.trim() },
      package: ownPackage,
      entry: `${prefix}.main`,
      modules,
      inventory,
      schema: validation?.openAPIV3Schema,
      resource
    } satisfies Template
  })
