import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from "yaml"
import type { Bundle } from "../domain/Decision.ts"
import type { Origin } from "../domain/Manifest.ts"
import { nearest } from "../domain/nearest.ts"
import { waiversFile } from "./policyFiles.ts"
import type { Rule } from "./Rule.ts"

/** What compiles and is yet most likely a mistake, where it is, and what would help. */
export interface Remark {
  readonly origin: Origin
  readonly says: string
  readonly help: string
}

/** What OPA reads of METADATA; anything else it passes over in silence. */
const fields = [
  "scope",
  "title",
  "description",
  "related_resources",
  "authors",
  "organizations",
  "schemas",
  "entrypoint",
  "compile",
  "custom"
]
/** What Sluice reads of `custom`; the rest of it is the author's own. */
const ours = ["id", "severity", "remedy"]
const severities = ["info", "low", "medium", "high", "critical"]

const pairsOf = (map: YAMLMap) =>
  map.items.flatMap(({ key, value }) =>
    isScalar(key) && typeof key.value === "string" ? [{ name: key.value, offset: key.range?.[0] ?? 0, value }] : []
  )

const suggestion = (near: string | undefined, all: ReadonlyArray<string>): string =>
  near === undefined ? `OPA knows ${all.join(", ")}; what is your own goes below custom.` : `Did you mean "${near}"?`

/** Too short a name is near to everything. */
const nearOurs = (name: string): string | undefined =>
  name.toLowerCase() === "id" ? "id" : nearest(name, ours.filter((one) => one.length > 2))

const ofCustom = (custom: YAMLMap) =>
  pairsOf(custom).flatMap(({ name, offset, value }) => {
    if (!ours.includes(name)) {
      const near = nearOurs(name)
      return near === undefined ? [] : [{
        offset,
        says: `METADATA's custom has ${JSON.stringify(name)}, which nobody reads`,
        help: suggestion(near, ours)
      }]
    }
    const text = isScalar(value) ? value.value : undefined
    if (typeof text !== "string") {
      return [{
        offset,
        says: `METADATA's custom.${name} is no text, and is not read`,
        help: "Write a text, in quotes."
      }]
    }
    if (name !== "severity" || severities.includes(text.toLowerCase())) return []
    return [{
      offset,
      says: `METADATA's custom.severity is ${JSON.stringify(text)}, which reports do not know`,
      help: `Write ${severities.slice(0, -1).join(", ")} or ${severities.at(-1)}.`
    }]
  })

/** The lines of YAML below each `# METADATA`, and the number of the line that it stands on. */
const blocks = (text: string): ReadonlyArray<{ readonly line: number; readonly yaml: string }> => {
  const lines = text.split("\n")
  return lines.flatMap((line, index) => {
    if (!/^\s*#\s*METADATA\s*$/u.test(line)) return []
    const rest = lines.slice(index + 1)
    const end = rest.findIndex((one) => !/^\s*#/u.test(one))
    const yaml = rest.slice(0, end === -1 ? rest.length : end).map((one) => one.replace(/^\s*#/u, "")).join("\n")
    return [{ line: index + 1, yaml }]
  })
}

/** Names and values in the METADATA of a file that are passed over. What is no YAML at all, OPA refuses. */
const ofMetadata = (file: string, text: string): ReadonlyArray<Remark> =>
  blocks(text).flatMap(({ line, yaml }) => {
    const counter = new LineCounter()
    const { contents, errors } = parseDocument(yaml, { lineCounter: counter, prettyErrors: false, stringKeys: true })
    if (errors.length > 0 || !isMap(contents)) return []
    const pairs = pairsOf(contents)
    const strange = pairs.filter(({ name }) => !fields.includes(name)).map(({ name, offset }) => ({
      offset,
      says: `METADATA has ${JSON.stringify(name)}, which nobody reads`,
      help: suggestion(nearest(name, fields), fields)
    }))
    const custom = pairs.flatMap(({ name, value }) => name === "custom" && isMap(value) ? ofCustom(value) : [])
    return [...strange, ...custom].map(({ help, offset, says }) => ({
      origin: { file, line: line + counter.linePos(offset).line },
      says,
      help
    }))
  })

/** Rules that read conftest's `--combine` and are given one object at a time: they would never say anything. */
const ofCombined = (file: string, text: string, rules: ReadonlyArray<Rule>): ReadonlyArray<Remark> => {
  const index = text.split("\n").findIndex((line) => /^[^#]*\binput\[[^\]]*\]\.contents\b/u.test(line))
  const own = rules.filter(({ files }) => files.includes(file))
  if (index === -1 || own.length === 0 || own.some(({ judges }) => judges !== "object")) return []
  return [{
    origin: { file, line: index + 1 },
    says: "reads all objects at once, as conftest's --combine gives them, and judges each object by itself",
    help: "Say `schemas: [{input: schema.combined}]` in its METADATA, or `combine = true` in a conftest.toml beside it."
  }]
}

/** A file of waivers that is not where waivers are read from: it was merged into the data. */
const ofWaivers = (file: string, text: string): ReadonlyArray<Remark> =>
  !/(^|\/)waivers\.ya?ml$/u.test(file) || !/^waivers\s*:/mu.test(text) ? [] : [{
    origin: { file },
    says: "is data for the policies where it is, and waives nothing",
    help: `Call it ${waiversFile}, at the top of the folder of policies.`
  }]

/** What an author most likely meant otherwise, in the order of the files. */
export const remarks = (files: Bundle["files"], rules: ReadonlyArray<Rule>): ReadonlyArray<Remark> =>
  files.flatMap(({ content, path }) => {
    const text = Buffer.from(content).toString("utf8")
    return path.endsWith(".rego") ? ofMetadata(path, text).concat(ofCombined(path, text, rules)) : ofWaivers(path, text)
  })
