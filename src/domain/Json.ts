/** What JSON can say. Kubernetes objects are of this type until a schema says more. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The value at a path of keys, or undefined where the path leaves the document. */
export const at = (value: Json | undefined, ...path: ReadonlyArray<string | number>): Json | undefined =>
  path.reduce<Json | undefined>(
    (current, key) =>
      Array.isArray(current)
        ? (current as ReadonlyArray<Json>)[key as number]
        : isJsonObject(current) && Object.hasOwn(current, key)
        ? current[key]
        : undefined,
    value
  )

/** Text in which equal values are equal: object keys sorted, no white space. Digests are taken of it. */
export const canonical = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key]!)}`).join(",")}}`
}

/** Whether two values say the same, in whatever order of keys. */
export const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b))
