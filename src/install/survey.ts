import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { at, isJsonObject, type Json, type JsonObject, same } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { display, key, type ObjectRef } from "../domain/ObjectRef.ts"
import { refusalOf, refused, refusedRead } from "../domain/refusal.ts"
import { ApplyFailed, InvalidSpec, type KubeFailure } from "../domain/StageError.ts"
import { installManager, InstallWriter } from "../kube/InstallWriter.ts"
import { KubeReader, type LiveMetadata } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { type Books, booksOf, booksRef, installationLabel, type Part } from "./books.ts"
import { type Keeper, keeperOf } from "./keeper.ts"

export type Action = "created" | "configured" | "unchanged"

/** What is to be done with one object. */
export interface Step {
  readonly ref: ObjectRef
  readonly manifest: Manifest
  readonly action: Action
}

/** Fields that others own, and that we would change. */
export interface Conflict {
  readonly ref: ObjectRef
  /** `.spec.replicas: conflict with "kubectl-scale" …` */
  readonly fields: ReadonlyArray<string>
}

/** Something that an earlier version installed. */
export interface Stale extends Part {
  readonly uid: string
}

/** What an installation would do; nothing is written yet. */
export interface Survey {
  readonly steps: ReadonlyArray<Step>
  readonly stale: ReadonlyArray<Stale>
  /** What an earlier version installed and nobody deletes by the way: definitions, with all that was made by them. */
  readonly left: ReadonlyArray<Part>
  readonly conflicts: ReadonlyArray<Conflict>
  readonly keepers: ReadonlyArray<Keeper & { readonly ref: ObjectRef }>
}

export const readFailed = (failure: KubeFailure) => refusedRead(failure, undefined, (fields) => new ApplyFailed(fields))

export const writeFailed = (manifest: Manifest | undefined) => (failure: KubeFailure) =>
  refusalOf(failure) === "immutable" && failure.object !== undefined
    ? new ApplyFailed({
      object: failure.object,
      detail: failure.detail,
      class: "stalled",
      hint:
        `It cannot be changed in place, and nothing is kept in it: kubectl delete ${failure.object.kind.toLowerCase()} ` +
        `${failure.object.name}${
          failure.object.namespace === "" ? "" : ` -n ${failure.object.namespace}`
        }, and install again.`
    })
    : refused(failure, manifest, (fields) => new ApplyFailed(fields))

/** The content of an object and who owns what of it, without what every write changes. */
export const content = (object: JsonObject): JsonObject => {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {}
  const { generation: _, managedFields, resourceVersion: __, ...rest } = metadata
  const owners = (Array.isArray(managedFields) ? managedFields as ReadonlyArray<Json> : []).map((entry) =>
    isJsonObject(entry) ? Object.fromEntries(Object.entries(entry).filter(([name]) => name !== "time")) : entry
  )
  return { ...object, metadata: { ...rest, managedFields: owners } }
}

/** The books of the installation in a namespace, if there are some. */
export const readBooks = Effect.fnUntraced(function*(namespace: string) {
  const reader = yield* KubeReader
  const object = yield* Effect.mapError(reader.get("v1", booksRef(namespace)), readFailed)
  if (object === undefined) return undefined
  const books = booksOf(object)
  if (Result.isSuccess(books)) return books.success
  return yield* new InvalidSpec({
    detail: `what is installed in namespace ${namespace} cannot be told: ${books.failure}`,
    hint: `Delete the ConfigMap ${
      booksRef(namespace).name
    } there and install again: all that is installed is found anew.`
  })
})

/** Whether an object is this installation's to delete: labels get copied, an ownership entry does not. */
export const isInstalled = (live: LiveMetadata, namespace: string): boolean =>
  live.labels[installationLabel] === namespace &&
  live.managedFields.some(({ manager, operation }) => manager === installManager && operation === "Apply")

interface Look {
  readonly step: Step
  readonly conflict?: Conflict
  readonly keeper?: Keeper & { readonly ref: ObjectRef }
}

/** One object: as it is, and as it would be. */
const look = Effect.fnUntraced(function*(manifest: Manifest, namespace: string, force: boolean, isMade: boolean) {
  const [reader, writer] = [yield* KubeReader, yield* InstallWriter]
  const { apiVersion, ref } = manifest
  const step = (action: Action): Look => ({ step: { ref, manifest, action } })
  const live = yield* Effect.mapError(reader.get(apiVersion, ref), readFailed)
  const keeper = live === undefined ? undefined : keeperOf(liveMetadata(apiVersion, ref.kind, live), namespace)
  if (keeper !== undefined) return { ...step("unchanged"), keeper: { ...keeper, ref } } satisfies Look
  // What is to be made first cannot hold anything yet, not even in a dry-run.
  if (live === undefined && isMade) return step("created")
  const dry = yield* Effect.result(writer.apply(manifest, { force, dryRun: true }))
  if (Result.isSuccess(dry)) {
    return step(live === undefined ? "created" : same(content(live), content(dry.success)) ? "unchanged" : "configured")
  }
  if (refusalOf(dry.failure) !== "ownership") return yield* Effect.fail(writeFailed(manifest)(dry.failure))
  const fields = dry.failure.causes.map(({ field, message }) => `${field}: ${message}`)
  return { ...step("configured"), conflict: { ref, fields } } satisfies Look
})

const isDefinition = ({ ref }: Part): boolean => ref.kind === "CustomResourceDefinition"
const isPrecious = (part: Part): boolean => isDefinition(part) || part.ref.kind === "Namespace"

/** The kinds that definitions among the manifests will serve. */
const kindsOf = (manifests: ReadonlyArray<Manifest>): ReadonlySet<string> =>
  new Set(
    manifests.filter(isDefinition).map(({ object }) =>
      `${String(at(object, "spec", "group"))}/${String(at(object, "spec", "names", "kind"))}`
    )
  )

const staleOf = Effect.fnUntraced(function*(parts: ReadonlyArray<Part>, namespace: string) {
  const reader = yield* KubeReader
  const found = yield* Effect.forEach(
    parts,
    (part) =>
      Effect.map(Effect.mapError(reader.get(part.apiVersion, part.ref), readFailed), (object) => {
        const live = object === undefined ? undefined : liveMetadata(part.apiVersion, part.ref.kind, object)
        return live === undefined || live.deleting || !isInstalled(live, namespace) ? [] : [{ ...part, uid: live.uid }]
      }),
    { concurrency: 8 }
  )
  return found.flat()
})

interface Asked {
  readonly namespace: string
  readonly before: Books | undefined
  /** Whether fields that others own are taken. */
  readonly force: boolean
}

/** Looks at everything that an installation is, was and would be, without writing anything. */
export const survey = Effect.fn("install.survey")(function*(
  manifests: ReadonlyArray<Manifest>,
  { before, force, namespace }: Asked
) {
  const reader = yield* KubeReader
  const place = { group: "", kind: "Namespace", namespace: "", name: namespace }
  const isThere = (yield* Effect.mapError(reader.get("v1", place), readFailed)) !== undefined
  const kinds = kindsOf(manifests)
  const looks = yield* Effect.forEach(manifests, (manifest) => {
    const { group, kind, namespace: home } = manifest.ref
    return look(manifest, namespace, force, (!isThere && home === namespace) || kinds.has(`${group}/${kind}`))
  }, { concurrency: 8 })
  const wanted = new Set(manifests.map(({ ref }) => key(ref)))
  const gone = (before?.parts ?? []).filter(({ ref }) => !wanted.has(key(ref)))
  const stale = yield* staleOf(gone, namespace)
  return {
    steps: looks.map(({ step }) => step),
    stale: stale.filter((part) => !isPrecious(part)),
    left: stale.filter(isPrecious).map(({ apiVersion, ref }) => ({ apiVersion, ref })),
    conflicts: looks.flatMap(({ conflict }) => conflict ?? []),
    keepers: looks.flatMap(({ keeper }) => keeper ?? [])
  } satisfies Survey
})

/** `StatefulSet/sluice-system/sluice .spec.replicas: conflict with "kubectl"`. */
export const conflictText = ({ fields, ref }: Conflict): string => `${display(ref)} ${fields.join("; ")}`
