import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Document, parse, parseAllDocuments } from "yaml"
import { at, isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

/** The manifests that Sluice ships: what the chart and the page of rights are made from. */
const deploy = fileURLToPath(new URL("../../../deploy", import.meta.url))

const textOf = (path: string): string => readFileSync(join(deploy, path), "utf8")

/** The documents of a file, with their comments. */
export const documentsOf = (path: string): ReadonlyArray<Document.Parsed> =>
  parseAllDocuments(textOf(path)) as ReadonlyArray<Document.Parsed>

export const objectsIn = (path: string): ReadonlyArray<JsonObject> =>
  documentsOf(path).map((document) => document.toJS() as JsonObject)

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

/** What a kustomization of ours says: no more of it is read than we use. */
export const kustomization = (folder: string): JsonObject => parse(textOf(`${folder}/kustomization.yaml`)) as JsonObject

/** The ConfigMap that a kustomization of ours makes of files: `key=file`, under its own name. */
const generated = (folder: string, entry: Json): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: at(entry, "name") ?? "",
    namespace: at(entry, "namespace") ?? "",
    labels: at(entry, "options", "labels") ?? {}
  },
  data: Object.fromEntries(
    list(at(entry, "files")).map(String).map((written) => {
      const [key = "", file = key] = written.split("=")
      return [key, textOf(`${folder}/${file}`)]
    })
  )
})

/** The objects that a kustomization of ours takes in or makes, in its order, as they are written. */
export const objectsOf = (folder: string): ReadonlyArray<JsonObject> => {
  const { configMapGenerator, resources } = kustomization(folder)
  return [
    ...list(resources).map(String).flatMap((name) =>
      name.endsWith(".yaml") ? objectsIn(`${folder}/${name}`) : objectsOf(join(folder, name))
    ),
    ...list(configMapGenerator).map((entry) => generated(folder, entry))
  ]
}

const basePairs = (): JsonObject => at(kustomization("base"), "labels", 0, "pairs") as JsonObject

/** The version of this Sluice, as every object of an installation says it. */
export const version = (): string => String(basePairs()["app.kubernetes.io/version"])

const withLabels = (metadata: Json | undefined): JsonObject => {
  const own = isJsonObject(metadata) ? metadata : {}
  return { ...own, labels: { ...own.labels as JsonObject | undefined, ...basePairs() } }
}

/** An object with the labels that every overlay adds, on the pods that it makes as well. */
export const labelled = (object: JsonObject): JsonObject => {
  const metadata = withLabels(object.metadata)
  const template = at(object, "spec", "template")
  if (!isJsonObject(template)) return { ...object, metadata }
  const spec = { ...object.spec as JsonObject, template: { ...template, metadata: withLabels(template.metadata) } }
  return { ...object, metadata, spec }
}

export const nameOf = (object: JsonObject): string => `${String(object.kind)}/${String(at(object, "metadata", "name"))}`
