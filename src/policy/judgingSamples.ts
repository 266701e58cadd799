import * as Effect from "effect/Effect"
import type { Verdict } from "../domain/Decision.ts"
import { isJsonObject } from "../domain/Json.ts"
import type { Origin } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import { type ChangesetDocument, type Operation, policyFile } from "./ChangesetDocument.ts"
import type { ChangesetJudges } from "./changesetPass.ts"
import * as Document from "./Document.ts"
import { evaluate, notJudged } from "./evaluate.ts"
import { type Finding, maximumBytes } from "./protocol.ts"
import { type About, passedBy, type Told, verdict } from "./verdict.ts"
import { violationPath } from "./violationPath.ts"
import type { Workers } from "./Workers.ts"

/** A changeset that somebody has written down. */
export interface Sample {
  readonly document: ChangesetDocument
  /** Where a field of the document stands. */
  readonly place: (path: ReadonlyArray<string | number>) => Origin
}

const aboutOperation = (
  { gvk: { group, kind, version }, name, namespace, object, oldObject }: Operation,
  index: number,
  finding: Finding,
  place: Sample["place"]
): About => {
  const [field, shown] = object === null ? ["oldObject", oldObject] : ["object", object]
  const path = isJsonObject(shown) ? violationPath(shown, finding.path) : undefined
  const at = ["operations", index, ...path === undefined ? [] : [field, ...path]]
  return {
    name: display({ group, kind, namespace, name }),
    object: {
      apiVersion: group === "" ? version : `${group}/${version}`,
      kind,
      ...namespace === "" ? {} : { namespace },
      name
    },
    place: Effect.sync(() => finding.location ?? place(at))
  }
}

/** Each finding with the operation that it names, and where that stands in the sample; else it is about the whole. */
const toldOfSample = (
  { document: { apiVersion, changeset: { delivery }, kind, operations }, place }: Sample,
  findings: ReadonlyArray<Finding>
): ReadonlyArray<Told> => {
  const indexes = new Map(operations.map(({ id }, index) => [id, index]))
  return findings.map((finding) => {
    const index = indexes.get(finding.operation ?? "")
    const about: About = index === undefined
      ? {
        name: "the changeset",
        object: { apiVersion, kind, namespace: delivery.namespace, name: delivery.name },
        place: Effect.sync(() => finding.location ?? place([]))
      }
      : aboutOperation(operations[index]!, index, finding, place)
    return { finding, about }
  })
}

/** Judges samples of changesets by the rules for changesets alone, at the time that each says of itself: so does a waiver end. */
export const judgingSamples = (workers: Workers, { deadline = 2_000 }: { readonly deadline?: number }) =>
  Effect.fn("Policy.sample")(function*({ judging, ...set }: ChangesetJudges, sample: Sample) {
    const { changeset: { evaluatedAtNs }, operations } = sample.document
    const document = Document.ofChangeset(sample.document)
    const objects = operations.filter(({ gvk }) =>
      gvk.group !== policyFile.group || gvk.kind !== policyFile.kind
    ).length
    // The digits that policies read: more than a double holds are zeros there.
    const bounds = { now: BigInt(String(evaluatedAtNs)), deadline: deadline + operations.length }
    const isTooLarge = Buffer.byteLength(document.json) > maximumBytes.changeset
    const findings = isTooLarge
      ? [{ ...notJudged, message: `the changeset is larger than ${maximumBytes.changeset} bytes` }]
      : (yield* evaluate(workers, set, [document], bounds)).get(document)?.findings ?? [notJudged]
    const counts = { objects, passed: passedBy(judging, "changeset", findings) }
    return (yield* verdict(
      judging,
      toldOfSample(sample, findings),
      counts,
      Math.floor(evaluatedAtNs / 1_000_000)
    )) satisfies Verdict
  })
