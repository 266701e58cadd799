import { parseAllDocuments, stringify } from "yaml"
import type { Json } from "../../domain/Json.ts"
import { plain } from "../plain.ts"
import { RegoNumber, RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, LimitError, text } from "./Builtin.ts"

const maximumCharacters = 1_000_000
const maximumAliases = 100

const valueOf = (value: unknown): RegoValue => {
  if (value === null || value === undefined) return null
  if (typeof value === "boolean" || typeof value === "string") return value
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new RegoNumber(String(value))
  if (Array.isArray(value)) return value.map(valueOf)
  if (typeof value === "object") {
    return new RegoObject(Object.entries(value).map(([key, item]) => [key, valueOf(item)]))
  }
  throw new BuiltinError("not a value of JSON")
}

const options = { intAsBigInt: true, schema: "yaml-1.1", merge: true, uniqueKeys: false } as const

/** Control characters that Go's YAML refuses. */
const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/

const unknownDirective = /^%(?!YAML |TAG )/

/** The first document, as Go's YAML reads it; the ones behind it have to be YAML too. */
const parse = (source: string): RegoValue => {
  if (source.length > maximumCharacters) throw new LimitError("too large")
  if (unknownDirective.test(source)) throw new BuiltinError("unknown directive")
  if (control.test(source)) throw new BuiltinError("control characters are not allowed")
  try {
    const documents = parseAllDocuments(source, options)
    const [first] = documents
    if (first === undefined || documents.length === 0) return null
    const [error] = documents.flatMap(({ errors }) => errors)
    if (error !== undefined) throw new BuiltinError(error.message)
    return valueOf(first.toJS({ maxAliasCount: maximumAliases }))
  } catch (error) {
    if (error instanceof Error && error.message.includes("alias count")) throw new LimitError("too many aliases")
    throw error instanceof BuiltinError ? error : new BuiltinError("not YAML")
  }
}

const isValid = (value: RegoValue | undefined): boolean => {
  try {
    return typeof value === "string" && parse(value) !== undefined
  } catch (error) {
    if (error instanceof LimitError) throw error
    return false
  }
}

const marshal = (value: Json): string => stringify(value, { indentSeq: false, lineWidth: 0, sortMapEntries: true })

/** YAML of at most a million characters and a hundred aliases. */
export const yaml: BuiltinGroup = {
  "yaml.is_valid": isValid,
  "yaml.unmarshal": (source) => parse(text(source)),
  "yaml.marshal": (value) => marshal(plain(value ?? null))
}
