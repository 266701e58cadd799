import type { Condition } from "../api/v1alpha1/DeliveryStatus.ts"

export type Type = Condition["type"]

/** What a condition is to say. */
export interface Claim {
  readonly status: Condition["status"]
  readonly reason: string
  readonly message: string
}

/** The order in which they are listed: a status that says the same is the same text. */
const types = ["Ready", "Reconciling", "Stalled", "PolicyPassed", "Healthy"] as const satisfies ReadonlyArray<Type>

export const yes = (reason: string, message: string): Claim => ({ status: "True", reason, message })
export const no = (reason: string, message: string): Claim => ({ status: "False", reason, message })
export const unknown = (reason: string, message: string): Claim => ({ status: "Unknown", reason, message })

/** What has conditions. */
export interface Conditioned {
  readonly observedGeneration?: number
  readonly conditions?: ReadonlyArray<Condition>
}

export const conditionOf = (status: Conditioned, type: Type): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type)

const says = (condition: Condition, claim: Claim, generation: number): boolean =>
  condition.status === claim.status && condition.reason === claim.reason && condition.message === claim.message &&
  condition.observedGeneration === generation

/**
 * The status with these conditions: undefined takes one away, those that are not named stay. The same object if it says
 * all of that already.
 */
export const withConditions = <Status extends Conditioned>(
  status: Status,
  claims: Readonly<Partial<Record<Type, Claim | undefined>>>,
  { generation, now }: { readonly generation: number; readonly now: string }
): Status => {
  let changed = status.observedGeneration !== generation
  const conditions = types.flatMap((type): ReadonlyArray<Condition> => {
    const before = conditionOf(status, type)
    const claim = claims[type]
    const stays = claim === undefined ? !(type in claims) : before !== undefined && says(before, claim, generation)
    if (stays) return before === undefined ? [] : [before]
    changed ||= claim !== undefined || before !== undefined
    if (claim === undefined) return []
    const lastTransitionTime = before?.status === claim.status ? before.lastTransitionTime : now
    return [{ type, ...claim, lastTransitionTime, observedGeneration: generation }]
  })
  return changed ? { ...status, observedGeneration: generation, conditions } : status
}

/**
 * The status with the transition times that others saw: a condition that went and came back before it was written has
 * not changed for them.
 */
export const steadied = <Status extends Conditioned>(status: Status, written: Status): Status => {
  if (status.conditions === undefined || status.conditions === written.conditions) return status
  let changed = false
  const conditions = status.conditions.map((condition) => {
    const seen = conditionOf(written, condition.type)
    if (seen?.status !== condition.status || seen.lastTransitionTime === condition.lastTransitionTime) return condition
    changed = true
    return { ...condition, lastTransitionTime: seen.lastTransitionTime }
  })
  return changed ? { ...status, conditions } : status
}
