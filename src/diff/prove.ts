import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Action, Change, FieldChange } from "../domain/Changeset.ts"
import { claimed } from "../domain/claim.ts"
import { leavesField, stillOwned, withoutLeft } from "../domain/ignored.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { at, type JsonObject } from "../domain/Json.ts"
import { displayOrigin, type Manifest } from "../domain/Manifest.ts"
import { key } from "../domain/ObjectRef.ts"
import { applyPolicy, deliveryLabel, fingerprint, isOurEntry, isOurs, stamp } from "../domain/ownership.ts"
import { type Refusal, refusalOf, refused } from "../domain/refusal.ts"
import { type AccessDenied, type ApplyConflict, DiffFailed, type KubeFailure } from "../domain/StageError.ts"
import { type Autoscalers, isScalable } from "../kube/autoscaled.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { Living } from "../kube/Living.ts"
import { compare } from "./compare.ts"
import { type Arriving, mayWaitFor, waitsFor } from "./prerequisites.ts"
import { asItIs, asItWouldBe } from "./shown.ts"
import type { Survey } from "./survey.ts"

export type ProofError = DiffFailed | ApplyConflict | AccessDenied

/** What is known of one object: its change, and what the losses are read off. */
export interface Proof {
  readonly change: Change
  readonly live?: JsonObject
  readonly fallsBack: ReadonlyArray<FieldChange>
  readonly takesFromAppliers: ReadonlyArray<string>
}

/** What all proofs of one changeset share. */
export interface Context {
  readonly delivery: Delivery
  readonly label: string
  readonly revision: string
  readonly entries: ReadonlyMap<string, InventoryEntry>
  readonly survey: Survey
  readonly arriving: Arriving
  readonly autoscalers: Autoscalers
  /** Whether changes carry their objects, for policies to judge. */
  readonly withObjects: boolean
}

interface Found {
  readonly object: JsonObject
  readonly metadata: LiveMetadata
}

const liveOf = (
  { metadata }: { readonly metadata: LiveMetadata },
  { label }: Context
): NonNullable<Change["live"]> => ({
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
  fingerprint: fingerprint(metadata.managedFields),
  ...isOurs(metadata, label) ? {} : { isForeign: true }
})

const change = (action: Action, manifest: Manifest, more: Partial<Change> = {}): Proof => ({
  change: { action, ref: manifest.ref, apiVersion: manifest.apiVersion, manifest, fields: [], takesFrom: [], ...more },
  fallsBack: [],
  takesFromAppliers: []
})

/** What policies are shown of a change. */
const objectsOf = ({ withObjects }: Context, before: JsonObject | undefined, after?: JsonObject): Partial<Change> =>
  !withObjects ? {} : {
    ...before === undefined ? {} : { before: asItIs(before) },
    ...after === undefined ? {} : { after: asItWouldBe(after) }
  }

/** The object is as we left it: same digest, and nobody took a field, the label or the object. No request needed. */
export const isUnchanged = (manifest: Manifest, { entries, survey }: Pick<Context, "entries" | "survey">): boolean => {
  const [entry, live] = [entries.get(key(manifest.ref)), survey.get(key(manifest.ref))]
  if (entry?.digest !== manifest.digest || live === undefined) return false
  if (live.deleting || live.uid !== entry.uid) return false
  return applyPolicy(manifest) === "IfNotPresent" || live.fingerprint === entry.fingerprint
}

const stage = (manifest: Manifest) => (failure: KubeFailure): ProofError =>
  refused(failure, manifest, (fields) => new DiffFailed(fields))

const find = Effect.fnUntraced(function*(manifest: Manifest, label: string) {
  const reader = yield* KubeReader
  const object = yield* Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), stage(manifest))
  if (object === undefined) return undefined
  const metadata = liveMetadata(manifest.apiVersion, manifest.ref.kind, object)
  const conflict = claimed(manifest, metadata, label, yield* Living)
  if (conflict !== undefined) return yield* conflict
  const found: Found = { object, metadata }
  return found
})

/** A new revision alone never rewrites the origin: an object whose digest we know keeps what is there. */
const stamped = (manifest: Manifest, { entries, label, revision, survey }: Context): Manifest => {
  const known = entries.get(key(manifest.ref))?.digest === manifest.digest
  const kept = known ? survey.get(key(manifest.ref))?.origin : undefined
  return stamp(manifest, label, kept ?? `${displayOrigin(manifest.origin)}@${revision}`)
}

const ownedOf = ({ metadata }: Found): JsonObject | undefined => metadata.managedFields.find(isOurEntry)?.fieldsV1

const ownsReplicas = (found: Found): boolean => at(ownedOf(found), "f:spec", "f:replicas") !== undefined

/** What of it is sent depends on the object that is there. */
const mayLeave = (manifest: Manifest): boolean => manifest.leaves !== undefined || isScalable(manifest)

/** The manifest for an object that is there, with all that is left to others. */
const settled = (manifest: Manifest, found: Found, { autoscalers }: Context) =>
  Effect.mapError(autoscalers.leave(manifest, ownsReplicas(found)), stage(manifest))

const mayRecreate = (manifest: Manifest, { delivery }: Context): boolean =>
  delivery.spec.apply.force === "recreate" || applyPolicy(manifest) === "Recreate"

const unproven = Effect.fnUntraced(function*(
  manifest: Manifest,
  found: Found | undefined,
  context: Context,
  why: string
) {
  if (found === undefined) return change("create", manifest, { unproven: why })
  return change("update", yield* settled(manifest, found, context), {
    unproven: why,
    live: liveOf(found, context),
    ...objectsOf(context, found.object)
  })
})

/** A dry-run that was refused: what can be proven later, what has to be replaced, what is wrong. */
const refusedProof = Effect.fnUntraced(function*(manifest: Manifest, context: Context, failure: KubeFailure) {
  const refusal: Refusal = refusalOf(failure)
  const awaited = refusal === "admission" || refusal === "missing" || refusal === "denied"
    ? mayWaitFor(manifest, context.arriving)
    : undefined
  if (awaited !== undefined || refusal === "unprovable") {
    return yield* unproven(manifest, yield* find(manifest, context.label), context, awaited ?? failure.detail)
  }
  if (refusal !== "immutable") return yield* Effect.fail(stage(manifest)(failure))
  const found = yield* find(manifest, context.label)
  const paths = failure.causes.map(({ field }) => field)
  if (found !== undefined && mayRecreate(manifest, context)) {
    return change("replace", manifest, {
      fields: paths.map((path) => ({ path })),
      unproven: "the object has to be deleted before its successor can be proven",
      live: liveOf(found, context),
      ...objectsOf(context, found.object)
    })
  }
  return yield* new DiffFailed({
    object: manifest.ref,
    origin: manifest.origin,
    detail: failure.detail,
    hint: `${paths.join(", ")} cannot change in place. Annotate the object with sluice.dev/apply: Recreate ` +
      "(or set spec.apply.force: recreate) to delete and create it again, or rename it."
  })
})

const compared = (manifest: Manifest, found: Found, result: JsonObject, context: Context): Proof => {
  const proven = liveMetadata(manifest.apiVersion, manifest.ref.kind, result)
  const { fallsBack, fields, handsOver, needsWrite, takesFrom, takesFromAppliers } = compare(
    { object: found.object, managedFields: found.metadata.managedFields },
    { object: result, managedFields: proven.managedFields },
    leavesField(manifest)
  )
  const proof = change(needsWrite ? "update" : "unchanged", manifest, {
    fields,
    takesFrom,
    live: liveOf(found, context),
    ...handsOver.length === 0 ? {} : { handsOver },
    ...needsWrite ? objectsOf(context, found.object, result) : {}
  })
  return { ...proof, live: found.object, fallsBack, takesFromAppliers }
}

/** Against an object that is there. What is still ours of what is left to others goes along: it is not to be dropped. */
const dryRunOn = Effect.fnUntraced(function*(whole: Manifest, found: Found, context: Context) {
  const reader = yield* KubeReader
  const force = context.delivery.spec.apply.conflicts === "take"
  const manifest = yield* settled(whole, found, context)
  const held = stillOwned(ownedOf(found), manifest)
  const sent = withoutLeft(manifest, manifest.leaves?.filter((pointer) => !held.includes(pointer)))
  const asked = yield* Effect.result(reader.dryRun(sent, { force }))
  if (asked._tag === "Failure") return yield* refusedProof(manifest, context, asked.failure)
  return compared(manifest, found, asked.success, context)
})

const dryRun = Effect.fnUntraced(function*(manifest: Manifest, context: Context) {
  const reader = yield* KubeReader
  const force = context.delivery.spec.apply.conflicts === "take"
  const isKnown = context.entries.has(key(manifest.ref))
  const isOpen = mayLeave(manifest)
  const look = find(manifest, context.label)
  if (isKnown && isOpen) {
    const found = yield* look
    if (found?.metadata.deleting === false) return yield* dryRunOn(manifest, found, context)
  }
  const [asked, known] = yield* Effect.all([
    Effect.result(reader.dryRun(manifest, { force })),
    isKnown ? look : Effect.succeed(undefined)
  ], { concurrency: "unbounded" })
  if (asked._tag === "Failure") {
    const found = isOpen && !isKnown ? yield* look : undefined
    return found?.metadata.deleting === false
      ? yield* dryRunOn(manifest, found, context)
      : yield* refusedProof(manifest, context, asked.failure)
  }
  const result = asked.success
  // What was never stored has no resourceVersion: the answer itself says that the object would be new.
  const exists = at(result, "metadata", "resourceVersion") !== undefined
  const found = known ?? (exists && !isKnown ? yield* look : undefined)
  if (found === undefined) return change("create", manifest, objectsOf(context, undefined, result))
  if (found.metadata.deleting) {
    return change("create", manifest, {
      unproven: "the old object is still being deleted",
      live: liveOf(found, context),
      ...objectsOf(context, undefined, result)
    })
  }
  return isOpen || ownsReplicas(found)
    ? yield* dryRunOn(manifest, found, context)
    : compared(manifest, found, result, context)
})

/** What would happen to one object, with as few requests as prove it. */
export const prove: (
  manifest: Manifest,
  context: Context
) => Effect.Effect<Proof, ProofError, KubeReader> = Effect.fnUntraced(function*(manifest, context) {
  const policy = applyPolicy(manifest)
  if (policy === "Ignore") return change("unchanged", manifest)
  if (isUnchanged(manifest, context)) {
    const { fingerprint, resourceVersion, uid } = context.survey.get(key(manifest.ref))!
    return change("unchanged", manifest, { live: { uid, resourceVersion, fingerprint } })
  }
  const sent = stamped(manifest, context)
  const awaited = waitsFor(manifest, context.arriving)
  if (awaited !== undefined) {
    // In a namespace that does not exist there is nothing to look for.
    const isEmpty = context.arriving.namespaces.has(manifest.ref.namespace)
    const found = isEmpty ? undefined : yield* find(manifest, context.label)
    return yield* unproven(sent, found, context, awaited)
  }
  if (policy === "IfNotPresent") {
    const reader = yield* KubeReader
    const object = yield* Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), stage(manifest))
    const metadata = object === undefined ? undefined : liveMetadata(manifest.apiVersion, manifest.ref.kind, object)
    if (metadata !== undefined && !metadata.deleting) {
      const isOurs = metadata.labels[deliveryLabel] === context.label
      return change("unchanged", manifest, isOurs ? { live: liveOf({ metadata }, context) } : {})
    }
  }
  return yield* dryRun(sent, context)
})
