import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { isJsonObject } from "../../domain/Json.ts"

/** What has to hold between the fields of an object: said to the API server in CEL, and to those who decode by `breaks`. */
export interface Rule {
  readonly cel: string
  readonly message: string
  /** What would help, where the message does not say it. */
  readonly hint?: string
  /** What an object does wrong, and by which of its fields. A rule about a change has none: nobody sees the old object. */
  readonly breaks?: (value: Readonly<Record<string, unknown>>) => Breach | undefined
}

export interface Breach {
  readonly says: string
  readonly field?: string | undefined
}

const annotation = "sluice/rules"

/** The same schema, with rules. Decoding does not see them: `contradictions` does. */
export const ruled = <S extends Schema.Constraint>(schema: S, ...rules: ReadonlyArray<Rule>): S =>
  (schema as unknown as Schema.Top).annotate({
    [annotation]: rules,
    "x-kubernetes-validations": rules.map(({ cel, message }) => ({ rule: cel, message }))
  }) as unknown as S

const list = (names: ReadonlyArray<string>, word: string): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`

const named = (value: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>) =>
  names.filter((name) => Object.hasOwn(value, name) && value[name] !== undefined)

const given = (names: ReadonlyArray<string>) => `[${names.map((name) => `has(self.${name})`).join(", ")}]`

/** Exactly one of these fields is there. */
export const oneOf = (names: ReadonlyArray<string>, message: string): Rule => ({
  cel: `${given(names)}.exists_one(x, x)`,
  message,
  breaks: (value) => {
    const [first, second] = named(value, names)
    if (first === undefined) return { says: `names no ${list(names, "or")}` }
    return second === undefined ? undefined : { says: `names ${named(value, names).join(" and ")}`, field: second }
  }
})

/** One of these fields is there, or none. */
export const atMostOneOf = (names: ReadonlyArray<string>, what: string, message: string, hint: string): Rule => ({
  cel: `${given(names)}.filter(x, x).size() <= 1`,
  message,
  hint,
  breaks: (value) => {
    const [first, second] = named(value, names)
    return second === undefined ? undefined : { says: `names two ${what}: ${first} and ${second}`, field: second }
  }
})

/** A field that means nothing without another. */
export const needs = (field: string, other: ReadonlyArray<string>, message: string): Rule => ({
  cel: `!has(self.${field}) || has(self.${other.join(".")})`,
  message,
  breaks: (value) =>
    value[field] === undefined || other.reduce<unknown>((at, step) => isJsonObject(at) ? at[step] : undefined, value)
        !== undefined
      ? undefined
      : { says: `names ${field} and no ${other.join(".")}`, field }
})

/** Something that a schema allows field by field, and that cannot be meant. */
export interface Contradiction {
  /** The object, or the field of it, that is one too many. */
  readonly path: ReadonlyArray<string | number>
  /** The object. */
  readonly where: ReadonlyArray<string | number>
  readonly says: string
  readonly hint: string
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

const rulesOf = SchemaAST.resolveAt<ReadonlyArray<Rule>>(annotation)
const keysOf = SchemaAST.resolveAt<ReadonlyArray<string>>("x-kubernetes-list-map-keys")

const doubles = (ast: SchemaAST.AST, value: ReadonlyArray<unknown>, where: ReadonlyArray<string | number>) => {
  const [key] = keysOf(ast) ?? []
  if (key === undefined) return []
  const names = value.map((entry) => isJsonObject(entry) ? entry[key] : undefined)
  return names.flatMap((name, index) =>
    name === undefined || names.indexOf(name) === index ? [] : [{
      path: [...where, index],
      where: [...where, index],
      says: `has the ${key} of an earlier entry`,
      hint: `Every ${key} may be there once.`
    }]
  )
}

/** Every rule of the schema that a value breaks; where the value is not as the schema says, nothing is looked at. */
export const contradictions = (schema: Schema.Constraint, value: unknown): ReadonlyArray<Contradiction> => {
  const walk = (
    ast: SchemaAST.AST,
    value: unknown,
    where: ReadonlyArray<string | number>
  ): ReadonlyArray<Contradiction> => {
    if (Array.isArray(value)) {
      const item = SchemaAST.isArrays(ast) ? ast.rest[0] : undefined
      if (item === undefined) return []
      return [...doubles(ast, value, where), ...value.flatMap((entry, index) => walk(item, entry, [...where, index]))]
    }
    if (!isJsonObject(value)) return []
    const fields = SchemaAST.isObjects(ast) ? ast.propertySignatures : []
    return [
      ...(rulesOf(ast) ?? []).flatMap(({ breaks, hint, message }) => {
        const breach = breaks?.(value)
        if (breach === undefined) return []
        const path = breach.field === undefined ? where : [...where, breach.field]
        return [{ path, where, says: breach.says, hint: hint ?? sentence(message) }]
      }),
      ...fields.flatMap(({ name, type }) => {
        const key = String(name)
        return Object.hasOwn(value, key) ? walk(type, value[key], [...where, key]) : []
      })
    ]
  }
  return walk(schema.ast, value, [])
}
