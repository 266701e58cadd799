import type { JsonObject } from "../../domain/Json.ts"
import type { Finding } from "../protocol.ts"
import { type Operation, type Review, reviewOf } from "./review.ts"

/** A change of one object, as far as reviews need to know it. Values of Secrets are masked. */
export interface Changing {
  readonly action: "create" | "update" | "replace" | "delete" | "unchanged"
  /** What is there. */
  readonly before: JsonObject | undefined
  /** What it would be: the API server's answer to the dry-run, or what is sent. */
  readonly after: JsonObject | undefined
  /** What is sent: the first pass has judged it. */
  readonly sent: JsonObject | undefined
}

/** The operation that only the diff knows of. What is new was judged as such in the first pass. */
const operationOf = ({ action, after, before, sent }: Changing): Operation | undefined => {
  if (before === undefined || action === "create" || action === "unchanged") return undefined
  if (action === "delete" || action === "replace") return { operation: "DELETE", oldObject: before }
  const object = after ?? sent
  return object === undefined ? undefined : { operation: "UPDATE", object, oldObject: before }
}

/** The reviews of a change: of what happens, and of the same object as if it were made. */
export interface ChangeReviews {
  readonly review: Review
  readonly asMade: Review
}

/**
 * Undefined for what is new, or stays as it is. What is found on the object as if it were made is not about the change:
 * the first pass has told it of what is sent, and it must not keep what is wrong from being deleted.
 */
export const changeReviews = (
  change: Changing,
  namespaces: ReadonlyMap<string, JsonObject>,
  dryRun: boolean
): ChangeReviews | undefined => {
  const operation = operationOf(change)
  if (operation === undefined) return undefined
  const object = operation.operation === "DELETE" ? operation.oldObject : change.sent ?? operation.object
  return {
    review: reviewOf(operation, namespaces, dryRun),
    asMade: reviewOf({ operation: "CREATE", object }, namespaces, dryRun)
  }
}

const said = ({ bundle, isError, message, rule }: Finding): string => JSON.stringify([bundle, rule, isError, message])

/** What is found on a change, and not on its object as if it were made. What could not be judged is never taken away. */
export const ofChange = (
  found: ReadonlyArray<Finding>,
  asMade: ReadonlyArray<Finding>
): ReadonlyArray<Finding> => {
  const told = new Set(asMade.map(said))
  return found.filter((finding) => finding.isError === true || !told.has(said(finding)))
}
