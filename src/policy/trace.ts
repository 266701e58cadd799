import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { Bundle, PolicySet } from "../domain/Decision.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { display, ofObject } from "../domain/ObjectRef.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { combinedDocument } from "./combined.ts"
import { compile } from "./compile.ts"
import { documents } from "./documents.ts"
import { reference } from "./entrypoint.ts"
import { namespacesOf, reviewOf } from "./gatekeeper/review.ts"
import { ask, inventories } from "./gatekeeper/reviews.ts"
import { documentOf } from "./objects.ts"
import type { Rule } from "./Rule.ts"
import { type Source, withPaths } from "./sources.ts"
import * as Workshop from "./workshop.ts"

/** What OPA did to evaluate one rule on one document, in the author's file names. */
export interface Trace {
  /** `policies.images.deny`. */
  readonly rule: string
  readonly about: string
  readonly lines: ReadonlyArray<string>
  /** Lines of it that are left out. */
  readonly more: number
  readonly printed: ReadonlyArray<string>
  /** JSON text of what the rule said. */
  readonly result: string
}

export interface Traced {
  readonly traces: ReadonlyArray<Trace>
  /** Documents that the rules judge, and that are not traced. */
  readonly more: number
}

export interface Options {
  readonly cacheDirectory: string
  readonly maskingKey: string | Uint8Array
  /** Whether a rule is asked for. */
  readonly isAsked: (rule: Rule) => boolean
  /** Whether a rule had something to say of an object (by its name): those come first. */
  readonly isFirst: (rule: Rule, about: string) => boolean
}

const most = { documents: 10, lines: 500 }

/** Steps that say nothing of why a rule holds or not. */
const isNoise = (step: string): boolean => /^(?:\| )*(?:Redo|Index) /u.test(step)

/** The trace and the result in what `opa eval --explain=full -f pretty` printed. */
export const stepsOf = (printed: string, known: ReadonlyArray<Source>) => {
  const lines = printed.split("\n")
  const isStep = (line: string) => /^\S+:\d+\s+(?:\| )*[A-Z][a-z]+ /u.test(line)
  const end = lines.findIndex((line) => line !== "" && !isStep(line))
  const steps = lines.slice(0, end === -1 ? lines.length : end).flatMap((line) => {
    const [, place, step] = /^(\S+:\d+)\s+(.*)$/u.exec(line) ?? []
    return place === undefined || step === undefined || place.startsWith("query:") || isNoise(step)
      ? []
      : [{ place: withPaths(known, place), step }]
  })
  const width = Math.max(0, ...steps.map(({ place }) => place.length))
  return {
    lines: steps.slice(0, most.lines).map(({ place, step }) => `${place.padEnd(width)}  ${step}`),
    more: Math.max(0, steps.length - most.lines),
    result: end === -1 ? "" : lines.slice(end).join("\n").trim()
  }
}

interface Asked {
  readonly about: string
  readonly json: string
}

/** OPA over the files of one bundle, and the rules of it that are asked for. */
const setUp = Effect.fnUntraced(function*(bundle: Bundle, objects: ReadonlyArray<JsonObject>, options: Options) {
  const disk = yield* FileSystem.FileSystem
  const { data, rules } = yield* compile(bundle, options.cacheDirectory)
  const { folder, opa, policies, templates } = yield* Workshop.setUp(bundle)
  const known = [...policies, ...templates]
  const [inventory] = inventories([{ rules }], objects)
  const all = documents(Buffer.from(data).toString("utf8"), { bundle: 0, parameters: bundle.parameters, inventory })
  yield* disk.writeFile(join(folder, "bundle/data.json"), all)
  const evaluate = Effect.fnUntraced(function*({ about, json }: Asked, { name, package: path, path: parts }: Rule) {
    yield* disk.writeFileString(join(folder, "input.json"), json)
    const sources = ["-b", "bundle", "-i", "input.json"]
    const query = reference([...parts, name])
    const ran = yield* opa("eval", "--explain=full", "-f", "pretty", ...sources, query)
    const { lines, more, result } = stepsOf(ran.stdout, known)
    const printed = ran.stderr.split("\n").filter((line) => line !== "").map((line) => withPaths(known, line))
    return { rule: `${path}.${name}`, about, lines, more, printed, result } satisfies Trace
  })
  /** The reviews that a constraint is asked about, as its template sees them. */
  const reviews = (rule: Rule): ReadonlyArray<Asked> => {
    const index = rules.indexOf(rule)
    const parameters = at(JSON.parse(Buffer.from(data).toString("utf8")) as Json, "sluice", "parameters", String(index))
    const namespaces = namespacesOf(objects)
    return objects.flatMap((object) => {
      const review = reviewOf({ operation: "CREATE", object }, namespaces)
      return ask([{ rules }], review).rules.includes(`0/${index}`)
        ? [{ about: display(ofObject(object)), json: JSON.stringify({ review: review.request, parameters }) }]
        : []
    })
  }
  return { rules: rules.filter(options.isAsked), evaluate, reviews }
})

/**
 * Evaluates rules of a set by OPA itself on the (masked) objects that they judge, and tells every step. At most ten
 * documents and 500 steps of each. Rules for changesets are left out: there is none without a cluster.
 */
export const trace = Effect.fn("Policy.trace")(
  function*(set: PolicySet, rendered: Rendered, options: Options) {
    const documents = rendered.manifests.map((manifest) => documentOf(manifest, options.maskingKey))
    const objects = documents.map(({ json }) => JSON.parse(json) as JsonObject)
    const each = documents.map(({ json }, index) => ({ about: display(rendered.manifests[index]!.ref), json }))
    const traces: Array<Trace> = []
    let more = 0
    for (const bundle of set.bundles) {
      const { evaluate, reviews, rules } = yield* setUp(bundle, objects, options)
      for (const rule of rules) {
        const asked = rule.judges === "object" || rule.judges === "review"
          ? [...rule.judges === "object" ? each : reviews(rule)]
            .sort((a, b) => Number(options.isFirst(rule, b.about)) - Number(options.isFirst(rule, a.about)))
          : rule.judges === "combined"
          ? [{ about: "all objects together", json: combinedDocument(rendered, options.maskingKey).json }]
          : []
        more += Math.max(0, asked.length - most.documents)
        for (const one of asked.slice(0, most.documents)) traces.push(yield* evaluate(one, rule))
      }
    }
    return { traces, more } satisfies Traced
  },
  Effect.scoped,
  Effect.catchTags({
    PlatformError: (error) =>
      Effect.fail(new PolicyUnavailable({ detail: `nothing could be traced: ${error.message}`, class: "transient" })),
    ProgramUnavailable: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message, hint: error.message }))
  })
)

/** Every rule of a set, compiled. */
export const rulesIn = (set: PolicySet, cacheDirectory: string) =>
  Effect.map(
    Effect.forEach(set.bundles, (bundle) => compile(bundle, cacheDirectory)),
    (all) => all.flatMap(({ rules }) => rules)
  )
