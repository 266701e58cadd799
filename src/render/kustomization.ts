import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { nearest } from "../domain/nearest.ts"

/** Something of the repository that a kustomization asks for. */
export interface Reference {
  /** `base`: a folder with a kustomization. `either`: a file or such a folder. `plugin`: like either, a configuration. */
  readonly to: "file" | "base" | "either" | "plugin"
  readonly path: string
  /** Where it is written: `["resources", 3]`. */
  readonly at: ReadonlyArray<string | number>
}

/** What a kustomization says that it must not. */
export interface Refusal {
  readonly refused: string
  readonly hint?: string
  readonly at: ReadonlyArray<string | number>
}

/** An inline configuration of one of kustomize's built-in plugins. */
export interface InlinePlugin {
  readonly inline: string
  readonly at: ReadonlyArray<string | number>
}

type Found = Reference | Refusal | InlinePlugin
type At = ReadonlyArray<string | number>
type Rule = (value: Json, at: At) => Iterable<Found>

const isInline = (text: string) => text.includes("\n") || /^\s*[{[]/u.test(text)

const each = (rule: Rule): Rule =>
  function*(value, at) {
    if (value === null) return
    if (!Array.isArray(value)) return yield { refused: `${at.join(".")} is not a list`, at }
    for (const [index, item] of value.entries()) yield* rule(item as Json, [...at, index])
  }

const reference = (to: Reference["to"]): Rule =>
  function*(value, at) {
    if (typeof value !== "string" || value === "") yield { refused: `${at.join(".")} is not a path`, at }
    else yield { to, path: value, at }
  }

const fileOrInline: Rule = function*(value, at) {
  if (typeof value !== "string" || !isInline(value)) yield* reference("file")(value, at)
}

const plugin: Rule = function*(value, at) {
  if (typeof value === "string" && isInline(value)) yield { inline: value, at }
  else yield* reference("plugin")(value, at)
}

/** `key=path` or `path`. */
const keyedFile: Rule = function*(value, at) {
  if (typeof value !== "string") yield { refused: `${at.join(".")} is not a path`, at }
  else yield* reference("file")(value.slice(value.indexOf("=") + 1), at)
}

/** Kustomize reads field names in any case; we would miss a reference that is spelt `Path`. */
const object = (rules: Readonly<Record<string, Rule>>): Rule =>
  function*(value, at) {
    if (value === null) return
    if (!isJsonObject(value)) return yield { refused: `${at.join(".")} is not a mapping`, at }
    for (const [name, inner] of Object.entries(value)) {
      const known = Object.keys(rules).find((rule) => rule.toLowerCase() === name.toLowerCase())
      if (known === undefined) continue
      if (known !== name) yield { refused: `there is no field ${name}; ${known} is meant`, at: [...at, name] }
      else yield* rules[known]!(inner, [...at, name])
    }
  }

const generator = object({ files: each(keyedFile), envs: each(reference("file")), env: reference("file") })
const patch = object({ path: reference("file") })
const nothing: Rule = () => []
const charts: Rule = function*(_value, at) {
  yield {
    refused: `${at.join(".")} would fetch and render a chart inside kustomize: refused`,
    hint: "Make the chart a Delivery of its own, or render it and commit the result.",
    at
  }
}

/** Every field of a kustomization (kustomize v5), and what it refers to. */
const fields: Readonly<Record<string, Rule>> = {
  apiVersion: nothing,
  kind: nothing,
  metadata: nothing,
  buildMetadata: nothing,
  commonAnnotations: nothing,
  commonLabels: nothing,
  generatorOptions: nothing,
  images: nothing,
  imageTags: nothing,
  labels: nothing,
  namePrefix: nothing,
  nameSuffix: nothing,
  namespace: nothing,
  replicas: nothing,
  sortOptions: nothing,
  vars: nothing,
  resources: each(reference("either")),
  bases: each(reference("base")),
  components: each(reference("base")),
  crds: each(reference("file")),
  configurations: each(reference("file")),
  patches: each(patch),
  patchesJson6902: each(patch),
  patchesStrategicMerge: each(fileOrInline),
  replacements: each(patch),
  openapi: patch,
  configMapGenerator: each(generator),
  secretGenerator: each(generator),
  generators: each(plugin),
  transformers: each(plugin),
  validators: each(plugin),
  helmCharts: charts,
  helmChartInflationGenerator: charts,
  helmGlobals: charts
}

const plugins: Readonly<Record<string, Rule>> = {
  AnnotationsTransformer: nothing,
  ConfigMapGenerator: generator,
  HashTransformer: nothing,
  ImageTagTransformer: nothing,
  LabelTransformer: nothing,
  LegacyOrderTransformer: nothing,
  NamespaceTransformer: nothing,
  PatchJson6902Transformer: patch,
  PatchStrategicMergeTransformer: object({ paths: each(fileOrInline) }),
  PatchTransformer: patch,
  PrefixSuffixTransformer: nothing,
  PrefixTransformer: nothing,
  ReplacementTransformer: object({ replacements: each(patch) }),
  ReplicaCountTransformer: nothing,
  SecretGenerator: generator,
  SortOrderTransformer: nothing,
  SuffixTransformer: nothing,
  ValueAddTransformer: nothing
}

/** What a kustomization asks for, in the order in which it says so. */
export const references = function*(kustomization: JsonObject): Generator<Found> {
  for (const [name, value] of Object.entries(kustomization)) {
    if (Object.hasOwn(fields, name)) {
      yield* fields[name]!(value, [name])
      continue
    }
    const meant = nearest(name, Object.keys(fields))
    yield { refused: `there is no field ${name}${meant === undefined ? "" : `; is ${meant} meant?`}`, at: [name] }
  }
}

/** What the configuration of a plugin asks for. Only kustomize's own plugins are allowed: no other runs anyway. */
export const pluginReferences = function*(configuration: Json): Generator<Found> {
  if (!isJsonObject(configuration)) return yield { refused: "this is not the configuration of a plugin", at: [] }
  const { apiVersion, kind } = configuration
  if (apiVersion !== "builtin" || typeof kind !== "string" || !Object.hasOwn(plugins, kind)) {
    return yield {
      refused: `${String(apiVersion)} ${String(kind)} is no plugin of kustomize itself: refused`,
      hint: "Plugins and functions would run programs; use patches, replacements or components.",
      at: ["kind"]
    }
  }
  yield* plugins[kind]!(configuration, [])
}
