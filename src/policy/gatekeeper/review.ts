import type { Json, JsonObject } from "../../domain/Json.ts"
import { groupOf, ofObject } from "../../domain/ObjectRef.ts"
import type { Candidate } from "./match.ts"

/** What is about to happen to an object, in the API server's words. */
export type Operation =
  | { readonly operation: "CREATE"; readonly object: JsonObject }
  | { readonly operation: "UPDATE"; readonly object: JsonObject; readonly oldObject: JsonObject }
  | { readonly operation: "DELETE"; readonly oldObject: JsonObject }

/** Who asks: templates see the identity that Sluice acts as. */
export const username = "system:serviceaccount:sluice:sluice"

/** `input.review`: an AdmissionRequest and the Namespace, as Gatekeeper shows them to templates. */
export interface Review {
  readonly request: JsonObject
  /** The new object and the old one, as far as they are there: a constraint has to match one of them. */
  readonly candidates: ReadonlyArray<Candidate>
}

/**
 * Makes the review of an operation. As in Gatekeeper, `object` of a deletion is the object that goes. Where Namespaces
 * are not known, `namespaceObject` is null.
 */
export const reviewOf = (change: Operation, namespaces: ReadonlyMap<string, JsonObject>, dryRun = false): Review => {
  const oldObject = change.operation === "CREATE" ? undefined : change.oldObject
  const object = change.operation === "DELETE" ? change.oldObject : change.object
  const apiVersion = String(object["apiVersion"])
  const { kind, name, namespace } = ofObject(object)
  const namespaceObject = namespaces.get(namespace)
  const [version = ""] = apiVersion.split("/").slice(-1)
  const request: Record<string, Json> = {
    uid: "",
    kind: { group: groupOf(apiVersion), version, kind },
    resource: { group: groupOf(apiVersion), version, resource: "" },
    name,
    operation: change.operation,
    userInfo: { username },
    object,
    oldObject: oldObject ?? null,
    dryRun,
    options: null,
    namespaceObject: namespaceObject ?? null
  }
  if (namespace !== "") request["namespace"] = namespace
  const candidate = (one: JsonObject): Candidate => ({ object: one, namespace, namespaceObject })
  return {
    request,
    candidates: [object, ...oldObject === undefined || oldObject === object ? [] : [oldObject]].map(candidate)
  }
}

/** The Namespaces among objects, by name. */
export const namespacesOf = (objects: ReadonlyArray<JsonObject>): ReadonlyMap<string, JsonObject> =>
  new Map(
    objects.filter(({ apiVersion, kind }) => apiVersion === "v1" && kind === "Namespace")
      .map((object) => [ofObject(object).name, object])
  )
