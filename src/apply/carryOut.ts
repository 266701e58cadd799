import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type Delivery, milliseconds } from "../api/v1alpha1/Delivery.ts"
import type { Change, Changeset } from "../domain/Changeset.ts"
import { withoutLeft } from "../domain/ignored.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { key } from "../domain/ObjectRef.ts"
import { type Batch, batches, rankOf } from "../domain/order.ts"
import { deliveryValue, isDelivery } from "../domain/ownership.ts"
import { refused } from "../domain/refusal.ts"
import { type ApplyError, ApplyFailed, DiffFailed, retold } from "../domain/StageError.ts"
import type { Applied, RunIdentity } from "./Apply.ts"
import { guard } from "./guard.ts"
import { healthy, isInert } from "./health.ts"
import type { InventoryStore } from "./InventoryStore.ts"
import * as Ledger from "./Ledger.ts"
import { savePolicies } from "./policyRecord.ts"
import { prune } from "./prune.ts"
import { takenAlong } from "./takenAlong.ts"
import { usable } from "./wait.ts"
import { proveLate, write, type Written } from "./write.ts"

export interface Work {
  readonly delivery: Delivery
  readonly changeset: Changeset
  readonly inventory: Inventory
  readonly run: RunIdentity
  readonly concurrency: number
  readonly save: InventoryStore["Service"]["save"]
  readonly tell: (applied: Applied) => Effect.Effect<unknown>
}

/** Digests and fingerprints of at most this much work are lost by a crash; the next run finds them by dry-runs. */
const flushes = "1 second"

/** Applies a changeset batch by batch, prunes, and closes the books. */
export const carryOut = Effect.fnUntraced(function*(work: Work) {
  const { changeset, concurrency, delivery, inventory, run, tell } = work
  const blocked = guard(delivery, changeset, inventory, yield* takenAlong(delivery, changeset))
  if (blocked !== undefined) return yield* blocked

  const { conflicts, prune: prunes, timeout, wait } = delivery.spec.apply
  const ledger = yield* Ledger.open(inventory, changeset, { prune: prunes, save: work.save })
  const label = deliveryValue(delivery.metadata)
  const options = { force: conflicts === "take", label, timeout: milliseconds(timeout), ledger }
  const byKey = new Map(changeset.changes.map((change) => [key(change.ref), change]))
  const changed = changeset.changes.filter(({ action }) => action !== "unchanged")
  const done = { objects: 0 }
  const finished = (change: Change, written?: Written) =>
    Effect.suspend(() => {
      if (change.action !== "unchanged") done.objects++
      return tell({ ref: change.ref, action: change.action, ...written === undefined ? {} : { written } })
    })

  const applyBatch = Effect.fnUntraced(function*(batch: Batch) {
    const all = batch.manifests.map((manifest) => ({ manifest, change: byKey.get(key(manifest.ref))! }))
    const writes = all.filter(({ change }) => change.action !== "unchanged")
    const after = batch.after.filter(({ ref }) => !isDelivery(ref, delivery.metadata))
    if (after.length > 0 && writes.length > 0) {
      yield* healthy(after, options.timeout, () => Effect.void).pipe(Effect.mapError(notReady))
    }
    const unproven = writes.filter(({ change }) => change.unproven !== undefined && change.action !== "replace")
    yield* Effect.forEach(
      unproven,
      ({ change, manifest }) =>
        proveLate(change.action === "create" ? manifest : withoutLeft(manifest), options.force).pipe(
          Effect.mapError((failure) => refused(failure, manifest, (fields) => new DiffFailed(fields)))
        ),
      { concurrency, discard: true }
    )
    yield* Effect.forEach(all, ({ change, manifest }) =>
      change.action === "unchanged"
        ? finished(change)
        : Effect.flatMap(write(change, manifest, options), (written) => finished(change, written)), {
      concurrency,
      discard: true
    })
    yield* Effect.forEach(writes, ({ manifest }) => usable(manifest, options.timeout), { concurrency, discard: true })
  })

  const applyAll = Effect.gen(function*() {
    for (const batch of yield* ordered(changeset)) yield* applyBatch(batch)
    const deletions = changed.filter(({ action }) => action === "delete")
    for (const group of byRank(deletions)) {
      yield* Effect.forEach(
        group,
        (change) => Effect.andThen(prune(change, label, ledger), finished(change)),
        { concurrency, discard: true }
      )
    }
  })

  const keepBooks = Effect.forever(Effect.andThen(Effect.sleep(flushes), Effect.ignore(ledger.flush)))
  yield* Effect.raceFirst(applyAll, keepBooks).pipe(
    // What was written is recorded, whatever ended the work; the error that ended it is the one to tell.
    Effect.onError(() => Effect.ignore(ledger.flush, { log: "Warn" })),
    Effect.mapError((error) => changed.length > 1 ? withProgress(error, done.objects, changed.length) : error)
  )
  const wasHealthy = changed.length === 0 && inventory.applied?.healthy === true
  // What would be noted as soon as health is looked at is written with the rest.
  const isHealthy = wait && changeset.admitted.every(isInert)
  const { closure, identity, policies, revision } = run
  // First what will judge the next revision, then that this one is applied: until then it is judged by what was in force.
  const inForce = policies === undefined ? inventory.policies : yield* savePolicies(inventory, policies)
  yield* ledger.close(
    { revision, identity, closure, healthy: wasHealthy || isHealthy },
    isHealthy ? changeset.admitted.length : inventory.healthyObjects,
    inForce
  )
})

const ordered = (changeset: Changeset): Effect.Effect<ReadonlyArray<Batch>, ApplyFailed> => {
  const order = batches(changeset.changes.flatMap(({ manifest }) => manifest ?? []))
  if (Result.isSuccess(order)) return Effect.succeed(order.success)
  const { manifest, why } = order.failure
  return Effect.fail(new ApplyFailed({ object: manifest.ref, origin: manifest.origin, detail: why, class: "stalled" }))
}

/** Deletions come in reverse order; those of one rank may go together. */
const byRank = (deletions: ReadonlyArray<Change>): ReadonlyArray<ReadonlyArray<Change>> =>
  [
    ...Map.groupBy(deletions, ({ ref }) => rankOf(ref)).entries()
  ].sort(([a], [b]) => b - a).map(([, group]) => group)

type DependencyError = Effect.Error<ReturnType<typeof healthy>>

const notReady = (error: DependencyError): ApplyError =>
  error._tag === "HealthTimeout" || error._tag === "HealthCheckFailed"
    ? new ApplyFailed({
      detail: `what others depend on: ${error.message}`,
      ...error.object === undefined ? {} : { object: error.object },
      ...error.origin === undefined ? {} : { origin: error.origin }
    })
    : error

/** Says how far the work came: what was written stays, and is on the books. */
const withProgress = (error: ApplyError, objects: number, all: number): ApplyError =>
  error._tag === "PruneBlocked"
    ? error
    : retold(error, { detail: `${error.detail} (${objects} of ${all} changes were made before)` })
