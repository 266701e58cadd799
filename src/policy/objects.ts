import * as Effect from "effect/Effect"
import type { Manifest, Origin, Rendered } from "../domain/Manifest.ts"
import { maskSecret } from "../domain/mask.ts"
import { display } from "../domain/ObjectRef.ts"
import * as Document from "./Document.ts"
import { notJudged } from "./evaluate.ts"
import { mentionedPath } from "./mentionedPath.ts"
import type { Finding } from "./protocol.ts"
import type { About, Judging, Told } from "./verdict.ts"
import { passedBy } from "./verdict.ts"
import { nearestPath } from "./violationPath.ts"

/** What policies see of a manifest: the bytes that are sent, but no value of a Secret. */
export const documentOf = (manifest: Manifest, key: string | Uint8Array): Document.Document => {
  const object = maskSecret(manifest.object, key)
  return Document.ofObject(object, object === manifest.object ? manifest.json : JSON.stringify(object))
}

/** Where the field stands that a finding names or mentions, else the object. */
const placeOf = (rendered: Rendered, manifest: Manifest, finding: Finding): Effect.Effect<Origin> => {
  if (finding.location !== undefined) return Effect.succeed(finding.location)
  const isToldBySelf = finding.path === undefined && finding.isError !== true
  const path = isToldBySelf
    ? mentionedPath(manifest.object, finding.message)
    : nearestPath(manifest.object, finding.path)
  return path === undefined ? Effect.succeed(manifest.origin) : rendered.locate(manifest, path)
}

/** A finding on a manifest. */
export const aboutManifest = (rendered: Rendered, manifest: Manifest, finding: Finding): About => {
  const { kind, name, namespace } = manifest.ref
  return {
    name: display(manifest.ref),
    object: { apiVersion: manifest.apiVersion, kind, ...namespace === "" ? {} : { namespace }, name },
    place: Effect.suspend(() => placeOf(rendered, manifest, finding))
  }
}

/** Manifests of which nobody knows more than where they are written. */
export const renderedOf = (manifests: ReadonlyArray<Manifest>): Rendered => ({
  manifests,
  closure: "",
  locate: ({ origin }) => Effect.succeed(origin)
})

/** What was found on each manifest; one that nothing is known of was not judged, and is denied. */
export const toldOf = (
  judging: ReadonlyArray<Judging>,
  rendered: Rendered,
  findings: ReadonlyMap<Manifest, ReadonlyArray<Finding>>
): { readonly told: ReadonlyArray<Told>; readonly passed: number } => {
  const told: Array<Told> = []
  let passed = 0
  for (const manifest of judging.length === 0 ? [] : rendered.manifests) {
    const found = findings.get(manifest) ?? [notJudged]
    passed += passedBy(judging, "object", found)
    for (const finding of found) told.push({ finding, about: aboutManifest(rendered, manifest, finding) })
  }
  return { told, passed }
}
