import * as Effect from "effect/Effect"
import type { Bundle } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { at } from "../domain/Json.ts"
import type { Manifest, Origin } from "../domain/Manifest.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { policyFile } from "./ChangesetDocument.ts"
import { type Judged, type Occasion, operationId, policyId } from "./changesetInput.ts"
import type { Finding, Loadable } from "./protocol.ts"
import type { About, Judging, Told } from "./verdict.ts"
import { nearestPath } from "./violationPath.ts"

/** Where a field of an object of the revision is written. */
export type Locate = (manifest: Manifest, path: ReadonlyArray<string | number>) => Effect.Effect<Origin>

/** Compiled policies of which some judge changesets, or what happens to objects: they need none of their files any more. */
export interface ChangesetJudges {
  readonly digest: string
  readonly judging: ReadonlyArray<Judging>
  readonly policies: ReadonlyArray<Loadable>
}

/** The judges among compiled policies; undefined where no rule is about what would change. */
export const judgesOf = (
  setDigest: string,
  judging: ReadonlyArray<Judging>,
  policies: ReadonlyArray<Loadable>
): ChangesetJudges | undefined =>
  policies.some(({ rules }) => rules.includes("changeset") || rules.includes("review"))
    ? {
      digest: setDigest,
      judging: judging.map((one) => ({ ...one, bundle: { ...one.bundle, files: [] } })),
      policies
    }
    : undefined

type Origins = ReadonlyArray<Bundle["origin"]>

const from = (judges: ChangesetJudges | undefined, origins: Origins) =>
  (judges?.judging ?? []).flatMap((judging, index) =>
    origins.includes(judging.bundle.origin) ? [{ judging, policy: judges!.policies[index]! }] : []
  )

/** Those of one set by where they come from, and those of another. */
export const joined = (
  one: ChangesetJudges | undefined,
  ofOne: Origins,
  other?: ChangesetJudges,
  ofOther: Origins = []
): ChangesetJudges | undefined => {
  const all = [...from(one, ofOne), ...from(other, ofOther)]
  const [judging, policies] = [all.map(({ judging }) => judging), all.map(({ policy }) => policy)]
  const isWhole = all.length === one?.judging.length && from(other, ofOther).length === 0
  const name = digest("judges", one?.digest ?? "", ...ofOne, "and", other?.digest ?? "", ...ofOther)
  return isWhole ? one : judgesOf(name, judging, policies)
}

const whole = ({ delivery: { name, namespace } }: Occasion): About => ({
  name: "the changeset",
  object: { apiVersion: "policy.sluice.dev/v1alpha1", kind: "Changeset", namespace, name },
  place: Effect.succeed(undefined)
})

const aboutFile = (path: string, isThere: boolean): About => ({
  name: `${policyFile.kind}/${path}`,
  object: { apiVersion: `${policyFile.group}/${policyFile.version}`, kind: policyFile.kind, name: path },
  place: Effect.succeed(isThere ? { file: path } : undefined)
})

/** What a finding on one change is about. */
export const aboutChange = (
  { apiVersion, manifest, ref }: Judged["changes"][number],
  finding: Finding,
  locate: Locate | undefined
): About => {
  const { kind, name, namespace } = ref
  const path = manifest && nearestPath(manifest.object, finding.path)
  return {
    name: display(ref),
    object: { apiVersion, kind, ...namespace === "" ? {} : { namespace }, name },
    place: finding.location !== undefined
      ? Effect.succeed(finding.location)
      : manifest !== undefined && path !== undefined && locate !== undefined
      ? locate(manifest, path)
      : Effect.succeed(manifest?.origin)
  }
}

/** Each finding with what it is about: the operation that it names, else the changeset. */
export const toldOfChangeset = (
  { changes }: Judged,
  occasion: Occasion,
  findings: ReadonlyArray<Finding>,
  locate: Locate | undefined
): ReadonlyArray<Told> => {
  const named = new Set(findings.flatMap(({ operation }) => operation ?? []))
  const abouts = new Map<string, (finding: Finding) => About>()
  for (const change of changes) {
    const id = operationId(change.ref)
    if (named.has(id)) abouts.set(id, (finding) => aboutChange(change, finding, locate))
  }
  for (const { op, path } of occasion.policyFiles) abouts.set(policyId(path), () => aboutFile(path, op !== "delete"))
  return findings.map((finding) => {
    const about = finding.operation === undefined ? undefined : abouts.get(finding.operation)
    if (about !== undefined) return { finding, about: about(finding) }
    const unplaced = whole(occasion)
    return { finding, about: { ...unplaced, place: Effect.succeed(finding.location) } }
  })
}

/** What a changeset's own manifests (stamped, and perhaps without what is left to others) were rendered as. */
export const locating = (
  manifests: ReadonlyArray<Manifest>,
  locate: Locate
): Locate => {
  const rendered = new Map(manifests.map((manifest) => [key(manifest.ref), manifest]))
  return (manifest, path) => {
    const original = rendered.get(key(manifest.ref))
    return original === undefined || at(original.object, ...path) === undefined
      ? Effect.succeed(manifest.origin)
      : locate(original, path)
  }
}
