import * as Result from "effect/Result"
import { deliveryLabel } from "../domain/ownership.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { idOf, type LiveDelivery, type Registry } from "./Registry.ts"

const deepest = 20

const refuse = (detail: string, hint: string) => Result.fail(new InvalidSpec({ detail, hint }))

/** Whether the other applied this one is not known yet: it is about to be. */
export const unknown = "unknown"

/**
 * The Delivery whose source this one uses: itself, or the one that applied it. The label that names the other is only a
 * claim, which everybody who may write the object can make: it holds if the other's inventory lists this very object.
 */
export const sourceOwner = (
  known: Registry,
  delivery: LiveDelivery,
  depth = 0
): Result.Result<LiveDelivery, InvalidSpec | typeof unknown> => {
  if (delivery.resource.spec.source !== undefined) return Result.succeed(delivery)
  const value = delivery.resource.metadata.labels?.[deliveryLabel]
  if (value === undefined) {
    return refuse(
      "spec.source is missing",
      "Name a source; only a Delivery that another Delivery applied may leave it out."
    )
  }
  const parent = known.labelled(value)
  const lists = parent && known.children.get(idOf(parent))?.get(idOf(delivery)) === delivery.uid
  if (parent !== undefined && lists !== true && known.isWriting(idOf(parent))) return Result.fail(unknown)
  if (parent === undefined || lists !== true) {
    return refuse(
      `spec.source is missing, and ${
        value.replace(".", "/")
      }, which the label ${deliveryLabel} names, did not apply this ` +
        "Delivery",
      "A source is inherited from the Delivery whose inventory lists this one; the label alone proves nothing."
    )
  }
  return depth === deepest
    ? refuse("spec.source is inherited over more than 20 Deliveries", "Name a source in one of them.")
    : sourceOwner(known, parent, depth + 1)
}
