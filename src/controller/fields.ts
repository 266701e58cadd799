import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import { canonical, type Json } from "../domain/Json.ts"

type Fields = { readonly [Field in keyof DeliveryStatus]?: DeliveryStatus[Field] | undefined }

export const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || a !== undefined && b !== undefined && canonical(a) === canonical(b)

/** The status with these fields; undefined takes one away. What is equal stays the same object, up to the status itself. */
export const withFields = (status: DeliveryStatus, fields: Fields): DeliveryStatus => {
  const names = Object.keys(fields) as ReadonlyArray<keyof DeliveryStatus>
  const changed = names.filter((name) => !isSame(status[name] as Json | undefined, fields[name] as Json | undefined))
  if (changed.length === 0) return status
  const next: { -readonly [Field in keyof Fields]: Fields[Field] } = { ...status }
  for (const name of changed) {
    if (fields[name] === undefined) delete next[name]
    else Object.assign(next, { [name]: fields[name] })
  }
  return next as DeliveryStatus
}
