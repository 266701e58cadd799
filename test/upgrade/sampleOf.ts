import { at, isJsonObject, type Json } from "../../src/domain/Json.ts"

const text = (schema: Json): string => {
  const choices = at(schema, "enum")
  if (Array.isArray(choices)) return String(choices[0])
  return at(schema, "format") === "date-time" ? "2026-11-28T12:00:00Z" : "text"
}

/** A value with every field that a schema without patterns knows: of a status. */
export const sampleOf = (schema: Json): Json => {
  if (at(schema, "x-kubernetes-preserve-unknown-fields") === true) return { kept: true }
  const type = at(schema, "type")
  if (type === "array") return [sampleOf(at(schema, "items")!)]
  if (type === "object") {
    const fields = at(schema, "properties")
    const values = at(schema, "additionalProperties")
    return isJsonObject(fields)
      ? Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, sampleOf(field)]))
      : isJsonObject(values)
      ? { key: sampleOf(values) }
      : {}
  }
  return type === "boolean" ? true : type === "integer" || type === "number" ? 1 : text(schema)
}
