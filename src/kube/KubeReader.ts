import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Capabilities } from "../domain/Health.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { KubeFailure } from "../domain/StageError.ts"

/** What the API server says about a kind. */
export interface ResourceKind {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly verbs: ReadonlyArray<string>
}

/** The metadata of a live object, with managedFields. */
export interface LiveMetadata {
  readonly ref: ObjectRef
  readonly uid: string
  readonly resourceVersion: string
  /** Counts changes of what is wanted; ConfigMaps, Secrets, Services and others have none. */
  readonly generation?: number
  readonly deleting: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly managedFields: ReadonlyArray<ManagedFields>
}

export interface ManagedFields {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
  readonly time?: string
  readonly apiVersion?: string
  readonly fieldsV1?: JsonObject
}

/** What a watch says: everything that is there, once and after every gap, then each change. */
export type CollectionEvent<A, Listed = A> =
  | { readonly _tag: "Listed"; readonly objects: ReadonlyArray<Listed>; readonly resourceVersion: string }
  | { readonly _tag: "Changed"; readonly object: A }
  /** Deleted, or no longer selected. */
  | { readonly _tag: "Deleted"; readonly object: A }
  /** Nothing else has changed up to here: the watch works. */
  | { readonly _tag: "Bookmark"; readonly resourceVersion: string }
/** The same of metadata; of what is listed, only what is made of it. */
export type MetadataEvent<A> = CollectionEvent<LiveMetadata, A>

/**
 * The right to read the cluster, as one identity. Values of Secrets and `last-applied-configuration` are masked before
 * anything sees an answer; a dry-run counts as reading.
 */
export class KubeReader extends Context.Service<KubeReader, {
  /** Whom the API server sees. */
  readonly identity: string
  readonly get: (apiVersion: string, ref: ObjectRef) => Effect.Effect<JsonObject | undefined, KubeFailure>
  /** What a server-side apply would leave, with strict field validation; nothing is written. */
  readonly dryRun: (
    manifest: Manifest,
    options: { readonly force: boolean }
  ) => Effect.Effect<JsonObject, KubeFailure>
  /** All objects of a kind in one namespace, paged; none where the cluster does not serve the kind. */
  readonly list: (
    apiVersion: string,
    kind: string,
    namespace: string
  ) => Effect.Effect<ReadonlyArray<JsonObject>, KubeFailure>
  /** One metadata-only LIST of a kind, in one namespace or (undefined) all. Paged; a partial answer is a failure. */
  readonly listMetadata: (
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    labelSelector: string
  ) => Effect.Effect<ReadonlyArray<LiveMetadata>, KubeFailure>
  /**
   * The same list, and then every change of it, until the stream is interrupted. Broken connections are resumed and
   * expired positions listed again; only a refusal (403, 404) ends it. Empty if the cluster does not serve the kind.
   * Of what is listed only what `keep` makes of it is held, page by page.
   */
  readonly watchMetadata: <A>(
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    labelSelector: string,
    keep: (object: LiveMetadata) => A
  ) => Stream.Stream<MetadataEvent<A>, KubeFailure>
  /**
   * The resourceVersion of one object, now and after each change; undefined while it is not there. Watched as
   * `watchMetadata` watches; it needs no right to any other object.
   */
  readonly versions: (apiVersion: string, ref: ObjectRef) => Stream.Stream<string | undefined, KubeFailure>
  /** What it answers returns once the cluster, out of reach or overrun now or later, answers again. */
  readonly recovered: () => Effect.Effect<void>
  /** The kind as the cluster serves it; undefined if it does not (asked again once when unknown: CRDs come and go). */
  readonly kindOf: (apiVersion: string, kind: string) => Effect.Effect<ResourceKind | undefined, KubeFailure>
  readonly capabilities: Effect.Effect<Capabilities, KubeFailure>
}>()("sluice/kube/KubeReader") {}
