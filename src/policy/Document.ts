import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { Subject } from "./Rule.ts"

/** One document for the gate: the text that policies see, and what they have to answer to have seen it. */
export interface Document {
  readonly judges: Subject
  readonly json: string
  /** JSON text of what `saw` says in `entrypoint.ts`. */
  readonly identity: string
}

const orEmpty = (value: Json | undefined): Json => value === undefined ? "" : value

/** A Kubernetes object; `json` is its text. */
export const ofObject = (object: JsonObject, json: string): Document => ({
  judges: "object",
  json,
  identity: JSON.stringify([
    orEmpty(object["apiVersion"]),
    orEmpty(object["kind"]),
    orEmpty(at(object, "metadata", "namespace")),
    orEmpty(at(object, "metadata", "name")),
    Object.keys(object).length
  ])
})

/** Objects in the shape of conftest's `--combine`. */
export const ofAll = (all: ReadonlyArray<{ readonly path: string; readonly json: string }>): Document => ({
  judges: "combined",
  json: `[${all.map(({ json, path }) => `{"path":${JSON.stringify(path)},"contents":${json}}`).join(",")}]`,
  identity: JSON.stringify([all.length, all.length])
})

/** Gatekeeper's review of an operation on an object, for the constraints that are about it: of each bundle, by index. */
export const ofReview = (
  request: JsonObject,
  constraints: Readonly<Record<string, ReadonlyArray<string>>>
): Document => {
  const object = request["object"]
  return {
    judges: "review",
    json: JSON.stringify({ review: request, constraints }),
    identity: JSON.stringify([
      orEmpty(at(request, "kind", "kind")),
      orEmpty(request["namespace"]),
      orEmpty(request["name"]),
      orEmpty(request["operation"]),
      isJsonObject(object) ? Object.keys(object).length : 0,
      true
    ])
  }
}

/** Fields of a changeset: apiVersion, kind, changeset, summary, operations. */
const fields = 5

/** What rules answer that have seen a changeset with so many operations. */
export const identityOfChangeset = (kind: string, id: string, operations: number): string =>
  JSON.stringify([kind, id, operations, fields])

/** What would change, where it is at hand as a whole; the gate writes it piece by piece (`changesetInput.ts`). */
export const ofChangeset = (
  document: {
    readonly kind: string
    readonly changeset: { readonly id: string }
    readonly operations: ReadonlyArray<unknown>
  }
): Document => ({
  judges: "changeset",
  json: JSON.stringify(document),
  identity: JSON.stringify([
    document.kind,
    document.changeset.id,
    document.operations.length,
    Object.keys(document).length
  ])
})
