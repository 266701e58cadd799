import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Changeset } from "../domain/Changeset.ts"
import type { AdmittedManifests } from "../domain/Decision.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { DiffError } from "../domain/StageError.ts"
import type { KubeReader } from "../kube/KubeReader.ts"

/** The diff stage: what a revision would change, proven by dry-run. It knows the cluster only as a reader. */
export class Diff extends Context.Service<Diff, {
  /** `revision` (`main@sha1:…`) goes into the origin annotation of what it changes. */
  readonly diff: (
    delivery: Delivery,
    manifests: AdmittedManifests,
    inventory: Inventory,
    revision: string
  ) => Effect.Effect<Changeset, DiffError, KubeReader>
}>()("sluice/diff/Diff") {}
