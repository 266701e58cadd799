import type { ErrorObject } from "ajv"

/** What OPA says where a document does not match. */
export interface Complaint {
  /** Dotted path; `(Root)` for the whole document. */
  readonly field: string
  /** The word that OPA has for what is wrong. */
  readonly type: string
  readonly desc: string
}

type Describe = (error: ErrorObject, field: string) => readonly [string, string]

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number"
  return typeof value
}

const expected = (type: unknown): string =>
  Array.isArray(type) && type.length > 1 ? `[${type.join(",")}]` : String(type)

const marshal = (value: unknown): string => JSON.stringify(value)

const descriptions: Readonly<Record<string, Describe>> = {
  "false schema": () => ["false", "False always fails validation"],
  required: ({ params }) => ["required", `${params.missingProperty} is required`],
  type: ({ data, schema }) => ["invalid_type", `Invalid type. Expected: ${expected(schema)}, given: ${typeOf(data)}`],
  anyOf: () => ["number_any_of", "Must validate at least one schema (anyOf)"],
  oneOf: () => ["number_one_of", "Must validate one and only one schema (oneOf)"],
  not: () => ["number_not", "Must not validate the schema (not)"],
  dependencies: ({ params }) => ["missing_dependency", `Has a dependency on ${params.missingProperty}`],
  const: ({ schema }, field) => ["const", `${field} does not match: ${marshal(schema)}`],
  enum: ({ schema }, field) => [
    "enum",
    `${field} must be one of the following: ${(schema as ReadonlyArray<unknown>).map(marshal).join(", ")}`
  ],
  additionalItems: () => ["array_no_additional_items", "No additional items allowed on array"],
  minItems: ({ params }) => ["array_min_items", `Array must have at least ${params.limit} items`],
  maxItems: ({ params }) => ["array_max_items", `Array must have at most ${params.limit} items`],
  uniqueItems: ({ params: { i, j } }) => ["unique", `array items[${Math.min(i, j)},${Math.max(i, j)}] must be unique`],
  contains: () => ["contains", "At least one of the items must match"],
  minProperties: ({ params }) => ["array_min_properties", `Must have at least ${params.limit} properties`],
  maxProperties: ({ params }) => ["array_max_properties", `Must have at most ${params.limit} properties`],
  additionalProperties: ({ params }) => [
    "additional_property_not_allowed",
    `Additional property ${params.additionalProperty} is not allowed`
  ],
  propertyNames: ({ params }) => ["invalid_property_name", `Property name of "${params.propertyName}" does not match`],
  minLength: ({ params }) => ["string_gte", `String length must be greater than or equal to ${params.limit}`],
  maxLength: ({ params }) => ["string_lte", `String length must be less than or equal to ${params.limit}`],
  pattern: ({ params }) => ["pattern", `Does not match pattern '${params.pattern}'`],
  format: ({ params }) => ["format", `Does not match format '${params.format}'`],
  multipleOf: ({ params }) => ["multiple_of", `Must be a multiple of ${params.multipleOf}`],
  minimum: ({ params }) => ["number_gte", `Must be greater than or equal to ${params.limit}`],
  maximum: ({ params }) => ["number_lte", `Must be less than or equal to ${params.limit}`],
  exclusiveMinimum: ({ params }) => ["number_gt", `Must be greater than ${params.limit}`],
  exclusiveMaximum: ({ params }) => ["number_lt", `Must be less than ${params.limit}`],
  if: ({ params: { failingKeyword } }) => [
    `condition_${failingKeyword}`,
    `Must validate "${failingKeyword}" as "if" was ${failingKeyword === "then" ? "" : "not "}valid`
  ]
}

const fieldOf = (path: string): string =>
  path === ""
    ? "(Root)"
    : path.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).join(".")

const parentOf = (schemaPath: string) => schemaPath.slice(0, schemaPath.lastIndexOf("/"))

/** What ajv found, in OPA's words. Where the type is wrong, OPA looks no further at that schema. */
export const complaints = (errors: ReadonlyArray<ErrorObject>): ReadonlyArray<Complaint> => {
  const place = ({ instancePath, schemaPath }: ErrorObject) => `${instancePath} ${parentOf(schemaPath)}`
  const mistyped = new Set(errors.filter(({ keyword }) => keyword === "type").map(place))
  return errors
    .filter((error) => error.keyword === "type" || !mistyped.has(place(error)))
    .map((error) => {
      const field = fieldOf(error.instancePath)
      const [type, desc] = descriptions[error.keyword]?.(error, field) ?? [error.keyword, error.message ?? ""]
      return { field, type, desc }
    })
}
