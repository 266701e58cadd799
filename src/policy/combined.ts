import * as Effect from "effect/Effect"
import type { Rendered } from "../domain/Manifest.ts"
import * as Document from "./Document.ts"
import { documentOf } from "./objects.ts"
import type { Finding } from "./protocol.ts"
import { type Judging, passedBy, type Told } from "./verdict.ts"

/** Every object of the revision in one document, as conftest's `--combine` gives them: sorted by file. */
export const combinedDocument = (rendered: Rendered, key: string | Uint8Array): Document.Document =>
  Document.ofAll(
    rendered.manifests
      .map((manifest) => ({ path: manifest.origin.file, json: documentOf(manifest, key).json }))
      .sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
  )

/** Findings on all objects at once: they are about the revision, unless the policy says where (`_loc`). */
export const toldOfAll = (
  judging: ReadonlyArray<Judging>,
  findings: ReadonlyArray<Finding>
): { readonly told: ReadonlyArray<Told>; readonly passed: number } => ({
  passed: passedBy(judging, "combined", findings),
  told: findings.map((finding) => ({
    finding,
    about: {
      name: "all objects together",
      object: { apiVersion: "v1", kind: "List", name: "all objects" },
      place: Effect.succeed(finding.location)
    }
  }))
})
