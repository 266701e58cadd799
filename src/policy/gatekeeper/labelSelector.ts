import * as Schema from "effect/Schema"
import { at, type Json, type JsonObject } from "../../domain/Json.ts"

/** The label that the API server gives every Namespace. */
const nameLabel = "kubernetes.io/metadata.name"

const part = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
const Key = Schema.String.check(
  Schema.isPattern(new RegExp(`^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${part}$`, "u"), {
    expected: "the name of a label"
  })
)
const Value = Schema.String.check(
  Schema.isPattern(new RegExp(`^(?:${part})?$`, "u"), { expected: "the value of a label" })
)

const Requirement = Schema.Struct({
  key: Key,
  operator: Schema.Literals(["In", "NotIn", "Exists", "DoesNotExist"]),
  values: Schema.optionalKey(Schema.NullOr(Schema.Array(Value)))
}).check(
  Schema.makeFilter(({ operator, values }) =>
    (operator === "In" || operator === "NotIn") === ((values ?? []).length > 0) ||
    (operator.endsWith("In") ? `${operator} needs values` : `${operator} takes no values`)
  )
)

/** A label selector as Kubernetes validates it. */
export const LabelSelector = Schema.Struct({
  matchLabels: Schema.optionalKey(Schema.NullOr(Schema.Record(Key, Value))),
  matchExpressions: Schema.optionalKey(Schema.NullOr(Schema.Array(Requirement)))
})
export type LabelSelector = typeof LabelSelector.Type

export type Labels = Readonly<Record<string, Json>>

/** The labels of an object; none, if it has none. */
export const labelsOf = (object: JsonObject): Labels => {
  const labels = at(object, "metadata", "labels")
  return typeof labels === "object" && labels !== null && !Array.isArray(labels) ? labels as Labels : {}
}

/** The labels that a Namespace has in a cluster. */
export const labelsOfNamespace = (name: string, object: JsonObject): Labels => ({
  ...labelsOf(object),
  [nameLabel]: name
})

const requirementsOf = ({ matchExpressions, matchLabels }: LabelSelector): ReadonlyArray<typeof Requirement.Type> => [
  ...Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
  ...matchExpressions ?? []
]

const holds = ({ key, operator, values }: typeof Requirement.Type, labels: Labels): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  const isOneOf = (values ?? []).some((one) => one === value)
  return operator === "In"
    ? isOneOf
    : operator === "NotIn"
    ? !isOneOf
    : (operator === "Exists") === (value !== undefined)
}

/** Whether a selector takes labels; an empty one takes all. */
export const selects = (selector: LabelSelector, labels: Labels): boolean =>
  requirementsOf(selector).every((requirement) => holds(requirement, labels))

/** Whether a selector takes a Namespace of which only the name is known; undefined if that does not tell. */
export const selectsNamespace = (selector: LabelSelector, name: string): boolean | undefined => {
  const requirements = requirementsOf(selector)
  const known = requirements.filter(({ key }) => key === nameLabel)
  if (known.some((requirement) => !holds(requirement, { [nameLabel]: name }))) return false
  return known.length === requirements.length ? true : undefined
}
