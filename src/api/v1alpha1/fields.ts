import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

// The words that resources are written with. A field's description is what `kubectl explain` says of it.

const annotated = <S extends Schema.Constraint>(schema: S, annotations: Schema.Annotations.Annotations): S =>
  (schema as unknown as Schema.Top).annotate(annotations) as unknown as S

/** A field that has to be there. */
export const required = <S extends Schema.Constraint>(schema: S, description: string): S =>
  annotated(schema, { description })

/** A field that may be left out. */
export const optional = <S extends Schema.Constraint>(schema: S, description: string) =>
  Schema.optionalKey(required(schema, description))

/** A field that has this value where it is left out: the API server and the decoder say the same. */
export const defaulted = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  encoded: S["Encoded"],
  description: string
) =>
  annotated(schema, { description, default: encoded }).pipe(
    Schema.withDecodingDefaultKey<S>(Effect.succeed(encoded))
  )

/** The first check that fails is the one that is told, and no pattern is tried on a text that is too long for it. */
const atMost = (count: number) => Schema.isMaxCodePoints(count, { expected: `at most ${count} characters` }).abort()

/** One to so many characters. */
export const Text = (most: number) =>
  Schema.String.check(atMost(most), Schema.isMinCodePoints(1, { expected: "a text that is not empty" }))

/** None to so many characters. */
export const Words = (most: number) => Schema.String.check(atMost(most))

/** A text of a certain form: the pattern is RE2's and JavaScript's alike. */
export const Form = (pattern: RegExp, expected: string, most: number) =>
  Schema.String.check(atMost(most), Schema.isPattern(pattern, { expected }).abort())

/** A list of so many at most. */
export const List = <S extends Schema.Constraint>(item: S, most: number) =>
  Schema.Array(item).check(Schema.isMaxLength(most, { expected: `at most ${most} entries` }))

/** A list in which no two entries have the same `key`: the API server merges them one by one. */
export const Keyed = <S extends Schema.Constraint>(item: S, key: string, most: number) =>
  annotated(List(item, most), { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] })

/** An object in which nothing is said yet. */
export const Empty = Schema.Struct({}).check(
  Schema.makeFilter((value: object) => !Array.isArray(value) && typeof value === "object", {
    expected: "an object",
    toJsonSchema: () => ({ type: "object", properties: {} })
  })
)

export const Name = Form(
  /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/u,
  "a name of lower-case letters, digits, - and .",
  253
)

export const LabelName = Form(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u,
  "a name of at most 63 lower-case letters, digits and -",
  63
)

const isDay = (text: string): boolean => {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number]
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!
}

/** A moment after RFC 3339: `2026-12-01T08:00:00Z`. */
export const Moment = Form(
  /^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/u,
  "a time such as 2026-12-01T08:00:00Z",
  40
).check(
  Schema.makeFilter(isDay, {
    expected: "a day that the calendar has",
    format: "date-time",
    // The format alone would also let lists through.
    "x-kubernetes-validations": [{ rule: "self.getFullYear() > 0", message: "a time such as 2026-12-01T08:00:00Z" }],
    toJsonSchema: () => ({})
  })
)
