import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Revision } from "../domain/Revision.ts"
import { AuthFailed, type FetchError } from "../domain/StageError.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { credentialsOf } from "./credentials.ts"
import { wantedOf } from "./gitRef.ts"
import { type GitSourceOptions, make as makeGitSource } from "./GitSource.ts"
import { parseGitUrl } from "./gitUrl.ts"

/** What a source may cost unless the settings say otherwise. */
export const fetchDefaults = {
  limits: { bytes: 256 * 1024 * 1024, files: 100_000, depth: 100, fileBytes: 8 * 1024 * 1024 },
  timeouts: { listing: 30_000, download: 300_000 },
  packs: 20
} as const

/** The fetch stage: the tree of the desired revision. */
export class Fetch extends Context.Service<Fetch, {
  /** The revision that the source points to now: one ref listing, nothing downloaded. */
  readonly head: (delivery: Delivery) => Effect.Effect<Revision, FetchError, Secrets>
  /** The tree of a revision (of the newest if none is named). It stays readable for as long as the scope is open. */
  readonly fetch: (
    delivery: Delivery,
    revision?: Revision
  ) => Effect.Effect<Artifact, FetchError, Secrets | Scope.Scope>
}>()("sluice/fetch/Fetch") {
  /** Git over HTTP(S), with a cache on disk that survives between runs. */
  static readonly layer = (
    options: Pick<GitSourceOptions, "cacheDirectory" | "proxy"> & Partial<GitSourceOptions>
  ): Layer.Layer<Fetch> => Layer.effect(Fetch, make({ ...fetchDefaults, ...options }))
}

const make = Effect.fnUntraced(function*(
  options: GitSourceOptions
): Effect.fn.Return<Fetch["Service"], never, Scope.Scope> {
  const git = yield* makeGitSource(options)

  const repositoryOf = Effect.fnUntraced(function*({ spec: { source } }: Delivery) {
    const url = yield* Effect.fromResult(parseGitUrl(source.git.url))
    return { url, credentials: yield* credentialsOf(source.git, url) }
  })

  /** Says which Secret was refused. */
  const named = ({ spec: { source } }: Delivery) => (error: FetchError): FetchError =>
    error._tag === "AuthFailed" && source.git.secretRef !== undefined
      ? new AuthFailed({
        ...error,
        hint: `Check the credentials in Secret ${JSON.stringify(source.git.secretRef.name)}.`
      })
      : error

  const head = Effect.fn("Fetch.head")(function*(delivery: Delivery): Effect.fn.Return<Revision, FetchError, Secrets> {
    const wanted = yield* Effect.fromResult(wantedOf(delivery.spec.source.git))
    const repository = yield* repositoryOf(delivery)
    if (wanted.kind === "commit") return { name: wanted.name, algorithm: "sha1", hash: wanted.hash }
    return yield* Effect.mapError(git.head(repository, wanted), named(delivery))
  })

  return {
    head,
    fetch: Effect.fn("Fetch.fetch")(function*(delivery, revision) {
      const repository = yield* repositoryOf(delivery)
      const wanted = revision ?? (yield* head(delivery))
      return yield* Effect.mapError(git.fetch(repository, wanted), named(delivery))
    })
  }
})
