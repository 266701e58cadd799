import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Revision } from "../domain/Revision.ts"
import type { FetchError } from "../domain/StageError.ts"
import type { Secrets } from "../kube/Secrets.ts"

/** The fetch stage: the tree of the desired revision. */
export class Fetch extends Context.Service<Fetch, {
  /** The revision that the source points to now: one ref listing, nothing downloaded. */
  readonly head: (delivery: Delivery) => Effect.Effect<Revision, FetchError, Secrets>
  /** The tree of a revision (of the newest if none is named). It stays readable for as long as the scope is open. */
  readonly fetch: (
    delivery: Delivery,
    revision?: Revision
  ) => Effect.Effect<Artifact, FetchError, Secrets | Scope.Scope>
}>()("sluice/fetch/Fetch") {}
