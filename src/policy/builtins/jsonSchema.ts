import { Ajv, type ValidateFunction } from "ajv"
import { RE2JS } from "re2js"
import { isArray, isNumeric, numberText, RegoObject, RegoSet, type RegoValue, sorted } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup } from "./Builtin.ts"
import { readJson, writeJson } from "./json.ts"
import { type Complaint, complaints } from "./schemaErrors.ts"
import { formats } from "./schemaFormats.ts"

const types = ["array", "boolean", "integer", "number", "null", "object", "string"]

/** JavaScript's values of JSON; integers over 2^53 are rounded here. */
const jsonOf = (value: RegoValue): unknown => {
  if (isNumeric(value)) return Number(numberText(value))
  if (isArray(value)) return value.map(jsonOf)
  if (value instanceof RegoSet) return sorted(value.items).map(jsonOf)
  if (!(value instanceof RegoObject)) return value
  const entries = value.entries.map(([key, item]) =>
    [typeof key === "string" ? key : writeJson(key), jsonOf(item)] as const
  )
  return Object.fromEntries(entries)
}

/** A document or a schema: JSON text, an object or an array. */
const operand = (value: RegoValue | undefined): unknown => {
  if (typeof value === "string") return jsonOf(readJson(value))
  if (value instanceof RegoObject || value !== undefined && isArray(value)) return jsonOf(value)
  throw new BuiltinError("wrong type, expected string or object")
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Keywords whose values are data or names, not schemas. */
const literal = new Set(["const", "enum", "default", "examples", "required"])

const requireTypes = (type: unknown): void => {
  const names = Array.isArray(type) ? type : [type]
  const wrong = names.find((name) => !types.includes(name as string))
  if (wrong === undefined) return
  throw new BuiltinError(
    `has a primitive type that is NOT VALID -- given: /${String(wrong)}/ Expected valid values are:[${types.join(" ")}]`
  )
}

/** Draft 4's way to exclude a bound becomes draft 7's; versions and names of schemas are dropped, all drafts are read as one. */
const modern = (schema: unknown, isMap = false): unknown => {
  if (Array.isArray(schema)) return schema.map((item) => modern(item))
  if (!isObject(schema)) return schema
  if (!isMap && schema.type !== undefined) requireTypes(schema.type)
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema)) {
    if (!isMap && (name === "$schema" || name === "id" || name === "$id")) continue
    const holdsMap = ["properties", "patternProperties", "definitions", "$defs", "dependencies"].includes(name)
    result[name] = !isMap && literal.has(name) ? value : modern(value, !isMap && holdsMap)
  }
  for (const [exclusive, bound] of [["exclusiveMinimum", "minimum"], ["exclusiveMaximum", "maximum"]] as const) {
    if (isMap || typeof result[exclusive] !== "boolean") continue
    if (result[exclusive] === true && result[bound] !== undefined) {
      result[exclusive] = result[bound]
      delete result[bound]
    } else delete result[exclusive]
  }
  return result
}

const expression = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern)
    // ajv takes expressions with the same text for one.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern }
  },
  { code: "new RegExp" }
)

const make = () =>
  new Ajv({
    strict: false,
    allErrors: true,
    verbose: true,
    logger: false,
    addUsedSchema: false,
    formats,
    code: { regExp: expression }
  })

// It keeps all that it ever compiled.
let ajv = make()
const compiled = new Map<string, ValidateFunction>()
const maximumCompiled = 100

const validatorOf = (value: RegoValue | undefined): ValidateFunction => {
  const schema = operand(value)
  const key = JSON.stringify(schema)
  const known = compiled.get(key)
  if (known !== undefined) return known
  if (!isObject(schema) && typeof schema !== "boolean") throw new BuiltinError("schema is invalid")
  const fresh = modern(schema)
  if (compiled.size >= maximumCompiled) {
    compiled.clear()
    ajv = make()
  }
  let made: ValidateFunction
  try {
    made = ajv.compile(fresh as object)
  } catch (error) {
    throw new BuiltinError(error instanceof Error ? error.message : "schema is invalid")
  }
  compiled.set(key, made)
  return made
}

const complaintValue = ({ desc, field, type }: Complaint): RegoValue =>
  new RegoObject([["error", `${field}: ${desc}`], ["type", type], ["field", field], ["desc", desc]])

const verify = (schema: RegoValue | undefined): RegoValue => {
  try {
    validatorOf(schema)
    return [true, null]
  } catch (error) {
    if (error instanceof BuiltinError) return [false, `jsonschema: ${error.message}`]
    throw error
  }
}

const match = (document: RegoValue | undefined, schema: RegoValue | undefined): RegoValue => {
  const given = operand(document)
  const validate = validatorOf(schema)
  return validate(given) ? [true, []] : [false, complaints(validate.errors ?? []).map(complaintValue)]
}

/**
 * JSON Schema, drafts 4 to 7. Patterns are RE2's. References lead nowhere but into the schema. Whether a document is
 * valid is as in OPA, and so is the text of a complaint; under `anyOf` and `oneOf` OPA chooses other ones to show.
 */
export const jsonSchema: BuiltinGroup = {
  "json.match_schema": match,
  "json.verify_schema": verify
}
