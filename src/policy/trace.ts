import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import type { Bundle, PolicySet } from "../domain/Decision.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { Programs } from "../programs/Programs.ts"
import { combinedDocument } from "./combined.ts"
import { compile } from "./compile.ts"
import { documents } from "./documents.ts"
import { reference } from "./entrypoint.ts"
import { documentOf } from "./objects.ts"
import * as Opa from "./opa.ts"
import type { Rule } from "./Rule.ts"
import { regoSources, type Source, withPaths } from "./sources.ts"

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
const setUp = Effect.fnUntraced(function*(bundle: Bundle, options: Options) {
  const disk = yield* FileSystem.FileSystem
  const { data, rules } = yield* compile(bundle.files, options.cacheDirectory)
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-trace-" })
  const known = regoSources(bundle.files.filter(({ path }) => !path.endsWith("_test.rego")))
  yield* disk.makeDirectory(join(folder, "policies"))
  yield* disk.writeFile(
    join(folder, "documents.json"),
    documents(Buffer.from(data).toString("utf8"), bundle.parameters)
  )
  for (const { content, name } of known) yield* disk.writeFile(join(folder, "policies", name), content)
  const program = yield* (yield* Programs).path("opa")
  const evaluate = Effect.fnUntraced(function*({ about, json }: Asked, { name, package: path, path: parts }: Rule) {
    yield* disk.writeFileString(join(folder, "input.json"), json)
    const sources = ["-d", "documents.json", "-d", "policies", "-i", "input.json"]
    const query = reference([...parts, name])
    const ran = yield* Opa.run(program, folder, ["eval", "--explain=full", "-f", "pretty", ...sources, query])
    const { lines, more, result } = stepsOf(ran.stdout, known)
    const printed = ran.stderr.split("\n").filter((line) => line !== "").map((line) => withPaths(known, line))
    return { rule: `${path}.${name}`, about, lines, more, printed, result } satisfies Trace
  })
  return { rules: rules.filter(options.isAsked), evaluate }
})

/**
 * Evaluates rules of a set by OPA itself on the (masked) objects that they judge, and tells every step. At most ten
 * documents and 500 steps of each. Rules for changesets are left out: there is none without a cluster.
 */
export const trace = Effect.fn("Policy.trace")(
  function*(set: PolicySet, rendered: Rendered, options: Options) {
    const objects = rendered.manifests
      .map((manifest) => ({ about: display(manifest.ref), json: documentOf(manifest, options.maskingKey).json }))
    const traces: Array<Trace> = []
    let more = 0
    for (const bundle of set.bundles) {
      const { evaluate, rules } = yield* setUp(bundle, options)
      for (const rule of rules) {
        const asked = rule.judges === "object"
          ? [...objects].sort((a, b) => Number(options.isFirst(rule, b.about)) - Number(options.isFirst(rule, a.about)))
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
    Effect.forEach(set.bundles, ({ files }) => compile(files, cacheDirectory)),
    (all) => all.flatMap(({ rules }) => rules)
  )
