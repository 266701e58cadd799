import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import type { Admits, HealDenial, Healed } from "../domain/Drift.ts"
import { unknownManager } from "../domain/DriftReport.ts"
import { idOf } from "../domain/fieldPaths.ts"
import { leavesField, withoutLeft } from "../domain/ignored.ts"
import type { Inventory, InventoryEntry } from "../domain/Inventory.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { key } from "../domain/ObjectRef.ts"
import {
  deliveryLabel,
  deliveryValue,
  displayValue,
  fieldManager,
  fingerprint,
  originAnnotation
} from "../domain/ownership.ts"
import { ApplyConflict, type ApplyError, classOf } from "../domain/StageError.ts"
import { ours, replicasField, stale, type Tolerance } from "../domain/stale.ts"
import { isScalable, makeAutoscalers } from "../kube/autoscaled.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"
import { absent } from "../kube/KubeWriter.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { Living } from "../kube/Living.ts"
import type { Suspect } from "../kube/Suspect.ts"
import { attribute } from "./attribution.ts"
import { sendFirst } from "./sendFirst.ts"
import { restore, type Standing, type Stood } from "./Standing.ts"
import { giveBack, hasAdditions, type TakenOver, takeOver } from "./takeOver.ts"
import { applyFailed, gone } from "./wait.ts"
import { entryOf, metadataOf, send as sendAgain } from "./write.ts"

export interface HealOptions {
  readonly delivery: Delivery
  readonly standing: Standing
  readonly inventory: Inventory
  /** Whether to write, or only to find out what would be put right. */
  readonly writes: boolean
  /** Asked before each write, where anybody has to be asked. */
  readonly admits?: Admits<ApplyError, KubeReader> | undefined
}

/** Heals of one delivery at a time. */
const concurrency = 16
/** Milliseconds that an object on its way out is waited for; what takes longer is tried again later. */
const patience = 10_000

/** Another delivery's run wrote its own label on the object: it was handed over. A label that people write is theirs. */
const handedOver = (
  manifest: Manifest,
  live: LiveMetadata,
  label: string,
  isLiving: (label: string) => boolean
): ApplyConflict | undefined => {
  const other = live.labels[deliveryLabel]
  const owned = ours(live.managedFields)?.fieldsV1?.["f:metadata"] as
    | { readonly "f:labels"?: Readonly<Record<string, unknown>> }
    | undefined
  if (
    other === undefined || other === label || !isLiving(other) || !(`f:${deliveryLabel}` in (owned?.["f:labels"] ?? {}))
  ) return undefined
  return new ApplyConflict({
    object: manifest.ref,
    origin: manifest.origin,
    detail: `belongs to delivery ${displayValue(other)} now; delivery ${displayValue(label)} still wants it`,
    hint: "Remove it from one of the two."
  })
}

/** Heals suspects, each by itself: the first error is told once the others are done. */
export const heal = Effect.fnUntraced(function*(
  { admits, delivery, inventory, standing, writes }: HealOptions,
  suspects: ReadonlyArray<Suspect>,
  tell: (healed: Healed) => Effect.Effect<unknown>
) {
  const [reader, isLiving] = [yield* KubeReader, yield* Living]
  const { allowManagers: allowed, timeout } = delivery.spec.apply
  const label = deliveryValue(delivery.metadata)
  const slots = yield* Semaphore.make(concurrency)
  // What an autoscaler decides is not put back, also where only the cluster has one.
  const autoscalers = yield* makeAutoscalers({ timeToLive: "10 seconds" })

  /** Who scales what Git has no number for is as free as with `kubectl scale`: giving it up would mean one replica. */
  const toleranceOf = (manifest: Manifest, { unwanted }: Suspect): Tolerance => {
    const isLeft = leavesField(manifest)
    const isScaled = isScalable(manifest)
    return { allowed, unwanted, isLeft: (path) => isLeft(path) || (!isScaled && idOf(path) === replicasField) }
  }

  const read = ({ apiVersion, ref }: Suspect) =>
    Effect.map(
      Effect.mapError(reader.get(apiVersion, ref), applyFailed(undefined)),
      (object) => object === undefined ? undefined : liveMetadata(apiVersion, ref.kind, object)
    )

  /** What we may not touch is noted as it is, and nothing is looked up for it. */
  const leave = ({ apiVersion, live, ref }: Suspect, stood: Stood | undefined): Healed => {
    const known = inventory.entries.find((entry) => key(entry.ref) === key(ref)) ?? { ref, apiVersion }
    const entry: InventoryEntry = live === undefined
      ? { ref, apiVersion }
      : {
        ...known,
        ...stood === undefined ? {} : { digest: stood.digest },
        uid: live.uid,
        fingerprint: fingerprint(live.managedFields)
      }
    const resourceVersion = live?.resourceVersion ?? ""
    return { ref, action: "untouched", manager: unknownManager, fields: [], time: undefined, entry, resourceVersion }
  }

  /** What policies keep as it is: it is not noted, because it is still taken. */
  const denied = (manifest: Manifest, live: LiveMetadata | undefined, denial: HealDenial): Healed => ({
    ref: manifest.ref,
    action: "denied",
    ...denial,
    time: undefined,
    entry: { ref: manifest.ref, apiVersion: manifest.apiVersion },
    resourceVersion: live?.resourceVersion ?? ""
  })

  const send = (manifest: Manifest, taken: TakenOver | undefined) =>
    sendAgain(manifest, true).pipe(
      Effect.tapError((error) =>
        taken === undefined || classOf(error) === "transient" ? Effect.void : giveBack(manifest, taken)
      )
    )

  /** An apply takes what the manifest holds; what others hold besides, or as well, is taken over for it. */
  const apply = Effect.fnUntraced(function*(manifest: Manifest, live: LiveMetadata | undefined, tolerance: Tolerance) {
    if (live === undefined) return yield* sendFirst(manifest, label, { force: true, expects: absent })
    const isAdded = hasAdditions(manifest, live.managedFields, tolerance)
    const answer = yield* send(manifest, isAdded ? yield* takeOver(manifest, live, tolerance) : undefined)
    const rest = yield* takeOver(manifest, metadataOf(manifest, answer), tolerance)
    return rest === undefined ? answer : yield* send(manifest, rest)
  })

  /** Healed, or the uid of an object that is on its way out; undefined for one that came back by itself. */
  const write = Effect.fnUntraced(function*(manifest: Manifest, suspect: Suspect, live: LiveMetadata | undefined) {
    const tolerance = toleranceOf(manifest, suspect)
    const strange = live === undefined ? [] : stale(live.managedFields, tolerance)
    const answer = writes
      ? yield* apply(manifest, live, tolerance)
      : yield* Effect.mapError(reader.dryRun(withoutLeft(manifest), { force: true }), applyFailed(manifest))
    if (answer === undefined) return undefined
    const after = metadataOf(manifest, answer)
    if (after.deleting) return after.uid
    const before = live?.managedFields ?? []
    const attribution = attribute(before, after.managedFields, strange, tolerance)
    const isSame = strange.length === 0
      ? fingerprint(before) === fingerprint(after.managedFields) &&
        // In the second of another write in our name, ours looks the same; a doubt is settled after it.
        (suspect.why === "doubt" || live?.resourceVersion === after.resourceVersion)
      : attribution.fields.length === 0 // it is but theirs as well, from before it was ours
    const healed: Healed = {
      ref: manifest.ref,
      ...attribution,
      ...live !== undefined && attribution.fields.length === 0 ? { manager: fieldManager } : {},
      action: live === undefined ? "recreated" : isSame ? "untouched" : "healed",
      entry: entryOf(manifest, answer),
      resourceVersion: after.resourceVersion
    }
    return healed
  }, (effect) => Effect.uninterruptible(effect)) // half-known results look like drift

  const asked = (manifest: Manifest, suspect: Suspect, live: LiveMetadata | undefined) => {
    if (admits === undefined || !writes) return Effect.succeed(undefined)
    const takesMore = live !== undefined && hasAdditions(manifest, live.managedFields, toleranceOf(manifest, suspect))
    return Semaphore.withPermit(slots, admits(manifest, takesMore))
  }

  const healOne = Effect.fnUntraced(function*(suspect: Suspect) {
    const stood = standing.get(key(suspect.ref))
    if (stood === undefined || stood.policy === "Ignore") return leave(suspect, stood)
    for (let seen = suspect.live;; seen = undefined) {
      const live = seen ?? (yield* Semaphore.withPermit(slots, read(suspect)))
      if (live !== undefined && stood.policy === "IfNotPresent") return leave({ ...suspect, live }, stood)
      const origin = live?.annotations[originAnnotation]
      const restored = restore(stood, label, origin, inventory.applied?.revision ?? "")
      const manifest = yield* Effect.mapError(autoscalers.leave(restored), applyFailed(restored))
      const conflict = live && handedOver(manifest, live, label, isLiving)
      if (conflict !== undefined) return yield* conflict
      const denial = live?.deleting === true ? undefined : yield* asked(manifest, suspect, live)
      if (denial !== undefined) return denied(manifest, live, denial)
      const put = live?.deleting === true
        ? live.uid
        : yield* Semaphore.withPermit(slots, write(manifest, suspect, live))
      if (typeof put === "object") return put
      if (put !== undefined) yield* gone(manifest, put, Math.min(patience, milliseconds(timeout)))
    }
  })

  const failures: Array<ApplyError> = []
  yield* Effect.forEach(
    suspects,
    (suspect) =>
      healOne(suspect).pipe(
        Effect.flatMap(tell),
        Effect.catch((error) => Effect.sync(() => failures.push(error)))
      ),
    { concurrency: "unbounded", discard: true }
  )
  const [first] = failures
  if (first !== undefined) return yield* Effect.fail(first)
})
