import { unknownManager } from "../domain/DriftReport.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import { fieldManager } from "../domain/ownership.ts"
import type { Suspect } from "../kube/Suspect.ts"

/** What can be told of a suspect without looking further: who wrote last, as far as managedFields say. */
export const suspicion = (
  { live, ref, why }: Suspect,
  action: DriftFinding["action"] = "reported"
): DriftFinding => {
  const others = why === "gone" ?
    [] :
    (live?.managedFields ?? []).filter(({ manager, subresource }) =>
      manager !== fieldManager && subresource !== "status"
    )
  const last = others.toSorted((a, b) => (a.time ?? "").localeCompare(b.time ?? "")).at(-1)
  return { object: ref, manager: last?.manager ?? unknownManager, fields: [], time: last?.time, action }
}
