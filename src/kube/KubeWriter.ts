import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { Ownership } from "../domain/ownership.ts"
import type { KubeFailure } from "../domain/StageError.ts"

/**
 * The resourceVersion of no object: etcd counts its own beginning as 1. An apply that expects it makes an object where
 * there is none, and is a conflict where there is one.
 */
export const absent = "1"

export interface WriteOptions {
  readonly force: boolean
  /** The resourceVersion that the object has, or `absent`: if it has another, that is a conflict, and nothing is written. */
  readonly expects?: string | undefined
}

/** The right to change workloads, as one identity. Only `apply` may hold it. */
export class KubeWriter extends Context.Service<KubeWriter, {
  /**
   * Server-side apply as manager `sluice` with strict field validation; answers the live object, masked. What the
   * manifest leaves to others is sent only when the object is made; where it is ours, it is given up with the value that
   * it has, as one with the write.
   */
  readonly apply: (manifest: Manifest, options: WriteOptions) => Effect.Effect<JsonObject, KubeFailure>
  /**
   * Says anew who owns what in exactly this state of an object, whose content stays as it is; answers its metadata. If
   * it changed meanwhile, that is a conflict.
   */
  readonly setOwners: (
    apiVersion: string,
    ref: ObjectRef,
    resourceVersion: string,
    owners: ReadonlyArray<Ownership>
  ) => Effect.Effect<JsonObject, KubeFailure>
  /** Deletes exactly the object with this uid and resourceVersion; one that is gone already is well. */
  readonly delete: (
    apiVersion: string,
    ref: ObjectRef,
    preconditions: { readonly uid: string; readonly resourceVersion?: string }
  ) => Effect.Effect<void, KubeFailure>
  /** Returns when changes may be sent: at once, if they may be now. Of several replicas one that lost its Lease sends none. */
  readonly mayChange: Effect.Effect<void>
}>()("sluice/kube/KubeWriter") {}
