import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Change, Changeset } from "../domain/Changeset.ts"
import type { AdmittedManifests } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { leaveBy, scaledBy } from "../domain/ignored.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { isSecret, key } from "../domain/ObjectRef.ts"
import { batches } from "../domain/order.ts"
import { applyPolicy, deliveryValue } from "../domain/ownership.ts"
import { refusedRead } from "../domain/refusal.ts"
import { classOf, type DiffError, DiffFailed, type KubeFailure } from "../domain/StageError.ts"
import { makeAutoscalers } from "../kube/autoscaled.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { collect } from "./collect.ts"
import { deletions } from "./deletions.ts"
import { losses, unseen } from "./losses.ts"
import { arriving, isDefinition } from "./prerequisites.ts"
import { type Context as ProofContext, type Proof, prove } from "./prove.ts"
import { putsBack } from "./putsBack.ts"
import { survey } from "./survey.ts"

export interface Options {
  /** Requests at a time. */
  readonly concurrency?: number
}

/** The diff stage: what a revision would change, proven by dry-run. It knows the cluster only as a reader. */
export class Diff extends Context.Service<Diff, {
  /**
   * `revision` (`main@sha1:…`) goes into the origin annotation of what it changes. `withObjects`: what changes carries its
   * objects, for policies; each deletion then costs a GET.
   */
  readonly diff: (
    delivery: Delivery,
    manifests: AdmittedManifests,
    inventory: Inventory,
    revision: string,
    options?: { readonly withObjects: boolean }
  ) => Effect.Effect<Changeset, DiffError, KubeReader>
  /**
   * What putting one admitted object back would change, with its objects. `takesMore`: what people own inside it goes too,
   * which no dry-run shows.
   */
  readonly putsBack: (manifest: Manifest, takesMore: boolean) => Effect.Effect<Change, DiffError, KubeReader>
}>()("sluice/diff/Diff") {
  static readonly layerWith = (options: Options) => Layer.sync(Diff, () => Diff.of(make(options)))
  static readonly layer = Layer.suspend(() => Diff.layerWith({}))
}

const make = ({ concurrency = 32 }: Options): Diff["Service"] => {
  /** All errors are collected; what only time can mend ends the diff at once. */
  const proveAll = Effect.fnUntraced(function*(manifests: ReadonlyArray<Manifest>, context: ProofContext) {
    const results = yield* Effect.forEach(
      manifests,
      (manifest) =>
        Effect.flatMap(
          Effect.result(prove(manifest, context)),
          (result) =>
            Result.isFailure(result) && classOf(result.failure) === "transient"
              ? Effect.fail(result.failure)
              : Effect.succeed(result)
        ),
      { concurrency }
    )
    const [first, ...rest] = results.filter(Result.isFailure).map(({ failure }) => failure)
    if (first !== undefined) return yield* Effect.fail(collect([first, ...rest]))
    return results.filter(Result.isSuccess).map(({ success }) => success)
  })

  const diff = Effect.fn("Diff.diff")(function*(
    delivery: Delivery,
    manifests: AdmittedManifests,
    inventory: Inventory,
    revision: string,
    { withObjects } = { withObjects: false }
  ) {
    const order = batches(manifests)
    if (Result.isFailure(order)) {
      const { manifest, why } = order.failure
      return yield* new DiffFailed({ object: manifest.ref, origin: manifest.origin, detail: why })
    }
    const whole = order.success.flatMap((batch) => batch.manifests)
    const rules = [...delivery.spec.apply.ignore, ...whole.flatMap(({ object, ref }) => scaledBy(ref, object) ?? [])]
    const ordered = whole.map(leaveBy(rules))
    const label = deliveryValue(delivery.metadata)
    const entries = new Map(inventory.entries.map((entry) => [key(entry.ref), entry]))
    const rendered = new Set(ordered.map(({ ref }) => key(ref)))
    const candidates = ordered.flatMap((manifest) => {
      const entry = entries.get(key(manifest.ref))
      return entry?.digest === manifest.digest && applyPolicy(manifest) !== "Ignore"
        ? [{ ...entry, apiVersion: manifest.apiVersion }]
        : []
    })
    const stale = delivery.spec.apply.prune ? inventory.entries.filter(({ ref }) => !rendered.has(key(ref))) : []
    const found = yield* Effect.mapError(survey([...candidates, ...stale], label, concurrency), fail)

    const going = new Set(stale.map(({ ref }) => key(ref)))
    const autoscalers = yield* makeAutoscalers({ isLeaving: (ref) => going.has(key(ref)) })
    const known = { delivery, label, revision, entries, survey: found, autoscalers, withObjects }
    const context = { ...known, arriving: arriving([], [], []) }
    const definitions = yield* proveAll(ordered.filter(isDefinition), context)
    const changedDefinitions = definitions.filter(({ change }) => change.action !== "unchanged")
    const rest = yield* proveAll(ordered.filter((manifest) => !isDefinition(manifest)), {
      ...context,
      arriving: arriving(
        sent(changedDefinitions.filter(({ change }) => change.action === "create")),
        sent(changedDefinitions),
        ordered
      )
    })
    const proofs = new Map([...definitions, ...rest].map((proof) => [key(proof.change.ref), proof]))
    const kept = ordered.map((manifest) => ({ manifest, ...proofs.get(key(manifest.ref))! }))
    const gone = yield* Effect.mapError(
      deletions(stale, found, {
        label,
        namespaces: new Set(ordered.map(({ ref }) => ref.namespace)),
        uids: new Set(kept.flatMap(({ change }) => change.live?.uid ?? []))
      }, { concurrency, withObjects }),
      fail
    )
    const changes = [...kept.map(({ change }) => change), ...gone.changes]
    return {
      admitted: manifests,
      changes,
      losses: [
        ...gone.losses,
        ...losses(kept, gone.changes.map(({ ref }) => ref)),
        ...unseen(changes, autoscalers.unseen, (yield* KubeReader).identity)
      ],
      digest: digestOf(changes)
    }
  })

  return { diff, putsBack }
}

const fail = (failure: KubeFailure): DiffError => refusedRead(failure, undefined, (fields) => new DiffFailed(fields))

const sent = (proofs: ReadonlyArray<Proof>): ReadonlyArray<Manifest> =>
  proofs.flatMap(({ change }) => change.manifest ?? [])

/**
 * Of what would be done and to what, whatever the order and whoever else changed meanwhile. It is shown to everybody,
 * so it says that a Secret changes, not into what: a short password could be guessed from it.
 */
const digestOf = (changes: ReadonlyArray<Change>): string =>
  digest(
    ...changes
      .filter(({ action }) => action !== "unchanged")
      .map(({ action, manifest, ref }) => `${key(ref)} ${action} ${isSecret(ref) ? "" : manifest?.digest ?? ""}`)
      .sort()
  )
