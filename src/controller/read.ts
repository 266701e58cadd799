import * as Result from "effect/Result"
import { decodeDelivery, decodeNotifier, decodePolicyBundle } from "../api/v1alpha1/live.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import type { LiveDelivery, MalformedDelivery, Selecting } from "./Registry.ts"

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

/** Whom a PolicyBundle selects; one that cannot be read selects all. */
export const bundle = (item: Json): Selecting & { readonly name: string } => {
  const read = decodePolicyBundle(item)
  const { name } = placeOf(item)
  if (Result.isFailure(read)) return { name, namespaces: undefined, deliveries: undefined }
  const { match } = read.success.resource.spec
  return { name, namespaces: match?.namespaceSelector, deliveries: match?.deliverySelector }
}

/** A Notifier; one that cannot be read tells nobody. */
export const notifier = (
  item: Json
): { readonly namespace: string; readonly name: string; readonly resource: Notifier | undefined } => {
  const read = decodeNotifier(item)
  return { ...placeOf(item), resource: Result.isSuccess(read) ? read.success.resource : undefined }
}
