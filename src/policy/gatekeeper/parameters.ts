import { RE2JS } from "re2js"
import { isJsonObject, type Json, type JsonObject, same } from "../../domain/Json.ts"

/**
 * Parameters with the defaults of the template's schema, as the API server fills them in where the constraint is
 * created. Defaults of structural schemas only: below `properties`, `additionalProperties` and `items`.
 */
export const withDefaults = (value: Json, schema: Json | undefined): Json => {
  if (!isJsonObject(schema)) return value
  if (Array.isArray(value)) return (value as ReadonlyArray<Json>).map((item) => withDefaults(item, schema["items"]))
  if (!isJsonObject(value)) return value
  const { additionalProperties, properties } = schema
  const known = isJsonObject(properties) ? properties : {}
  const result: Record<string, Json> = { ...value }
  for (const [name, inner] of Object.entries(known)) {
    if (!isJsonObject(inner)) continue
    const isGiven = Object.hasOwn(result, name) && (result[name] !== null || inner["nullable"] === true)
    if (!isGiven && inner["default"] !== undefined) result[name] = inner["default"]
  }
  for (const [name, inner] of Object.entries(result)) {
    result[name] = withDefaults(inner, Object.hasOwn(known, name) ? known[name] : additionalProperties)
  }
  return result
}

/** What the API server would not take of parameters, with the path in them. */
export interface Wrong {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

const isOfType: Readonly<Record<string, (value: Json) => boolean>> = {
  object: isJsonObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: (value) => typeof value === "number" && Number.isInteger(value)
}

const listOf = (value: Json | undefined): ReadonlyArray<Json> =>
  Array.isArray(value) ? value as ReadonlyArray<Json> : []

/** The length that a schema bounds, with its keywords. */
const bounds = [
  ["minimum", "at least", (value: Json) => typeof value === "number" ? value : undefined],
  ["maximum", "at most", (value: Json) => typeof value === "number" ? value : undefined],
  ["minLength", "not shorter than", (value: Json) => typeof value === "string" ? [...value].length : undefined],
  ["maxLength", "not longer than", (value: Json) => typeof value === "string" ? [...value].length : undefined],
  ["minItems", "not less items than", (value: Json) => Array.isArray(value) ? value.length : undefined],
  ["maxItems", "not more items than", (value: Json) => Array.isArray(value) ? value.length : undefined]
] as const

const matchesPattern = (pattern: string, text: string): boolean => {
  try {
    return RE2JS.compile(pattern).matcher(text).find()
  } catch {
    // the API server would not take the template
    return true
  }
}

/** What is wrong with the value itself, whatever is in it. */
const wrongItself = (value: Json, schema: JsonObject): string | undefined => {
  const { enum: choices, pattern, type } = schema
  if (schema["x-kubernetes-int-or-string"] === true) {
    return isOfType["integer"]!(value) || typeof value === "string" ? undefined : "an integer or a text is wanted"
  }
  if (value === null && schema["nullable"] === true) return undefined
  if (typeof type === "string" && isOfType[type]?.(value) === false) return `${type} is wanted`
  if (Array.isArray(choices) && !listOf(choices).some((one) => same(one, value))) {
    return `one of ${JSON.stringify(choices)} is wanted`
  }
  for (const [keyword, words, sizeOf] of bounds) {
    const [bound, size] = [schema[keyword], sizeOf(value)]
    if (typeof bound !== "number" || size === undefined) continue
    if (keyword.startsWith("min") ? size < bound : size > bound) return `${words} ${bound} is wanted`
  }
  return typeof pattern === "string" && typeof value === "string" && !matchesPattern(pattern, value)
    ? `a text that matches ${pattern} is wanted`
    : undefined
}

const below = (step: string | number, wrong: ReadonlyArray<Wrong>): ReadonlyArray<Wrong> =>
  wrong.map(({ message, path }) => ({ message, path: [step, ...path] }))

/**
 * What the API server would not take of parameters by the template's schema: types, required fields, choices, sizes,
 * patterns. A list that is written as a text would be undefined to the template, and the constraint would say nothing.
 */
export const wrongWith = (value: Json, schema: Json | undefined): ReadonlyArray<Wrong> => {
  if (!isJsonObject(schema)) return []
  const own = wrongItself(value, schema)
  if (own !== undefined) return [{ path: [], message: own }]
  const { additionalProperties, allOf, anyOf, items, oneOf, properties, required } = schema
  const holding = (list: Json | undefined) => listOf(list).filter((one) => wrongWith(value, one).length === 0).length
  const parts = listOf(allOf).flatMap((one) => wrongWith(value, one))
  const isNone = Array.isArray(anyOf) && holding(anyOf) === 0 || Array.isArray(oneOf) && holding(oneOf) !== 1
  const choice: ReadonlyArray<Wrong> = isNone ? [{ path: [], message: "it fits none of what is allowed" }] : []
  if (Array.isArray(value)) {
    const inner = (value as ReadonlyArray<Json>).flatMap((item, index) => below(index, wrongWith(item, items)))
    return [...parts, ...choice, ...inner]
  }
  if (!isJsonObject(value)) return [...parts, ...choice]
  const known = isJsonObject(properties) ? properties : {}
  const missing = listOf(required).flatMap((name): ReadonlyArray<Wrong> =>
    typeof name !== "string" || Object.hasOwn(value, name)
      ? []
      : [{ path: [], message: `the field ${name} is missing` }]
  )
  const inner = Object.entries(value).flatMap(([name, field]) =>
    below(name, wrongWith(field, Object.hasOwn(known, name) ? known[name] : additionalProperties))
  )
  return [...parts, ...choice, ...missing, ...inner]
}
