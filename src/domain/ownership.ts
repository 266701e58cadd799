import { createHash } from "node:crypto"
import { digest } from "./digest.ts"
import { at, canonical, type Json, type JsonObject } from "./Json.ts"
import type { Manifest } from "./Manifest.ts"
import type { ObjectRef } from "./ObjectRef.ts"

/** On every object that Sluice applies: which delivery. It only selects; the inventory decides. */
export const deliveryLabel = "sluice.dev/delivery"
/** The file and the revision that last changed the object. */
export const originAnnotation = "sluice.dev/origin"
export const applyAnnotation = "sluice.dev/apply"
export const pruneAnnotation = "sluice.dev/prune"
export const adoptAnnotation = "sluice.dev/adopt"
export const confirmAnnotation = "sluice.dev/confirm"
/** Keeps a Delivery until its objects are gone, or left behind on purpose. */
export const finalizer = "sluice.dev/finalizer"
/** On a Delivery: asks for a run, with any new value. */
export const requestAnnotation = "sluice.dev/requestedAt"
/** The same as Flux spells it: GitLab's button replaces it. */
export const fluxRequestAnnotation = "reconcile.fluxcd.io/requestedAt"
/** What the agent stamps there, so that GitLab has something to replace. It asks for nothing. */
export const neverRequested = "never"

/**
 * `<namespace>.<name>` of a delivery as a label's value, at most 63 characters: what is longer ends in a hash of it all.
 */
export const deliveryValue = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string => {
  const full = `${namespace}.${name}`
  if (full.length <= 63) return full
  return `${full.slice(0, 46)}-${createHash("sha256").update(full).digest("hex").slice(0, 16)}`
}

/** Whether an object is a Delivery: of this very name, where one is given. */
export const isDelivery = (
  ref: ObjectRef,
  named?: { readonly namespace: string; readonly name: string }
): boolean =>
  ref.group === "sluice.dev" && ref.kind === "Delivery" &&
  (named === undefined || (ref.namespace === named.namespace && ref.name === named.name))

/** `shop/checkout`, as people name a delivery; a shortened value stays as it is. */
export const displayValue = (value: string): string => value.replace(".", "/")

export const annotationOf = (object: Json, name: string): string | undefined => {
  const value = at(object, "metadata", "annotations", name)
  return typeof value === "string" ? value : undefined
}

const withMetadata = (object: JsonObject, label: string, origin: string): JsonObject => {
  const metadata = at(object, "metadata") as JsonObject
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...(metadata["labels"] as JsonObject | null | undefined), [deliveryLabel]: label },
      annotations: { ...(metadata["annotations"] as JsonObject | null | undefined), [originAnnotation]: origin }
    }
  }
}

/** The manifest as it is sent: with our label and origin. Its digest stays that of what was rendered. */
export const stamp = (manifest: Manifest, label: string, origin: string): Manifest => {
  const object = withMetadata(manifest.object, label, origin)
  return { ...manifest, object, json: JSON.stringify(object) }
}

/** `IfNotPresent`, `Ignore`, `Recreate`, or undefined: the object's own wish. */
export const applyPolicy = (manifest: Manifest): string | undefined => annotationOf(manifest.object, applyAnnotation)

/** An entry of managedFields: which fields of an object somebody owns. */
export interface Ownership {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
  readonly time?: string
  readonly apiVersion?: string
  readonly fieldsV1?: JsonObject
}

/** The field manager of everything Sluice applies. Never renamed: ownership in clusters hangs on it. */
export const fieldManager = "sluice"

/** The entry of what Sluice applied; from it an apply drops what it does not send any more. */
export const isOurEntry = (
  entry: { readonly manager?: unknown; readonly operation?: unknown; readonly subresource?: unknown }
): boolean => entry.manager === fieldManager && entry.operation === "Apply" && entry.subresource === undefined

/** Of our ownership of an object, fields and time: other managers and status updates leave it alone. */
export const fingerprint = (entries: ReadonlyArray<Ownership>): string =>
  digest(
    ...entries
      .filter((entry) => entry.manager === fieldManager && entry.subresource === undefined)
      .map(({ apiVersion, fieldsV1, operation, time }) =>
        canonical([apiVersion ?? "", operation, time ?? "", fieldsV1 ?? {}])
      )
      .sort()
  )

/** What of a live object tells whose it is. */
export interface Owned {
  readonly labels: Readonly<Record<string, string>>
  readonly managedFields: ReadonlyArray<Ownership>
}

/** Whether a live object is a delivery's to delete: labels get copied, an ownership entry does not. */
export const isOurs = (live: Owned, label: string): boolean =>
  live.labels[deliveryLabel] === label && live.managedFields.some((entry) => entry.manager === fieldManager)
