import type { Healed } from "../domain/Drift.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import * as fighting from "../drift/fights.ts"

/** What is told of an object that was put back, or would have been. */
export const findingOf =
  (mode: "heal" | "report" | "ignore") => ({ action, fields, manager, ref, time, why }: Healed): DriftFinding => ({
    object: ref,
    manager,
    fields,
    time,
    action: action === "denied" ? action : mode === "heal" ? "healed" : "reported",
    ...why === undefined ? {} : { why }
  })

export const findingOfFight = (fights: fighting.Fights, ref: ObjectRef): ReadonlyArray<DriftFinding> => {
  const fight = fighting.fightOf(fights, ref)
  return fight === undefined
    ? []
    : [{ object: ref, manager: fight.manager, fields: fight.fields, action: "backing off" }]
}

/** What is not put back because policies refuse it. */
export const withheld = (finding: DriftFinding, why: string): DriftFinding => ({ ...finding, action: "denied", why })
