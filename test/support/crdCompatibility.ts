import { at, isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"

const array = (json: Json | undefined): ReadonlyArray<Json> => Array.isArray(json) ? json as ReadonlyArray<Json> : []
const object = (json: Json | undefined): JsonObject => isJsonObject(json) ? json : {}
const same = (one: Json | undefined, other: Json | undefined) => JSON.stringify(one) === JSON.stringify(other)
const shown = (json: Json | undefined) => JSON.stringify(json) ?? "nothing"

/** Bounds that refuse more the smaller they are, and those that refuse more the larger they are. */
const upper = ["maxLength", "maxItems", "maxProperties", "maximum"]
const lower = ["minLength", "minItems", "minProperties", "minimum"]
/** What may not change at all: what is stored would be read, merged or refused in another way. */
const fixed = [
  "type",
  "format",
  "pattern",
  "x-kubernetes-int-or-string",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "uniqueItems"
]

const boundsBroken = (older: JsonObject, newer: JsonObject): ReadonlyArray<string> =>
  [...upper, ...lower].flatMap((name) => {
    const [before, now] = [older[name], newer[name]]
    if (now === undefined || same(before, now)) return []
    const isNarrower = before === undefined ||
      (upper.includes(name) ? Number(now) < Number(before) : Number(now) > Number(before))
    return isNarrower ? [`${name} is narrower: ${shown(before)}, now ${shown(now)}`] : []
  })

const enumBroken = (older: JsonObject, newer: JsonObject): ReadonlyArray<string> => {
  if (newer.enum === undefined) return []
  if (older.enum === undefined) return ["an enum was added"]
  const gone = array(older.enum).filter((value) => !array(newer.enum).some((other) => same(value, other)))
  return gone.length === 0 ? [] : [`the enum has no longer ${gone.map(shown).join(", ")}`]
}

const requiredBroken = (older: JsonObject, newer: JsonObject): ReadonlyArray<string> =>
  array(newer.required)
    .filter((name) => !array(older.required).includes(name))
    // A default is filled in before anybody asks whether it is there.
    .filter((name) => at(newer, "properties", String(name), "default") === undefined)
    .map((name) => `${shown(name)} is newly required`)

const rulesBroken = (older: JsonObject, newer: JsonObject): ReadonlyArray<string> => {
  const rules = (schema: JsonObject) => array(schema["x-kubernetes-validations"]).map((each) => at(each, "rule"))
  return rules(newer).filter((rule) => !rules(older).includes(rule)).map((rule) => `a rule was added: ${shown(rule)}`)
}

/** What of values that the older schema took the newer one would refuse, drop or read in another way. */
const schemaBreaks = (path: string, older: JsonObject, newer: JsonObject): ReadonlyArray<string> => {
  const keeps = (schema: JsonObject) => schema["x-kubernetes-preserve-unknown-fields"] === true
  const here = [
    ...fixed.filter((name) => !same(older[name], newer[name]))
      .map((name) => `${name} was ${shown(older[name])}, now ${shown(newer[name])}`),
    ...older.nullable === true && newer.nullable !== true ? ["it is no longer nullable"] : [],
    ...keeps(older) && !keeps(newer) ? ["unknown fields are no longer kept"] : [],
    ...older.default !== undefined && !same(older.default, newer.default)
      ? [`the default was ${shown(older.default)}, now ${shown(newer.default)}`]
      : [],
    ...enumBroken(older, newer),
    ...boundsBroken(older, newer),
    ...requiredBroken(older, newer),
    ...rulesBroken(older, newer)
  ].map((what) => `${path}: ${what}`)
  const below = Object.entries(object(older.properties)).flatMap(([name, schema]) => {
    const next = at(newer, "properties", name)
    const where = `${path}.${name}`
    if (isJsonObject(next)) return schemaBreaks(where, object(schema), next)
    return keeps(newer) ? [] : [`${where}: the field is gone`]
  })
  const inner = (["items", "additionalProperties"] as const).flatMap((name) => {
    const [before, now] = [older[name], newer[name]]
    if (before === undefined) return []
    const where = `${path}${name === "items" ? "[]" : ".*"}`
    if (isJsonObject(before) && isJsonObject(now)) return schemaBreaks(where, before, now)
    return same(before, now) || keeps(newer) ? [] : [`${where}: the schema is gone`]
  })
  return [...here, ...below, ...inner]
}

const named = (versions: Json | undefined): ReadonlyMap<string, JsonObject> =>
  new Map(array(versions).filter(isJsonObject).map((version) => [String(version.name), version]))

const versionBreaks = (name: string, older: JsonObject, newer: JsonObject | undefined): ReadonlyArray<string> => {
  if (newer === undefined) return [`${name}: the version is gone`]
  const column = (version: JsonObject) => array(version.additionalPrinterColumns).map((each) => at(each, "name"))
  return [
    ...older.served === true && newer.served !== true ? [`${name}: it is no longer served`] : [],
    ...at(older, "subresources", "status") !== undefined && at(newer, "subresources", "status") === undefined
      ? [`${name}: the status is no subresource any more`]
      : [],
    ...column(older).filter((each) => !column(newer).includes(each)).map((each) =>
      `${name}: the column ${shown(each)} is gone`
    ),
    ...schemaBreaks(
      name,
      object(at(older, "schema", "openAPIV3Schema")),
      object(at(newer, "schema", "openAPIV3Schema"))
    )
  ]
}

/**
 * What an update from one definition to the next would break for resources, manifests and scripts that were written
 * before it: each in one line, with its place. Empty where the newer one can take the older one's place.
 */
export const breaks = (older: JsonObject, newer: JsonObject): ReadonlyArray<string> => {
  const names = ["group", "scope"] as const
  const words = ["kind", "plural", "singular"] as const
  const [before, now] = [named(at(older, "spec", "versions")), named(at(newer, "spec", "versions"))]
  return [
    ...names.filter((name) => !same(at(older, "spec", name), at(newer, "spec", name))).map((name) =>
      `${name} was ${shown(at(older, "spec", name))}, now ${shown(at(newer, "spec", name))}`
    ),
    ...words.filter((word) => !same(at(older, "spec", "names", word), at(newer, "spec", "names", word)))
      .map((word) => `names.${word} is another`),
    ...(["shortNames", "categories"] as const).flatMap((word) => {
      const kept = array(at(newer, "spec", "names", word))
      return array(at(older, "spec", "names", word)).filter((name) => !kept.includes(name))
        .map((name) => `names.${word} has no longer ${shown(name)}`)
    }),
    ...[...before].flatMap(([name, version]) => versionBreaks(name, version, now.get(name)))
  ]
}

/** The places of a schema's fields, `.spec.source.git.url`; below what is kept as it is there are none. */
export const fieldsOf = (schema: Json | undefined, path = ""): ReadonlyArray<string> => {
  const children: ReadonlyArray<readonly [string, Json | undefined]> = [
    ...Object.entries(object(at(schema, "properties"))).map(([name, child]) => [`${path}.${name}`, child] as const),
    ...isJsonObject(at(schema, "items")) ? [[`${path}[]`, at(schema, "items")] as const] : []
  ]
  return children.flatMap(([where, child]) => [where].concat(fieldsOf(child, where)))
}

/** The places at which a value says something, written as `fieldsOf` writes them. */
export const placesOf = (value: Json | undefined, path = ""): ReadonlyArray<string> =>
  Array.isArray(value)
    ? value.flatMap((entry) => [`${path}[]`, ...placesOf(entry as Json, `${path}[]`)])
    : isJsonObject(value)
    ? Object.entries(value).flatMap(([name, entry]) => [`${path}.${name}`].concat(placesOf(entry, `${path}.${name}`)))
    : []
