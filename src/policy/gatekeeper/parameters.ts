import { isJsonObject, type Json } from "../../domain/Json.ts"

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
