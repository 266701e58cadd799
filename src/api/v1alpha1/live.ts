import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { at, isJsonObject, type Json } from "../../domain/Json.ts"
import { WrittenDelivery } from "./Delivery.ts"
import { DeliveryStatus, PlainStatus, PolicyBundleStatus } from "./DeliveryStatus.ts"
import { Notifier, notifierOf } from "./Notifier.ts"
import { PolicyBundle } from "./PolicyBundle.ts"
import { problemsOf, written } from "./problems.ts"
import { contradictions } from "./rules.ts"

/** What the API server says of an object, whatever its spec. */
export interface Standing<Status> {
  readonly uid: string
  readonly generation: number
  readonly resourceVersion: string
  readonly deleting: boolean
  readonly finalizers: ReadonlyArray<string>
  /** Empty where what stands there is not a status. */
  readonly status: Status
}

/** A resource as it stands in the cluster. */
export interface Live<A, Status> extends Standing<Status> {
  readonly resource: A
}

/** An object that is no resource of its kind: it stalls itself, and nothing else. */
export interface Malformed<Status> extends Standing<Status> {
  /** Empty for a resource of the cluster. */
  readonly namespace: string
  readonly name: string
  /** `spec.suspend: expected boolean`: where and what, never a value; at most 20. */
  readonly problems: ReadonlyArray<string>
}

export type LiveDelivery = Live<WrittenDelivery, DeliveryStatus>
export type LivePolicyBundle = Live<PolicyBundle, PolicyBundleStatus>
export type LiveNotifier = Live<Notifier, PlainStatus>

const maximumProblems = 20
const maximumCharacters = 300

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

const texts = (value: Json | undefined): ReadonlyArray<string> =>
  (Array.isArray(value) ? value as ReadonlyArray<Json> : []).filter((entry) => typeof entry === "string")

const standing = <S extends Schema.Codec<object, unknown>>(object: Json, status: S): Standing<S["Type"]> => {
  const metadata = at(object, "metadata")
  const generation = at(metadata, "generation")
  return {
    uid: text(at(metadata, "uid")),
    generation: typeof generation === "number" ? generation : 0,
    resourceVersion: text(at(metadata, "resourceVersion")),
    deleting: typeof at(metadata, "deletionTimestamp") === "string",
    finalizers: texts(at(metadata, "finalizers")),
    status: Result.getOrElse(Schema.decodeUnknownResult(status)(at(object, "status") ?? {}), () => ({}))
  }
}

const told = (problems: ReadonlyArray<string>): ReadonlyArray<string> => {
  const more = problems.length - maximumProblems
  return [
    ...problems.slice(0, maximumProblems).map((problem) => problem.slice(0, maximumCharacters)),
    ...more > 0 ? [`and ${more} more`] : []
  ]
}

const decode = <S extends Schema.Codec<unknown, unknown>, T extends Schema.Codec<object, unknown>>(
  given: unknown,
  schema: S,
  rules: Schema.Constraint,
  status: T
): Result.Result<Live<S["Type"], T["Type"]>, Malformed<T["Type"]>> => {
  const object = isJsonObject(given) ? given : {}
  const stands = standing(object, status)
  const decoded = Schema.decodeUnknownResult(schema)(object, { errors: "all" })
  const problems = [
    ...Result.isFailure(decoded)
      ? problemsOf(decoded.failure).map(({ message, path, what }) =>
        `${written(path)}: ${what === "MissingKey" ? "is missing" : message}`
      )
      : [],
    ...contradictions(rules, object).map(({ says, where }) => `${written(where)}: ${says}`)
  ]
  if (Result.isSuccess(decoded) && problems.length === 0) {
    return Result.succeed({ ...stands, resource: decoded.success })
  }
  return Result.fail({
    ...stands,
    namespace: text(at(object, "metadata", "namespace")),
    name: text(at(object, "metadata", "name")),
    problems: told(problems)
  })
}

/** Reads a Delivery of the cluster; fields that are unknown here are left aside. Never throws. */
export const decodeDelivery = (object: unknown): Result.Result<LiveDelivery, Malformed<DeliveryStatus>> =>
  decode(object, WrittenDelivery, WrittenDelivery, DeliveryStatus)

/** Reads a PolicyBundle of the cluster. */
export const decodePolicyBundle = (
  object: unknown
): Result.Result<LivePolicyBundle, Malformed<PolicyBundleStatus>> =>
  decode(object, PolicyBundle, PolicyBundle, PolicyBundleStatus)

/** Reads a Notifier of the cluster. */
export const decodeNotifier = (object: unknown): Result.Result<LiveNotifier, Malformed<PlainStatus>> =>
  decode(object, notifierOf(object), Notifier, PlainStatus)
