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

  const waves = new Map<Manifest, number>()
  const waveOf = (manifest: Manifest, path: ReadonlyArray<Manifest>): number => {
    if (path.includes(manifest)) return Number.NaN
    const known = waves.get(manifest)
    if (known !== undefined) return known
    const wave = (needs.get(manifest) ?? [])
      .filter((needed) => rankOf(needed.ref) === rankOf(manifest.ref))
      .reduce((wave, needed) => Math.max(wave, 1 + waveOf(needed, [...path, manifest])), 0)
    waves.set(manifest, wave)
    return wave
  }

  const groups = new Map<string, { rank: number; wave: number; manifests: Array<Manifest> }>()
  for (const manifest of manifests) {
    const [rank, wave] = [rankOf(manifest.ref), waveOf(manifest, [])]
    if (Number.isNaN(wave)) return Result.fail({ manifest, why: `depends, by ${annotation}, on itself in the end` })
    const group = groups.get(`${rank}/${wave}`)
    if (group === undefined) groups.set(`${rank}/${wave}`, { rank, wave, manifests: [manifest] })
    else group.manifests.push(manifest)
  }
  return Result.succeed(
    [...groups.values()]
      .sort((a, b) => a.rank - b.rank || a.wave - b.wave)
      .map(({ manifests }) => ({
        manifests,
        after: [...new Set(manifests.flatMap((manifest) => needs.get(manifest) ?? []))]
      }))
  )
}
