import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Capabilities } from "../domain/Health.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { groupOf } from "../domain/ObjectRef.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { unanswered } from "./failure.ts"
import type { KubeRequest, KubeSession } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"

/** What the cluster serves, by `<apiVersion>/<kind>`. */
export interface Discovered {
  readonly kinds: ReadonlyMap<string, ResourceKind>
  /** Group versions whose server did not answer the API server: what they serve is not known. */
  readonly stale: ReadonlySet<string>
}

export interface Discovery {
  /** The kind as the cluster serves it; one that is not known makes it ask again, at most once a second. */
  readonly kindOf: (apiVersion: string, kind: string) => Effect.Effect<ResourceKind | undefined, KubeFailure>
  readonly capabilities: Effect.Effect<Capabilities, KubeFailure>
  /** A CRD or an APIService was written: for half a minute unknown kinds are asked for ten times a second. */
  readonly expectChange: Effect.Effect<void>
}

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []
const text = (value: Json | undefined): string => typeof value === "string" ? value : ""
const keyOf = (apiVersion: string, kind: string): string => `${apiVersion}/${kind}`

/** Reads APIGroupDiscoveryLists of `/api` and `/apis` (apidiscovery.k8s.io/v2). */
export const read = (documents: ReadonlyArray<JsonObject>): Discovered => {
  const kinds = new Map<string, ResourceKind>()
  const stale = new Set<string>()
  for (const group of documents.flatMap((document) => list(document.items))) {
    const name = text(at(group, "metadata", "name"))
    for (const version of list(at(group, "versions"))) {
      const apiVersion = name === "" ? text(at(version, "version")) : `${name}/${text(at(version, "version"))}`
      if (at(version, "freshness") === "Stale") stale.add(apiVersion)
      for (const resource of list(at(version, "resources"))) {
        const kind = text(at(resource, "responseKind", "kind"))
        if (kind === "" || kinds.has(keyOf(apiVersion, kind))) continue
        kinds.set(keyOf(apiVersion, kind), {
          apiVersion,
          kind,
          plural: text(at(resource, "resource")),
          namespaced: at(resource, "scope") === "Namespaced",
          verbs: list(at(resource, "verbs")).map(text)
        })
      }
    }
  }
  return { kinds, stale }
}

/** `apps/v1` and `apps/v1/Deployment`, as Helm spells `.Capabilities.APIVersions`. */
export const apiVersionsOf = ({ kinds }: Discovered): ReadonlyArray<string> =>
  [...new Set([...kinds.values()].map(({ apiVersion }) => apiVersion)), ...kinds.keys()].sort()

const asking = (path: string, accept: string): KubeRequest => ({
  asked: { verb: "get", resource: path },
  method: "GET",
  path,
  accept,
  idempotent: true
})

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
const patience = 1_000
const impatience = 100
const expectation = 30_000

/** Two requests tell everything that a cluster serves; the answer is kept until a kind is asked for that is not in it. */
export const make = Effect.fnUntraced(function*(session: KubeSession) {
  const lock = yield* Semaphore.make(1)
  let known: Discovered | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let version: string | undefined

  const ask = Effect.gen(function*() {
    const documents = yield* Effect.all(["/api", "/apis"].map((path) => session.request(asking(path, aggregated))), {
      concurrency: "unbounded"
    })
    askedAt = yield* Clock.currentTimeMillis
    known = read(documents)
    return known
  })
  const current = Effect.suspend(() =>
    known === undefined
      ? Semaphore.withPermit(lock, Effect.suspend(() => known === undefined ? ask : Effect.succeed(known)))
      : Effect.succeed(known)
  )
  const refreshed = Effect.fnUntraced(function*(wanted: string) {
    const now = yield* Clock.currentTimeMillis
    const enough = now < changedAt + expectation ? impatience : patience
    return known !== undefined && (known.kinds.has(wanted) || now < askedAt + enough) ? known : yield* ask
  }, Semaphore.withPermit(lock))

  const kindOf = Effect.fnUntraced(function*(apiVersion: string, kind: string) {
    const wanted = keyOf(apiVersion, kind)
    const found = (yield* current).kinds.get(wanted)
    if (found !== undefined) return found
    const again = yield* refreshed(wanted)
    if (again.stale.has(apiVersion)) {
      const asked = { verb: "get", resource: `/apis/${apiVersion}` }
      return yield* unanswered(
        asked,
        "the kubeconfig's user",
        "DiscoveryFailed",
        `the server of ${apiVersion} does not answer the API server`
      )
    }
    return again.kinds.get(wanted)
  })

  const askVersion = Effect.map(session.request(asking("/version", "application/json")), (told) => {
    version = text(told.gitVersion)
    return version
  })
  const discovery: Discovery = {
    kindOf,
    capabilities: Effect.all({
      version: Effect.suspend(() => version === undefined ? askVersion : Effect.succeed(version)),
      apiVersions: Effect.map(current, apiVersionsOf)
    }),
    expectChange: Effect.map(Clock.currentTimeMillis, (now) => {
      changedAt = now
    })
  }
  return discovery
})

/** `deployments.apps`, as RBAC and people name a resource. */
export const resourceOf = ({ apiVersion, plural }: ResourceKind): string =>
  groupOf(apiVersion) === "" ? plural : `${plural}.${groupOf(apiVersion)}`
