import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { decodeDelivery, decodeNotifier, decodePolicyBundle } from "../api/v1alpha1/live.ts"
import { LabelSelector, type Match } from "../api/v1alpha1/PolicyBundle.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import type { Guardrail, LiveDelivery, LiveNotifier, MalformedDelivery, MalformedNotifier } from "./Registry.ts"

export const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

export const texts = (value: Json | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    )
  )

const placeOf = (item: Json) => ({
  namespace: text(at(item, "metadata", "namespace")),
  name: text(at(item, "metadata", "name"))
})

/** A Delivery, whatever it holds: what cannot be read says why. */
export const delivery = (item: Json): LiveDelivery | MalformedDelivery => {
  const read = decodeDelivery(item)
  return Result.isSuccess(read) ? { ...read.success, ...placeOf(item) } : read.failure
}

const Selectors = Schema.Struct({
  namespaceSelector: Schema.optionalKey(LabelSelector),
  deliverySelector: Schema.optionalKey(LabelSelector)
})

/** Whom a PolicyBundle selects of which something cannot be read: all, if it is this. */
const matchOf = (item: Json): Match =>
  Result.getOrElse(Schema.decodeUnknownResult(Selectors)(at(item, "spec", "match") ?? {}), () => ({}))

/** A PolicyBundle, whatever it holds: what cannot be read says why, and judges nobody well. */
export const bundle = (item: Json): Omit<Guardrail, "state"> => {
  const read = decodePolicyBundle(item)
  const { generation, status, uid } = Result.merge(read)
  const standing = { name: placeOf(item).name, uid, generation, status }
  if (Result.isFailure(read)) {
    return { ...standing, match: matchOf(item), resource: undefined, problems: read.failure.problems }
  }
  const { resource } = read.success
  return { ...standing, match: resource.spec.match ?? {}, resource, problems: [] }
}

/** A Notifier, whatever it holds: what cannot be read says why. */
export const notifier = (item: Json): LiveNotifier | MalformedNotifier => {
  const read = decodeNotifier(item)
  return Result.isSuccess(read) ? { ...read.success, ...placeOf(item) } : read.failure
}
