import * as Effect from "effect/Effect"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { at, type Json } from "../domain/Json.ts"
import { finalizer } from "../domain/ownership.ts"
import { Identity } from "../kube/Identity.ts"
import type { ReadDelivery } from "../kube/InstallWriter.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { listAll } from "../kube/listing.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { resourcePath } from "../kube/resourcePath.ts"
import { installationLabel, type Part } from "./books.ts"
import { isInstalled, readBooks, readFailed } from "./survey.ts"

/** A Delivery as far as its departure goes. */
export interface Owner extends ReadDelivery {
  readonly finalizers: ReadonlyArray<string>
  readonly deleting: boolean
  /** Objects that it owns, as its status says: up to 1,000 of them. */
  readonly owned: number
}

/** A part that is there. */
export interface LivePart extends Part {
  readonly uid: string
}

const texts = (value: Json | undefined): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : []

export const ownerOf = (object: Json): Owner => {
  const live = liveMetadata(apiVersion, "Delivery", object)
  const entries = at(object, "status", "inventory", "entries")
  return {
    namespace: live.ref.namespace,
    name: live.ref.name,
    uid: live.uid,
    resourceVersion: live.resourceVersion,
    finalizers: texts(at(object, "metadata", "finalizers")),
    deleting: live.deleting,
    owned: Array.isArray(entries) ? entries.length : 0
  }
}

/** Whether the agent has to see it off. */
export const isHeld = ({ finalizers }: Owner): boolean => finalizers.includes(finalizer)

/** Its finalizers but ours. */
export const othersOf = ({ finalizers }: Owner): ReadonlyArray<string> =>
  finalizers.filter((name) => name !== finalizer)

/** All objects of one of our kinds, in all namespaces; none where the kind is not served. */
const listOf = Effect.fnUntraced(function*<A>(plural: string, read: (item: Json) => A) {
  const client = yield* KubeClient
  const kind = { apiVersion, kind: "", plural, namespaced: plural !== "policybundles", verbs: [] }
  const asked = { verb: "list", resource: `${plural}.sluice.dev` }
  const path = resourcePath(kind, undefined) ?? "/"
  return yield* listAll(client.as(Identity.Self()), { asked, method: "GET", path, idempotent: true }, read).pipe(
    Effect.map(({ items }) => items),
    Effect.catchIf(({ status }) => status === 404, () => Effect.succeed<Array<A>>([])),
    Effect.mapError(readFailed)
  )
})

/** Every Delivery of the cluster. */
export const ownersIn = listOf("deliveries", ownerOf)

const definitionsIn = Effect.fnUntraced(function*(namespace: string | undefined) {
  const client = yield* KubeClient
  const kind = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    namespaced: false,
    verbs: []
  }
  const label = namespace === undefined ? installationLabel : `${installationLabel}=${namespace}`
  const { items } = yield* listAll(client.as(Identity.Self()), {
    asked: { verb: "list", resource: "customresourcedefinitions.apiextensions.k8s.io" },
    method: "GET",
    path: resourcePath(kind, undefined) ?? "/",
    query: { labelSelector: label },
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    idempotent: true
  }, (item) => liveMetadata(kind.apiVersion, kind.kind, item)).pipe(Effect.mapError(readFailed))
  return items
})

/** The namespace of the cluster's installation, as its definitions say. */
export const installedIn = Effect.map(
  definitionsIn(undefined),
  (definitions) => definitions.map(({ labels }) => labels[installationLabel]).find((value) => value !== undefined)
)

/** What there is of an installation, and whom it serves. */
export const standing = Effect.fn("install.standing")(function*(namespace: string) {
  const reader = yield* KubeReader
  const books = yield* readBooks(namespace)
  const definitions = (yield* definitionsIn(namespace)).map(({ ref }) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    ref
  }))
  const parts = yield* Effect.forEach(
    books?.parts ?? definitions,
    (part) =>
      Effect.map(
        Effect.mapError(reader.get(part.apiVersion, part.ref), readFailed),
        (object): ReadonlyArray<LivePart> => {
          const live = object === undefined ? undefined : liveMetadata(part.apiVersion, part.ref.kind, object)
          return live === undefined || !isInstalled(live, namespace) ? [] : [{ ...part, uid: live.uid }]
        }
      ),
    { concurrency: 8 }
  )
  const counted = (plural: string) => Effect.map(listOf(plural, () => 1), ({ length }) => length)
  return {
    books,
    parts: parts.flat(),
    owners: yield* ownersIn,
    bundles: yield* counted("policybundles"),
    notifiers: yield* counted("notifiers")
  }
})
export type Standing = Effect.Success<ReturnType<typeof standing>>
