import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { nearest } from "../domain/nearest.ts"
import { refusalOf, refusedRead } from "../domain/refusal.ts"
import { AccessDenied, DiffFailed, InvalidSpec, type KubeFailure, type StageError } from "../domain/StageError.ts"
import { resourceOf } from "../kube/discovery.ts"
import { Identity } from "../kube/Identity.ts"
import { KubeClient, type KubeRequest } from "../kube/KubeClient.ts"
import type { CollectionEvent, ResourceKind } from "../kube/KubeReader.ts"
import { listAll } from "../kube/listing.ts"
import { resourcePath } from "../kube/resourcePath.ts"
import { watch } from "../kube/watch.ts"

/** A kind that the agent reads, in the words that people may use for it. */
export interface Kind extends ResourceKind {
  readonly words: ReadonlyArray<string>
}

const kind = (name: string, plural: string, namespaced: boolean, words: ReadonlyArray<string>): Kind => ({
  apiVersion,
  kind: name,
  plural,
  namespaced,
  verbs: [],
  words: [...words, name.toLowerCase(), plural, `${plural}.sluice.dev`]
})

export const deliveries = kind("Delivery", "deliveries", true, ["dlv"])
export const policyBundles = kind("PolicyBundle", "policybundles", false, ["policies", "policy", "pb"])
export const notifiers = kind("Notifier", "notifiers", true, ["nt"])
export const kinds = [deliveries, policyBundles, notifiers]

/** The kind that somebody means. */
export const kindCalled = (word: string): Kind | undefined =>
  kinds.find(({ words }) => words.includes(word.toLowerCase()))

/** Which objects of a kind; without a namespace those of all. */
export interface Where {
  readonly namespace: string | undefined
  readonly labels?: string | undefined
  readonly fields?: string | undefined
}

/** The field manager of what people change with these verbs. */
const manager = "sluice-cli"

/** As the person whose kubeconfig it is. */
export const session = Effect.map(KubeClient, (client) => client.as(Identity.Self()))

/** Our kinds are asked for without discovery: what is not served has no Status that says `NotFound`. */
const isUnserved = ({ reason, status }: KubeFailure): boolean => status === 404 && reason !== "NotFound"

/** What the API server's refusal means to whoever typed the command. */
export const refusal = (failure: KubeFailure): StageError => {
  if (isUnserved(failure)) {
    return InvalidSpec.make({
      detail: `this cluster has no Sluice resources (${failure.resource} is not served)`,
      hint: "Install them: sluice install; or take another cluster with --context."
    })
  }
  if (failure.status === 403 && refusalOf(failure) === "denied") {
    return AccessDenied.make({
      detail: failure.message,
      hint: `Ask for the verb ${failure.verb} on ${failure.resource}, or be somebody else with --context.`
    })
  }
  return refusedRead(failure, undefined, (refused) => new DiffFailed(refused))
}

const asking = Effect.fnUntraced(function*(
  verb: string,
  of: ResourceKind,
  namespace: string | undefined,
  name?: string
) {
  const path = resourcePath(of, of.namespaced ? namespace : undefined, name)
  if (path === undefined) {
    const isPlace = resourcePath(of, namespace) !== undefined
    const what = isPlace ? `${JSON.stringify(name)} is no name` : `${JSON.stringify(namespace)} is no namespace`
    return yield* InvalidSpec.make({ detail: what, hint: "Names are lower-case letters, digits, - and ." })
  }
  const request: KubeRequest = { asked: { verb, resource: resourceOf(of) }, method: "GET", path, idempotent: true }
  return request
})

const listing = Effect.fnUntraced(function*(of: ResourceKind, { fields, labels, namespace }: Where) {
  const request = yield* asking("list", of, namespace)
  return {
    ...request,
    query: {
      ...labels === undefined ? {} : { labelSelector: labels },
      ...fields === undefined ? {} : { fieldSelector: fields }
    }
  }
})

/** Objects of built-in kinds come in lists without their kind. */
const whole = (of: ResourceKind) => (item: Json): JsonObject => ({
  apiVersion: of.apiVersion,
  kind: of.kind,
  ...isJsonObject(item) ? item : {}
})

/** Every object of a kind that is selected. */
export const list = Effect.fnUntraced(function*(of: ResourceKind, where: Where) {
  const request = yield* listing(of, where)
  const { items } = yield* Effect.mapError(listAll(yield* session, request, whole(of)), refusal)
  return items
})

/** The same, and then every change of it until the stream is interrupted. */
export const follow = (
  of: ResourceKind,
  where: Where
): Stream.Stream<CollectionEvent<JsonObject>, StageError, KubeClient> =>
  Stream.unwrap(Effect.gen(function*() {
    const [request, asker] = [yield* listing(of, where), yield* session]
    return Stream.mapError(
      watch(asker, request, listAll(asker, request, whole(of)), whole(of), "application/json"),
      refusal
    )
  }))

/** What there is nearby where a name is wrong; nothing where that may not be asked. */
const help = (of: Kind, namespace: string | undefined, name: string) =>
  list(of, { namespace }).pipe(
    Effect.map((objects) => nearest(name, objects.map(nameOf))),
    Effect.orElseSucceed(() => undefined),
    Effect.map((near) =>
      near === undefined
        ? `sluice get ${of.plural}${of.namespaced ? " -A" : ""} shows those that there are.`
        : `Did you mean ${JSON.stringify(near)}?`
    )
  )

const missing = Effect.fnUntraced(function*(of: Kind, namespace: string | undefined, name: string) {
  const where = of.namespaced ? ` in namespace ${namespace}` : ""
  return yield* InvalidSpec.make({
    detail: `there is no ${of.kind} ${JSON.stringify(name)}${where}`,
    hint: yield* help(of, namespace, name)
  })
})

/** One object, or undefined where there is none. */
export const find = Effect.fnUntraced(function*(of: Kind, namespace: string | undefined, name: string) {
  const request = yield* asking("get", of, namespace, name)
  const asker = yield* session
  return yield* asker.request(request).pipe(
    Effect.catchIf((failure) => failure.status === 404 && !isUnserved(failure), () => Effect.succeed(undefined)),
    Effect.mapError(refusal)
  )
})

/** One object; that it is not there is a failure with the name that was most likely meant. */
export const get = Effect.fnUntraced(function*(of: Kind, namespace: string | undefined, name: string) {
  return (yield* find(of, namespace, name)) ?? (yield* missing(of, namespace, name))
})

/** Changes one Delivery by a JSON merge patch; answers what it is then. */
export const patch = Effect.fnUntraced(function*(namespace: string, name: string, change: JsonObject) {
  const request = yield* asking("patch", deliveries, namespace, name)
  const asker = yield* session
  return yield* asker.request({
    ...request,
    method: "PATCH",
    query: { fieldManager: manager },
    contentType: "application/merge-patch+json",
    body: JSON.stringify(change)
  }).pipe(Effect.mapError(refusal))
})

const nameOf = (object: JsonObject): string =>
  isJsonObject(object.metadata) && typeof object.metadata.name === "string" ? object.metadata.name : ""
