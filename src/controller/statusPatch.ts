import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { Json, JsonObject } from "../domain/Json.ts"
import type { StatusChange } from "../kube/DeliveryWriter.ts"
import { isSame } from "./fields.ts"

/** Words of ours and names of objects: a password of the same spelling must not make them unreadable. */
const names = new Set(
  `type status reason outcome why stage severity enforcement action rule lastTransitionTime time startedAt revision
  lastAttemptedRevision lastAppliedRevision lastHandledReconcileAt id v digest apiVersion kind namespace name`
    .split(/\s+/u)
)

const redacted = (value: Json, redact: (text: string) => string, key: string): Json => {
  if (typeof value === "string") return names.has(key) ? value : redact(value)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((each: Json) => redacted(each, redact, key))
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, each]) => [name, redacted(each, redact, name)])
  )
}

/**
 * What leads from one status to another, field by field of the first level; the whole of it where nothing is known of
 * what is there. Every free text goes through `redact`.
 */
export const statusPatch = (
  from: DeliveryStatus | undefined,
  to: DeliveryStatus,
  redact: (text: string) => string
): ReadonlyArray<StatusChange> => {
  const after = to as JsonObject
  if (from === undefined) return [{ op: "add", path: "/status", value: redacted(after, redact, "") }]
  const before = from as JsonObject
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((field): ReadonlyArray<StatusChange> => {
    const value = after[field]
    if (isSame(before[field], value)) return []
    return value === undefined
      ? [{ op: "remove", path: `/status/${field}` }]
      : [{ op: "add", path: `/status/${field}`, value: redacted(value, redact, field) }]
  })
}
