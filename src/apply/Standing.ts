import type { Changeset } from "../domain/Changeset.ts"
import type { JsonObject } from "../domain/Json.ts"
import { displayOrigin, type Manifest, type Origin } from "../domain/Manifest.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { annotationOf, applyPolicy, deliveryLabel, originAnnotation, stamp } from "../domain/ownership.ts"

declare const admitted: unique symbol

/** One object that was admitted, as it was rendered or sent. */
export interface Stood {
  readonly ref: ObjectRef
  readonly apiVersion: string
  readonly digest: string
  readonly origin: Origin
  /** `IfNotPresent`, `Ignore`, or undefined: the object's own wish. */
  readonly policy: string | undefined
  readonly json: string
  /** What of it is left to others. */
  readonly leaves?: NonNullable<Manifest["leaves"]>
}

/** What stands in the cluster by a changeset, by object: nothing but texts. Heals are made of it, and of nothing else. */
export interface Standing extends ReadonlyMap<string, Stood> {
  readonly [admitted]: true
}

/** What is to stand by a changeset, whose objects the gate let through. */
export const standing = ({ changes }: Changeset): Standing =>
  new Map(
    changes.flatMap(({ manifest }) => {
      if (manifest === undefined) return []
      const { apiVersion, digest, json, leaves, origin, ref } = manifest
      const stood: Stood = { ref, apiVersion, digest, origin, policy: applyPolicy(manifest), json }
      return [[key(ref), leaves === undefined ? stood : { ...stood, leaves }] as const]
    })
  ) as ReadonlyMap<string, Stood> as Standing

/** The object as it is sent again: with the origin that it was sent with or, else, has; a heal is no new origin. */
export const restore = (stood: Stood, label: string, live: string | undefined, revision: string): Manifest => {
  const object = JSON.parse(stood.json) as JsonObject
  const isStamped = (object.metadata as { readonly labels?: JsonObject }).labels?.[deliveryLabel] === label
  const sent = isStamped ? annotationOf(object, originAnnotation) : undefined
  return stamp({ ...stood, object }, label, sent ?? live ?? `${displayOrigin(stood.origin)}@${revision}`)
}
