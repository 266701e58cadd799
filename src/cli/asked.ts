import { fluxRequestAnnotation, neverRequested, requestAnnotation } from "../domain/ownership.ts"
import { type ShownDelivery, stateOf } from "./ShownDelivery.ts"

/** Values of a request are times, as we write them and GitLab does; of others the order is not known. */
const isLater = (one: string, other: string): boolean => Date.parse(one) > Date.parse(other)

const valuesOf = ({ annotations }: ShownDelivery): ReadonlyArray<string> =>
  [requestAnnotation, fluxRequestAnnotation].flatMap((name) => annotations[name] ?? [])
    .filter((value) => value !== neverRequested)

/**
 * What somebody asked for, by either annotation, that has not ended. The status names one value, the last that was
 * handled: the other annotation was handled before it, unless it says a later time.
 */
export const askedOf = (delivery: ShownDelivery): string | undefined => {
  const handled = delivery.status.lastHandledReconcileAt
  const values = valuesOf(delivery)
  const open = handled === undefined ?
    values :
    values.filter((value) =>
      value !== handled && (isLater(value, handled) || !values.includes(handled) && !isLater(handled, value))
    )
  return open.reduce<string | undefined>(
    (last, value) => last === undefined || isLater(value, last) ? value : last,
    undefined
  )
}

/**
 * Whether the agent has ended a run since it was asked with `value`, or with a newer value by somebody else. `before`:
 * what it had handled when it was asked.
 */
export const isAnswered = (delivery: ShownDelivery, value: string, before?: string): boolean => {
  const handled = delivery.status.lastHandledReconcileAt
  if (handled === undefined) return false
  const asked = delivery.annotations[requestAnnotation]
  const isHandled = handled === value || asked !== value && handled === asked ||
    handled !== before && handled === delivery.annotations[fluxRequestAnnotation] && isLater(handled, value)
  return isHandled && (stateOf(delivery).ready !== "Unknown" || delivery.unreadable.includes("conditions"))
}
