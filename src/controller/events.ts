import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { Violation, Waived } from "../domain/Decision.ts"
import type { Pass } from "../domain/DecisionRecord.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { Outcome } from "../domain/Outcome.ts"
import { errorPage, type StageError } from "../domain/StageError.ts"
import { conditionOf } from "./conditions.ts"
import type { Happening } from "./Happening.ts"
import { plural } from "./words.ts"

/** What Kubernetes is told of a transition. */
export interface DeliveryEvent {
  readonly type: "Normal" | "Warning"
  /**
   * The reason of the condition, or `Healed`, `Drifted`, `DriftBackingOff`, `HealDenied`, `RevisionApplied`, `Lost`,
   * `PolicyPassed`, `PolicyWaived`, `Suspended`, `Resumed`, `LaneRestarted`, `NotifyFailed`, `NotifierFound`.
   */
  readonly reason: string
  /** What was done or tried. */
  readonly action: string
  readonly message: string
  /** The object that it is about, beside the Delivery. */
  readonly related?: {
    readonly apiVersion?: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
  }
}

const related = ({ kind, name, namespace }: Pick<ObjectRef, "kind" | "namespace" | "name">) => ({
  related: { kind, ...namespace === "" ? {} : { namespace }, name }
})

const ofError = (error: StageError) => error.object === undefined ? {} : related(error.object)

const readyOf = (status: DeliveryStatus) => conditionOf(status, "Ready")

/** Whether Ready came to say something else, in a way that is told: not that it is being looked at. */
const hasChanged = (before: DeliveryStatus, after: DeliveryStatus): boolean => {
  const [was, is] = [readyOf(before), readyOf(after)]
  return is !== undefined && is.reason !== "InProgress" && (was?.status !== is.status || was.reason !== is.reason)
}

const wasInTrouble = (status: DeliveryStatus): boolean => {
  const last = status.history?.find(({ outcome }) => outcome !== "Interrupted")
  return last?.outcome === "Denied" || last?.outcome === "Failed"
}

const trouble = (after: DeliveryStatus, action: string, about: Pick<DeliveryEvent, "related">): DeliveryEvent => {
  const { message = "", reason = "" } = readyOf(after) ?? {}
  return { type: reason === "DependencyNotReady" ? "Normal" : "Warning", reason, action, message, ...about }
}

const own = "repository"

/** Who refuses, where it is not only the repository's own policies about its objects. */
const refuser = (denials: ReadonlyArray<Violation>, pass: Pass): string => {
  const bundles = [...new Set(denials.map(({ bundle: { name } }) => name))].sort()
  if (pass === "objects" && bundles.every((name) => name === own)) return ""
  return `${bundles.join(", ")} refused ${pass === "objects" ? "the objects" : "what would change"}: `
}

const denial = (
  after: DeliveryStatus,
  { pass = "objects", violations }: Outcome & { _tag: "Denied" }
): DeliveryEvent => {
  const denials = violations.filter(({ severity }) => severity === "deny")
  const [first] = denials
  const told = trouble(after, "policy", first === undefined ? {} : { related: first.object })
  return { ...told, message: refuser(denials, pass) + told.message }
}

/** What waivers lift is told when it is more or less than before. */
const waivers = (
  before: DeliveryStatus,
  after: DeliveryStatus,
  waived: ReadonlyArray<Waived> = []
): ReadonlyArray<DeliveryEvent> => {
  const count = after.policy?.waived ?? 0
  if (count === 0 || count === (before.policy?.waived ?? 0)) return []
  const each = waived.slice(0, 5).map(({ object, policy, waiver: { owner, reason, until } }) =>
    `${policy} for ${object.kind}/${object.name} by ${owner}${until === undefined ? "" : ` until ${until}`}: ${reason}`
  )
  const message = `${plural(count, "denial")} waived${each.length === 0 ? "" : `: ${each.join("; ")}`}`
  return [{ type: "Normal", reason: "PolicyWaived", action: "policy", message }]
}

/** That policies pass what they denied before. */
const passing = (before: DeliveryStatus, after: DeliveryStatus): ReadonlyArray<DeliveryEvent> => {
  const now = conditionOf(after, "PolicyPassed")
  if (conditionOf(before, "PolicyPassed")?.status !== "False" || now?.status !== "True") return []
  const revision = after.lastAttemptedRevision === undefined ? "" : `${after.lastAttemptedRevision}: `
  return [{ type: "Normal", reason: "PolicyPassed", action: "policy", message: revision + now.message }]
}

/** Each once for each revision. */
const ofLosses = (before: DeliveryStatus, after: DeliveryStatus): ReadonlyArray<DeliveryEvent> => {
  const known = before.lastAppliedRevision === after.lastAppliedRevision ? before.losses ?? [] : []
  const news = (after.losses ?? []).filter((loss) => !known.includes(loss))
  if (news.length === 0) return []
  const more = news.length > 5 ? `; and ${news.length - 5} more` : ""
  return [{ type: "Warning", reason: "Lost", action: "apply", message: `${news.slice(0, 5).join("; ")}${more}` }]
}

const ofRun = (before: DeliveryStatus, after: DeliveryStatus, outcome: Outcome): ReadonlyArray<DeliveryEvent> => {
  const message = readyOf(after)?.message ?? ""
  switch (outcome._tag) {
    case "Applied":
      return [{ type: "Normal", reason: "RevisionApplied", action: "apply", message }]
    case "Unchanged":
      return hasChanged(before, after) && wasInTrouble(before)
        ? [{ type: "Normal", reason: "Succeeded", action: "apply", message }]
        : []
    case "Denied":
      return hasChanged(before, after) ? [denial(after, outcome)] : []
    case "Failed":
      return hasChanged(before, after)
        ? [trouble(after, errorPage[outcome.error._tag].stage, ofError(outcome.error))]
        : []
    case "Interrupted":
      return []
  }
}

const drift = {
  healed: { type: "Normal", reason: "Healed", said: "put back" },
  reported: { type: "Warning", reason: "Drifted", said: "left as it is" },
  "backing off": { type: "Warning", reason: "DriftBackingOff", said: "left for a while: it is taken back each time" },
  denied: { type: "Warning", reason: "HealDenied", said: "not put back" }
} as const

const ofHappening = (
  before: DeliveryStatus,
  after: DeliveryStatus,
  happening: Happening
): ReadonlyArray<DeliveryEvent> => {
  switch (happening._tag) {
    case "RunEnded":
      return [
        ...ofRun(before, after, happening.outcome),
        ...ofLosses(before, after),
        ..."waived" in happening.outcome ? waivers(before, after, happening.outcome.waived) : []
      ]
    case "Drifted": {
      const { reason, said, type } = drift[happening.action]
      const { fields = [], manager = "", object = "", why } = after.drift?.last ?? {}
      const what = fields.length === 0 ? "" : `: ${fields.join(", ")}`
      const message = `${object}${what} taken by ${manager}, ${said}${why === undefined ? "" : `: ${why}`}`
      return [{ type, reason, action: "heal", message, ...related(happening.object) }]
    }
    case "Held":
      return hasChanged(before, after)
        ? [trouble(after, errorPage[happening.error._tag].stage, ofError(happening.error))]
        : []
    case "Invalid":
      return readyOf(before)?.message === readyOf(after)?.message ? [] : [trouble(after, "read", {})]
    case "Suspended":
      return hasChanged(before, after)
        ? [{ type: "Normal", reason: "Suspended", action: "suspend", message: readyOf(after)?.message ?? "" }]
        : []
    default:
      return []
  }
}

/** What becomes an Event when a status became another by what happened: each transition, not each run. */
export const events = (
  before: DeliveryStatus,
  after: DeliveryStatus,
  happening: Happening
): ReadonlyArray<DeliveryEvent> => {
  const isResumed = readyOf(before)?.reason === "Suspended" && readyOf(after)?.reason !== "Suspended"
  const told = [...passing(before, after), ...ofHappening(before, after, happening)]
  return isResumed
    ? [{ type: "Normal", reason: "Resumed", action: "resume", message: "Goes on after it was suspended" }, ...told]
    : told
}
