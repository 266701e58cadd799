import type { Manifest } from "./Manifest.ts"
import {
  adoptAnnotation,
  annotationOf,
  deliveryLabel,
  deliveryValue,
  displayValue,
  fieldManager,
  type Owned
} from "./ownership.ts"
import { ApplyConflict } from "./StageError.ts"

const adopts = (manifest: Manifest, other: string): boolean => {
  const named = annotationOf(manifest.object, adoptAnnotation)
  const [namespace, name] = named?.split("/") ?? []
  return namespace !== undefined && name !== undefined && deliveryValue({ namespace, name }) === other
}

/** Two deliveries never share an object: the conflict with the one that has it, unless it is gone or hands it over. */
export const claimed = (
  manifest: Manifest,
  live: Owned,
  label: string,
  isLiving: (label: string) => boolean
): ApplyConflict | undefined => {
  const other = live.labels[deliveryLabel]
  if (other === undefined || other === label || adopts(manifest, other) || !isLiving(other)) return undefined
  const isTheirs = live.managedFields.some(({ manager }) => manager === fieldManager)
  if (!isTheirs) return undefined
  return new ApplyConflict({
    object: manifest.ref,
    origin: manifest.origin,
    holder: { apiVersion: manifest.apiVersion, label: other },
    detail: `belongs to delivery ${displayValue(other)}; delivery ${displayValue(label)} wants it too`,
    hint: `Remove it from one of the two, or hand it over: annotate it here with ${adoptAnnotation}: ${
      displayValue(other)
    }.`
  })
}
