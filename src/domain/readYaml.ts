import { Composer, isAlias, isMap, isScalar, isSeq, type Node, type Pair, Parser, type YAMLMap } from "yaml"
import type { Document as YamlDocument } from "yaml"
import type { Json, JsonObject } from "./Json.ts"
import { resolve } from "./yamlScalar.ts"

/** Of one document: nesting, expanded aliases, and the values and characters that aliases may add. */
export const limits = { depth: 100, aliases: 100, aliasedValues: 100_000, aliasedCharacters: 1_000_000 } as const

const tooMuch = "its aliases expand to too much"
const tooDeep = `nested deeper than ${limits.depth}`

/** A place in a text, 1-based, and what is wrong there. */
export interface Problem {
  readonly line: number
  readonly column: number
  readonly detail: string
}

/** One document of a YAML text. */
export interface YamlValue {
  /** JSON text: cheap to hand over between threads. */
  readonly json: string
  /** The line of its first key, 1-based. */
  readonly line: number
  /** If it has `items`: their lines. */
  readonly itemLines?: ReadonlyArray<number>
}

export type Read = { readonly values: ReadonlyArray<YamlValue> } | { readonly problem: Problem }

class Refused extends Error {
  readonly offset: number
  constructor(offset: number, detail: string) {
    super(detail)
    this.offset = offset
  }
}

/** Line and column of an offset, 1-based. */
export const placeOf = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  let line = 1
  let start = 0
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

const core = "tag:yaml.org,2002:"
const scalarTags = new Set(["str", "int", "float", "bool", "null"].map((name) => core + name))

const parse = (text: string): ReadonlyArray<YamlDocument> => [
  ...new Composer({ schema: "failsafe", uniqueKeys: false, strict: true, version: "1.2" }).compose(
    new Parser().parse(text)
  )
]

/** Lines of quoted scalars that may be indented too little. */
const maximumMended = 100

/**
 * The YAML documents of a text, as the `yaml` package parses them, without resolving any scalar. The next line of a
 * quoted scalar may be indented as little as its key, as for `kubectl`: the package alone would end the scalar there.
 */
export const compose = (text: string): ReadonlyArray<YamlDocument> => {
  const first = parse(text)
  let documents = first
  let mended = text
  for (let count = 0; count < maximumMended; count++) {
    const error = documents.flatMap(({ errors }) => errors)[0]
    if (error === undefined) return documents
    const next = mended.indexOf("\n", error.pos[0]) + 1
    if (error.code !== "MISSING_CHAR" || !error.message.includes("quote") || next === 0) return first
    const { column } = placeOf(mended, error.pos[0])
    mended = `${mended.slice(0, next)}${" ".repeat(column)}${mended.slice(next)}`
    documents = parse(mended)
  }
  return first
}

/** Turns parsed YAML into JSON as kubectl would; throws `Refused`. */
class Converter {
  private aliases = 0
  private aliased = 0
  private characters = 0
  private readonly anchors = new Map<string, Node>()

  convert(node: unknown, depth: number, inAlias: boolean): Json {
    if (node === null || node === undefined) return null
    if (inAlias && ++this.aliased > limits.aliasedValues) throw new Refused(0, tooMuch)
    if (isAlias(node)) {
      if (++this.aliases > limits.aliases) throw new Refused(offsetOf(node), `more than ${limits.aliases} aliases`)
      const target = this.anchors.get(node.source)
      if (target === undefined) throw new Refused(offsetOf(node), `the alias *${node.source} has no anchor before it`)
      return this.convert(target, depth, true)
    }
    if (depth > limits.depth) throw new Refused(offsetOf(node), tooDeep)
    if (isScalar(node)) {
      const value = this.scalar(node)
      if (inAlias && typeof value === "string") this.count(value)
      return value
    }
    if (isMap(node)) {
      this.checkTag(node, "map")
      const value = this.map(node, depth, inAlias)
      if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
      return value
    }
    if (isSeq(node)) {
      this.checkTag(node, "seq")
      const value = node.items.map((item) => this.convert(item, depth + 1, inAlias))
      if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
      return value
    }
    throw new Refused(offsetOf(node), "this is not a value")
  }

  private count(text: string) {
    this.characters += text.length
    if (this.characters > limits.aliasedCharacters) throw new Refused(0, tooMuch)
  }

  private scalar(node: Node & { readonly value: unknown; readonly type?: string; anchor?: string }): Json {
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node)
    const text = String(node.value ?? "")
    const tag = node.tag
    if (tag !== undefined && tag !== "!" && !scalarTags.has(tag)) {
      throw new Refused(offsetOf(node), `the tag ${tag.replace(core, "!!")} is not supported`)
    }
    if (tag === "!" || tag === `${core}str` || (tag === undefined && node.type !== "PLAIN")) return text
    const resolved = resolve(text)
    if ("problem" in resolved) throw new Refused(offsetOf(node), resolved.problem)
    if (
      tag !== undefined && tagOf(resolved.value) !== tag && !(tag.endsWith("float") && tagOf(resolved.value) !== "")
    ) {
      throw new Refused(offsetOf(node), `this is not a ${tag.replace(core, "!!")}`)
    }
    return resolved.value
  }

  private map(node: YAMLMap, depth: number, inAlias: boolean): JsonObject {
    const result: Record<string, Json> = {}
    const merges: Array<Pair> = []
    for (const pair of node.items) {
      if (isMergeKey(pair.key)) {
        merges.push(pair)
        continue
      }
      const key = this.key(pair.key)
      if (inAlias) this.count(key)
      if (Object.hasOwn(result, key)) {
        throw new Refused(offsetOf(pair.key), `the key ${JSON.stringify(key)} is there twice`)
      }
      result[key] = this.convert(pair.value, depth + 1, inAlias)
    }
    for (const { key, value } of merges) {
      const sources = isSeq(value) ? value.items : [value]
      for (const source of sources) {
        const merged = this.convert(source, depth + 1, true)
        if (merged === null || typeof merged !== "object" || Array.isArray(merged)) {
          throw new Refused(offsetOf(key), "<< can merge mappings only")
        }
        for (const [name, inner] of Object.entries(merged)) if (!Object.hasOwn(result, name)) result[name] = inner
      }
    }
    return result
  }

  private key(node: unknown): string {
    const target = isAlias(node) ? this.anchors.get(node.source) : node
    if (target !== null && !isScalar(target)) throw new Refused(offsetOf(node), "a key has to be a scalar")
    const value = target === null ? null : this.scalar(target)
    if (value === null) throw new Refused(offsetOf(node), "a key is empty; quote it if it is text")
    if (value === "__proto__") throw new Refused(offsetOf(node), "the key __proto__ is refused")
    return String(value)
  }

  private checkTag(node: Node, kind: "map" | "seq") {
    const tag = node.tag
    if (tag !== undefined && tag !== "!" && tag !== core + kind) {
      throw new Refused(offsetOf(node), `the tag ${tag.replace(core, "!!")} is not supported`)
    }
  }
}

const tagOf = (value: Json): string =>
  value === null
    ? `${core}null`
    : typeof value === "boolean"
    ? `${core}bool`
    : typeof value === "number"
    ? Number.isInteger(value) ? `${core}int` : `${core}float`
    : ""

const offsetOf = (node: unknown): number =>
  (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range ? node.range[0] : 0

const isMergeKey = (key: unknown): boolean => isScalar(key) && key.value === "<<" && key.type === "PLAIN"

/** The lines of a list's items; offsets only grow, so that the text is gone through once. */
const itemLines = (text: string, contents: unknown): ReadonlyArray<number> | undefined => {
  if (!isMap(contents)) return undefined
  const items = contents.items.find((pair) => isScalar(pair.key) && pair.key.value === "items")?.value
  if (!isSeq(items)) return undefined
  let line = 1
  let end = text.indexOf("\n")
  return items.items.map((item) => {
    for (const offset = offsetOf(item); end !== -1 && end < offset; end = text.indexOf("\n", end + 1)) line++
    return line
  })
}

/** One document of a text: what it says, and the nodes that say where. */
export interface Parsed {
  readonly value: Json
  readonly node: YamlDocument
}

/** Every document of a text with its nodes; documents without content are left out. */
export const readDocuments = (
  text: string
): { readonly documents: ReadonlyArray<Parsed> } | { readonly problem: Problem } => {
  const documents: Array<Parsed> = []
  try {
    for (const node of compose(text)) {
      const error = node.errors[0]
      if (error !== undefined) {
        // the parser recurses: what overflows its stack is nested far deeper than we allow
        // and it quotes what it stumbled over, which may be a value of a Secret
        const detail = error.message.includes("call stack") ? tooDeep : error.message.replace(/: ["'{[|>].*$/su, "")
        return { problem: { ...placeOf(text, error.pos[0]), detail } }
      }
      if (node.contents === null) continue
      const value = new Converter().convert(node.contents, 1, false)
      if (value !== null) documents.push({ value, node })
    }
  } catch (error) {
    if (error instanceof Refused) return { problem: { ...placeOf(text, error.offset), detail: error.message } }
    if (error instanceof RangeError) return { problem: { line: 1, column: 1, detail: tooDeep } }
    throw error
  }
  return { documents }
}

/** Reads every document of a text as `readDocuments` does, and keeps the lines only. */
export const readYaml = (text: string): Read => {
  const read = readDocuments(text)
  if ("problem" in read) return read
  return {
    values: read.documents.map(({ node, value }): YamlValue => {
      const json = JSON.stringify(value)
      const { line } = placeOf(text, offsetOf(node.contents))
      const lines = itemLines(text, node.contents)
      return lines === undefined ? { json, line } : { json, line, itemLines: lines }
    })
  }
}

/** Reads JSON many times faster than YAML; undefined for what only the YAML reader can judge or explain. */
export const readJson = (text: string): Read | undefined => {
  if (!/^\s*[{[]/u.test(text) || /[0-9]{16}/u.test(text)) return undefined
  let keys = 0
  let value: Json
  try {
    value = JSON.parse(text, (key, inner: Json): Json => {
      if (key === "__proto__") throw new SyntaxError("the YAML reader tells where")
      if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) keys += Object.keys(inner).length
      return inner
    }) as Json
  } catch {
    return undefined
  }
  // as many colons as keys: no key was there twice
  if (colonsOf(text) !== keys || depthOf(value) > limits.depth) return undefined
  return typeof value === "object" && value !== null && !Array.isArray(value) && "items" in value
    ? undefined
    : { values: [{ json: JSON.stringify(value), line: placeOf(text, text.search(/\S/u)).line }] }
}

/** The colons of a JSON text that stand outside its strings. */
const colonsOf = (json: string): number => {
  let count = 0
  let inString = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (inString && code === 0x5c) at++
    else if (code === 0x22) inString = !inString
    else if (code === 0x3a && !inString) count++
  }
  return count
}

const depthOf = (value: Json): number => {
  let depth = 0
  for (let level: ReadonlyArray<Json> = [value]; level.length > 0; depth++) {
    level = level.flatMap((inner) =>
      typeof inner === "object" && inner !== null ? Object.values(inner) as Array<Json> : []
    )
  }
  return depth
}
