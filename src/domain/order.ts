import * as Result from "effect/Result"
import { at } from "./Json.ts"
import type { Manifest } from "./Manifest.ts"
import { display, key, type ObjectRef } from "./ObjectRef.ts"

/** What must stand before what: definitions first, what can refuse or reroute requests last. */
const phases = ["definitions", "classes", "foundations", "workloads", "gates"] as const
type Phase = (typeof phases)[number]

const phaseOfKind: Readonly<Record<string, Phase>> = {
  CustomResourceDefinition: "definitions",
  Namespace: "definitions",
  ClusterRole: "definitions",
  ServiceAccount: "foundations",
  Role: "foundations",
  Secret: "foundations",
  ConfigMap: "foundations",
  ResourceQuota: "foundations",
  LimitRange: "foundations",
  NetworkPolicy: "foundations",
  PersistentVolume: "foundations",
  PersistentVolumeClaim: "foundations",
  Service: "foundations",
  ValidatingWebhookConfiguration: "gates",
  MutatingWebhookConfiguration: "gates",
  ValidatingAdmissionPolicy: "gates",
  ValidatingAdmissionPolicyBinding: "gates",
  MutatingAdmissionPolicy: "gates",
  MutatingAdmissionPolicyBinding: "gates",
  APIService: "gates"
}

export const phaseOf = (ref: ObjectRef): Phase =>
  Object.hasOwn(phaseOfKind, ref.kind) ? phaseOfKind[ref.kind]! : ref.kind.endsWith("Class") ? "classes" : "workloads"

/** For what has no manifest any more: the place of its kind. Deletions run in the reverse of it. */
export const rankOf = (ref: ObjectRef): number => phases.indexOf(phaseOf(ref))

/** Objects that may be written at the same time. */
export interface Batch {
  readonly manifests: ReadonlyArray<Manifest>
  /** Must be healthy before this batch starts (`config.kubernetes.io/depends-on`). */
  readonly after: ReadonlyArray<Manifest>
}

/** Why a set of objects has no order. */
export interface Unordered {
  readonly manifest: Manifest
  readonly why: string
}

const annotation = "config.kubernetes.io/depends-on"

const parseReference = (text: string): ObjectRef | undefined => {
  const parts = text.trim().split("/")
  if (parts.length === 3 && parts[1] !== "" && parts[2] !== "") {
    return { group: parts[0]!, namespace: "", kind: parts[1]!, name: parts[2]! }
  }
  if (parts.length !== 5 || parts[1] !== "namespaces" || parts.slice(2).includes("")) return undefined
  return { group: parts[0]!, namespace: parts[2]!, kind: parts[3]!, name: parts[4]! }
}

const list = <K, V>(lists: Map<K, Array<V>>, key: K): Array<V> => {
  const found = lists.get(key) ?? []
  lists.set(key, found)
  return found
}

/** Kahn's algorithm, level by level and without recursion: chains may be as long as a hostile repository likes. */
const waves = (
  members: ReadonlyArray<Manifest>,
  needsOf: (manifest: Manifest) => ReadonlyArray<Manifest>
): Result.Result<ReadonlyArray<ReadonlyArray<Manifest>>, Manifest> => {
  const missing = new Map<Manifest, number>()
  const neededBy = new Map<Manifest, Array<Manifest>>()
  for (const manifest of members) {
    const needed = new Set(needsOf(manifest))
    missing.set(manifest, needed.size)
    for (const one of needed) list(neededBy, one).push(manifest)
  }
  const levels: Array<ReadonlyArray<Manifest>> = []
  let level = members.filter((manifest) => missing.get(manifest) === 0)
  while (level.length > 0) {
    levels.push(level)
    for (const manifest of level) missing.delete(manifest)
    const next = new Set<Manifest>()
    for (const manifest of level.flatMap((manifest) => neededBy.get(manifest) ?? [])) {
      const left = missing.get(manifest)! - 1
      missing.set(manifest, left)
      if (left === 0) next.add(manifest)
    }
    level = [...next]
  }
  const [caught] = missing.keys()
  return caught === undefined ? Result.succeed(levels) : Result.fail(caught)
}

/** The stages in which a revision is applied. Stable: the same objects give the same batches. */
export const batches = (manifests: ReadonlyArray<Manifest>): Result.Result<ReadonlyArray<Batch>, Unordered> => {
  const byKey = new Map(manifests.map((manifest) => [key(manifest.ref), manifest]))
  const needs = new Map<Manifest, ReadonlyArray<Manifest>>()
  for (const manifest of manifests) {
    const text = at(manifest.object, "metadata", "annotations", annotation)
    if (typeof text !== "string" || text.trim() === "") continue
    const needed: Array<Manifest> = []
    for (const reference of text.split(",")) {
      const ref = parseReference(reference)
      const found = ref === undefined ? undefined : byKey.get(key(ref))
      if (ref === undefined) return Result.fail({ manifest, why: `${annotation} names no object: ${reference.trim()}` })
      if (found === undefined) {
        return Result.fail({ manifest, why: `depends on ${display(ref)}, which this revision does not have` })
      }
      if (rankOf(ref) > rankOf(manifest.ref)) {
        return Result.fail({ manifest, why: `depends on ${display(ref)}, whose kind is always applied after it` })
      }
      needed.push(found)
    }
    needs.set(manifest, needed)
  }

  const groups: Array<{ rank: number; wave: number; manifests: ReadonlyArray<Manifest> }> = []
  for (const [rank, members] of Map.groupBy(manifests, ({ ref }) => rankOf(ref))) {
    const placed = waves(members, (manifest) => (needs.get(manifest) ?? []).filter(({ ref }) => rankOf(ref) === rank))
    if (Result.isFailure(placed)) return Result.fail({ manifest: placed.failure, why: "depends on itself in the end" })
    groups.push(...placed.success.map((manifests, wave) => ({ rank, wave, manifests })))
  }
  return Result.succeed(
    groups
      .sort((a, b) => a.rank - b.rank || a.wave - b.wave)
      .map(({ manifests }) => ({
        manifests,
        after: [...new Set(manifests.flatMap((manifest) => needs.get(manifest) ?? []))]
      }))
  )
}
