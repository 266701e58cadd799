import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Source } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import { digest } from "../domain/digest.ts"
import { canonical, type Json } from "../domain/Json.ts"
import type { Revision } from "../domain/Revision.ts"
import { AuthFailed, type FetchError } from "../domain/StageError.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { credentialsOf } from "./credentials.ts"
import { expiryOf } from "./expiry.ts"
import { wantedOf } from "./gitRef.ts"
import { type GitSourceOptions, make as makeGitSource } from "./GitSource.ts"
import { parseGitUrl } from "./gitUrl.ts"
import { platform } from "./room.ts"

/** What a source may cost unless the settings say otherwise. */
export const fetchDefaults = {
  limits: { bytes: 256 * 1024 * 1024, files: 100_000, depth: 100, fileBytes: 8 * 1024 * 1024 },
  timeouts: { listing: 30_000, download: 300_000 },
  packs: 20
} as const

/** Whatever has a source of its own: a Delivery, a PolicyBundle. */
export interface Sourced {
  /** The namespace that it counts for. */
  readonly metadata?: { readonly namespace?: string | undefined }
  readonly spec: { readonly source: Pick<Source, "git" | "interval"> }
}

/** One delivery's source with the credentials that it had when it was opened: from here on no Secret is read. */
export interface Opened {
  /** Equal for all who share URL, credentials and ref. Lives in memory only. */
  readonly key: string
  readonly url: string
  /** Milliseconds since the epoch: when its credentials end, where they say so. */
  readonly expires: number | undefined
  /** A pinned commit: it never moves. */
  readonly pinned: Revision | undefined
  /** One ref listing; its failure knows no delivery. */
  readonly list: Effect.Effect<Revision, FetchError>
  readonly fetch: (revision: Revision) => Effect.Effect<Artifact, FetchError, Scope.Scope>
  /** Keeps what was downloaded until the scope closes. */
  readonly follow: Effect.Effect<void, never, Scope.Scope>
  /** The same failure in the words of this delivery: it names the Secret that was refused. */
  readonly told: (error: FetchError) => FetchError
}

/** The fetch stage: the tree of the desired revision. */
export class Fetch extends Context.Service<Fetch, {
  readonly open: (delivery: Sourced) => Effect.Effect<Opened, FetchError, Secrets>
  /** The revision that the source points to now: one ref listing, nothing downloaded. */
  readonly head: (delivery: Sourced) => Effect.Effect<Revision, FetchError, Secrets>
  /** The tree of a revision (of the newest if none is named). It stays readable for as long as the scope is open. */
  readonly fetch: (
    delivery: Sourced,
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

  const open = Effect.fnUntraced(function*(
    { metadata, spec: { source } }: Sourced
  ): Effect.fn.Return<Opened, FetchError, Secrets> {
    const wanted = yield* Effect.fromResult(wantedOf(source.git))
    const url = yield* Effect.fromResult(parseGitUrl(source.git.url))
    const credentials = yield* credentialsOf(source.git, url)
    const repository = { url, credentials }
    const pinned: Revision | undefined = wanted.kind === "commit"
      ? { name: wanted.name, algorithm: "sha1", hash: wanted.hash }
      : undefined
    const told: Opened["told"] = (error) =>
      error._tag === "AuthFailed" && source.git.secretRef !== undefined
        ? new AuthFailed({
          ...error,
          hint: `Check the credentials in Secret ${JSON.stringify(source.git.secretRef.name)}.`
        })
        : error
    return {
      key: digest(canonical({ ...repository, wanted } as Json)),
      url,
      expires: expiryOf(credentials),
      pinned,
      list: wanted.kind === "commit" ? Effect.succeed(pinned!) : git.head(repository, wanted),
      fetch: (revision) => Effect.mapError(git.fetch(repository, revision), told),
      follow: git.follow(repository, metadata?.namespace ?? platform),
      told
    }
  })
  const headOf = ({ list, told }: Opened) => Effect.mapError(list, told)

  return {
    open,
    head: Effect.fn("Fetch.head")(function*(delivery) {
      return yield* headOf(yield* open(delivery))
    }),
    fetch: Effect.fn("Fetch.fetch")(function*(delivery, revision) {
      const opened = yield* open(delivery)
      return yield* opened.fetch(revision ?? (yield* headOf(opened)))
    })
  }
})
