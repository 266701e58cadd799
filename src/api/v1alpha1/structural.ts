import * as Schema from "effect/Schema"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

type Part = Readonly<Record<string, Json>>

/** Kept where a schema says it of itself: everything that OpenAPI does not know, and the format. */
const isKept = (annotation: string): boolean => annotation.startsWith("x-kubernetes-") || annotation === "format"

const together = (a: Part, b: Part): Part => ({ ...a, ...b })

const parts = (value: Json | undefined): ReadonlyArray<Part> =>
  (Array.isArray(value) ? value as ReadonlyArray<Json> : []).filter(isJsonObject)

const mapValues = (value: Json | undefined, change: (part: Part) => Part): Part =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).map(([key, part]) => [key, change(part as Part)])
  )

const unionOf = (members: ReadonlyArray<Part>, rest: Part): Part => {
  if (members.length === 1) return { ...members[0], ...rest }
  if (members.every(({ type }) => type === "integer" || type === "string")) {
    const { format: _, type: __, ...validations } = members.reduce(together)
    return { ...rest, ...validations, "x-kubernetes-int-or-string": true }
  }
  // A rule says how many of them may be there.
  const properties = members.map(({ properties }) => properties as Part).reduce(together)
  return structural({ ...rest, type: "object", properties })
}

/** JSON Schema to the structural OpenAPI v3 of a CustomResourceDefinition: every node has one type and no alternatives. */
const structural = (schema: Part): Part => {
  const { allOf, ...written } = schema
  const { additionalProperties, anyOf, items, not: _, properties, ...node } = parts(allOf).reduce(together, written)
  if (anyOf !== undefined) return unionOf(parts(anyOf).map(structural), node)
  switch (node.type) {
    case undefined:
      return { ...node, "x-kubernetes-preserve-unknown-fields": true }
    case "integer": {
      const { maximum, minimum, ...rest } = node
      return {
        ...rest,
        format: "int64",
        ...minimum === Number.MIN_SAFE_INTEGER || minimum === undefined ? {} : { minimum },
        ...maximum === Number.MAX_SAFE_INTEGER || maximum === undefined ? {} : { maximum }
      }
    }
    case "array":
      return { ...node, items: structural(items as Part) }
    case "object":
      return properties !== undefined
        ? { ...node, properties: mapValues(properties, structural) }
        : isJsonObject(additionalProperties)
        ? { ...node, additionalProperties: structural(additionalProperties) }
        : { ...node, "x-kubernetes-preserve-unknown-fields": true }
    default:
      return node
  }
}

/**
 * As the API server keeps it: without `properties` of which there are none. What it would keep otherwise than we send it
 * would be a conflict with everybody who applied the same.
 */
const kept = ({ additionalProperties, items, properties, ...node }: Part): Part => ({
  ...node,
  ...isJsonObject(properties) && Object.keys(properties).length > 0 ? { properties: mapValues(properties, kept) } : {},
  ...isJsonObject(items) ? { items: kept(items) } : {},
  ...isJsonObject(additionalProperties) ? { additionalProperties: kept(additionalProperties) } : {}
})

/** The structural schema of what people write: the encoded side. */
export const structuralSchema = (schema: Schema.Constraint): JsonObject =>
  kept(structural(
    Schema.toJsonSchemaDocument(schema, { referencePolicy: () => undefined, includeAnnotationKey: isKept })
      .schema as Part
  ))
