import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Changeset } from "../domain/Changeset.ts"
import type { Decision, PolicySet } from "../domain/Decision.ts"
import type { Manifest, Rendered } from "../domain/Manifest.ts"
import type { PolicyError } from "../domain/StageError.ts"

/** The gate. It alone makes `Admitted`; whatever it cannot judge does not pass. */
export class Policy extends Context.Service<Policy, {
  /** The policies that judge this delivery at this revision. Read, not compiled. */
  readonly load: (delivery: Delivery, artifact: Artifact) => Effect.Effect<PolicySet, PolicyError>
  /** The first pass: every rendered object, before any request to the cluster. */
  readonly objects: (
    set: PolicySet,
    rendered: Rendered
  ) => Effect.Effect<Decision<ReadonlyArray<Manifest>>, PolicyError>
  /** The second pass: what would change, before the first write. */
  readonly changeset: (set: PolicySet, changeset: Changeset) => Effect.Effect<Decision<Changeset>, PolicyError>
}>()("sluice/policy/Policy") {}
