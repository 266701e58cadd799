import * as Result from "effect/Result"
import { written } from "../../api/v1alpha1/problems.ts"
import { at, isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import type { Problem } from "../compileErrors.ts"
import type { Rule } from "../Rule.ts"
import { type Constraint, readConstraint } from "./Constraint.ts"
import { withDefaults, wrongWith } from "./parameters.ts"
import { resources } from "./resources.ts"
import { readTemplate, type Template, type TemplateModule } from "./Template.ts"

/** Where the modules of templates are put: a package that no policy may take. */
const prefixOf = (index: number): string => `sluice.templates.t${index}`

/** A constraint that is enforced here. */
export interface Enforced {
  /** Stands for it in reports. */
  readonly rule: Rule
  readonly parameters: Json
}

export interface Gatekeeper {
  readonly modules: ReadonlyArray<TemplateModule>
  readonly enforced: ReadonlyArray<Enforced>
  /** There are templates, and no constraint at all. */
  readonly isIdle: boolean
  readonly problems: ReadonlyArray<Problem>
}

const twice = <A extends { readonly resource: Constraint["resource"] }>(
  all: ReadonlyArray<A>,
  named: (one: A) => string,
  what: string
): ReadonlyArray<Problem> =>
  all.flatMap((one, index) => {
    const first = all.findIndex((other) => named(other) === named(one))
    if (first === index) return []
    const { file, line = 0 } = all[first]!.resource.place([])
    const message = `${what} ${named(one)} is there twice, first in ${file}:${line}`
    return [{ message, origin: one.resource.place(["metadata", "name"]) }]
  })

/** The kind that a template makes, for as long as it is not known to be whole. */
const kindOf = (object: JsonObject) => at(object, "spec", "crd", "spec", "names", "kind")

const enforced = (template: Template, { action, kind, match, name, parameters, resource }: Constraint): Enforced => ({
  parameters,
  rule: {
    package: template.package,
    path: template.entry.split("."),
    name: "violation",
    severity: action === "warn" ? "warn" : "deny",
    ...action === "dryrun" ? { isAudited: true as const } : {},
    judges: "review",
    policy: `${kind}/${name}`,
    ...template.title === undefined ? {} : { title: template.title },
    places: [resource.lines, template.resource.lines],
    files: [...new Set([resource.place([]).file, template.resource.place([]).file])],
    match,
    ...template.inventory === undefined ? {} : { inventory: template.inventory }
  }
})

/** ConstraintTemplates and constraints among the files of a bundle, or all that is wrong with them. */
export const readGatekeeper = (
  files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
): Gatekeeper => {
  const found = resources(files)
  const problems: Array<Problem> = [...found.problems]
  const collect = <A>(result: Result.Result<A, ReadonlyArray<Problem>>): ReadonlyArray<A> => {
    if (Result.isSuccess(result)) return [result.success]
    problems.push(...result.failure)
    return []
  }
  const templates = found.templates.flatMap((resource, index) => collect(readTemplate(resource, prefixOf(index))))
  const constraints = found.constraints.flatMap((resource) => collect(readConstraint(resource)))
  problems.push(
    ...twice(templates, ({ kind }) => kind, "the template of"),
    ...twice(constraints, ({ kind, name }) => `${kind}/${name}`, "the constraint")
  )
  const kinds = new Set(found.templates.map(({ object }) => kindOf(object)))
  for (const { kind, resource } of constraints) {
    if (kinds.has(kind)) continue
    const message = `no ConstraintTemplate here makes the kind ${kind}: the constraint would judge nothing`
    problems.push({ message, origin: resource.place(["kind"]) })
  }
  const parameterised = constraints.map((constraint): Constraint => {
    const schema = templates.find(({ kind }) => kind === constraint.kind)?.schema
    const parameters = withDefaults(constraint.parameters, schema)
    for (const { message, path } of wrongWith(parameters, schema)) {
      const place = ["spec", "parameters", ...path]
      problems.push({ message: `${written(place)}: ${message}`, origin: constraint.resource.place(place) })
    }
    return { ...constraint, parameters: isJsonObject(parameters) ? parameters : {} }
  })
  return {
    modules: templates.flatMap(({ modules }) => modules),
    enforced: parameterised.flatMap((constraint) => {
      const template = templates.find(({ kind }) => kind === constraint.kind)
      return template === undefined || constraint.action === undefined ? [] : [enforced(template, constraint)]
    }),
    isIdle: found.templates.length > 0 && constraints.length === 0,
    problems
  }
}
