import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { format, type Revision } from "../domain/Revision.ts"
import type { Stage } from "../domain/StageError.ts"
import { conditionOf, unknown, withConditions, yes } from "./conditions.ts"
import { ended, failure, notReady } from "./ended.ts"
import type { Facts } from "./Facts.ts"
import { isSame, withFields } from "./fields.ts"
import type { Happening, Noted } from "./Happening.ts"
import { seconds } from "./history.ts"
import { inProgress, line } from "./words.ts"

/** Of the inventory, for other tools. */
const mirrored = 1_000

/** What was asked for by somebody, or changed: its run shows from the start. All others look again at the same. */
const again = new Set(["started", "interval", "webhook", "drift", "retry"])

/** Whether `Ready` speaks of this very desire: a revision and a spec that were judged before. */
const isKnown = (status: DeliveryStatus, revision: Revision, why: string, facts: Facts): boolean => {
  const ready = conditionOf(status, "Ready")
  if (ready?.observedGeneration !== facts.generation || status.lastAttemptedRevision !== format(revision)) return false
  return ready.status === "True" || ready.status === "False" && again.has(why)
}

const started = (status: DeliveryStatus, revision: Revision | undefined, why: string, facts: Facts): DeliveryStatus => {
  if (revision === undefined || isKnown(status, revision, why, facts)) return status
  const attempted = format(revision)
  const message = inProgress("fetch", attempted, facts)
  const claims = {
    Ready: unknown("InProgress", message),
    Reconciling: yes("InProgress", message),
    Stalled: undefined
  }
  return withFields(withConditions(status, claims, facts), { stage: "fetch", lastAttemptedRevision: attempted })
}

const atStage = (status: DeliveryStatus, stage: Stage, revision: Revision | undefined, facts: Facts) => {
  if (revision === undefined || status.stage === undefined && stage !== "apply") return status
  const message = inProgress(stage, format(revision), facts)
  const isOpen = conditionOf(status, "Ready")?.status === "Unknown"
  const claims = {
    Reconciling: yes("InProgress", message),
    Stalled: undefined,
    ...isOpen ? { Ready: unknown("InProgress", message) } : {},
    ...isOpen && stage === "apply"
      ? {
        PolicyPassed: yes("Succeeded", "All policies passed"),
        Healthy: unknown("InProgress", "The revision is being applied")
      }
      : {}
  }
  return withFields(withConditions(status, claims, facts), { stage })
}

type Of<Tag extends Noted["_tag"]> = Extract<Noted, { readonly _tag: Tag }>

const drifted = (status: DeliveryStatus, drift: Of<"Drifted">, facts: Facts): DeliveryStatus => ({
  ...status,
  drift: {
    ...status.drift,
    // What is left alone for a while is counted when it is put back.
    count: (status.drift?.count ?? 0) + (drift.action === "backing off" ? 0 : 1),
    last: {
      object: line(display(drift.object), facts, 400),
      manager: line(drift.manager, facts, 128),
      fields: drift.fields.slice(0, 20).map((field) => line(field, facts, 200)),
      time: drift.time ?? facts.now,
      action: drift.action,
      ...drift.why === undefined ? {} : { why: line(drift.why, facts, 400) }
    }
  }
})

const suspended = (status: DeliveryStatus, { by, reason, until }: Of<"Suspended">, facts: Facts): DeliveryStatus => {
  const who = [by === undefined ? "" : ` by ${by}`, until === undefined ? "" : ` until ${until}`].join("")
  const message = line(`Suspended${who}${reason === undefined ? "" : `: ${reason}`}`, facts)
  const claims = { Ready: unknown("Suspended", message), Reconciling: undefined, Stalled: undefined }
  return withFields(withConditions(status, claims, facts), { stage: undefined })
}

const inventoried = (status: DeliveryStatus, owned: ReadonlyArray<InventoryEntry>): DeliveryStatus => {
  const entries = owned
    .map(({ apiVersion, ref }) => ({ id: key(ref), v: apiVersion.slice(apiVersion.indexOf("/") + 1) }))
    .sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
    .slice(0, mirrored)
  return withFields(status, { inventory: entries.length === 0 ? undefined : { entries } })
}

const polled = (status: DeliveryStatus, kinds: ReadonlyArray<string>): DeliveryStatus => {
  const { polled: before, ...drift } = status.drift ?? { count: 0 }
  const sorted = [...new Set(kinds)].sort()
  return isSame(before ?? [], sorted)
    ? status
    : { ...status, drift: sorted.length === 0 ? drift : { ...drift, polled: sorted } }
}

/**
 * What a status becomes by what happened. Pure, and the same object where nothing changed: then nothing is written.
 *
 * Conditions follow kstatus. `Reconciling` and `Stalled` are there only while they are true. A new desire (revision,
 * generation, or asked for by somebody after a failure) is `Ready=Unknown`, `InProgress`, with its stage, until its run
 * ends; a run that looks again at a desire on which the delivery is already ready or failed says nothing, except that it
 * is `Reconciling` once it applies. Errors that pass are `Reconciling`, all others `Stalled`; both are `Ready=False`. A
 * first error that may pass within seconds changes no `Ready`. Suspended is `Ready=Unknown`, as a paused Deployment's
 * progress is.
 */
export const after = (status: DeliveryStatus, happening: Happening, given: Facts): DeliveryStatus => {
  const facts = { ...given, now: seconds(given.now) }
  switch (happening._tag) {
    case "RunStarted":
      return started(status, happening.revision, happening.why, facts)
    case "StageStarted":
      return atStage(status, happening.stage, happening.revision, facts)
    case "StageFinished":
    case "PolicyDecided":
    case "RunInterrupted":
    case "DriftFound":
      return status
    case "RunEnded":
      return ended(status, happening.outcome, happening.details, facts)
    case "Drifted":
      return drifted(status, happening, facts)
    case "Suspended":
      return suspended(status, happening, facts)
    case "Invalid": {
      const why = line(happening.problems.join("; "), facts)
      return withFields(withConditions(status, notReady("InvalidSpec", why, false, why), facts), {
        stage: undefined
      })
    }
    case "Held":
      return withFields(withConditions(status, failure(happening.error, undefined, facts), facts), {
        stage: undefined
      })
    case "Inventoried":
      return inventoried(status, happening.entries)
    case "Polled":
      return polled(status, happening.kinds)
    case "ReconcileHandled":
      return withFields(status, { lastHandledReconcileAt: happening.value })
  }
}
