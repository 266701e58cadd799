import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Artifact } from "../domain/Artifact.ts"
import { digest } from "../domain/digest.ts"
import type { Commit, Revision } from "../domain/Revision.ts"
import { AuthFailed, type FetchError, FetchFailed, InvalidSpec, UnsafePath } from "../domain/StageError.ts"
import * as Queue from "../telemetry/Queue.ts"
import type { Credentials } from "./credentials.ts"
import { make as makeFolders } from "./Folders.ts"
import type { CommitObject, Limits, Remote, Wanted, WorkerSettings } from "./git/calls.ts"
import type { GitFailure } from "./git/GitFailure.ts"
import { generationOf, type GitStore, make as makeStores } from "./GitStores.ts"
import { type GitWorker, make as makeWorker } from "./GitWorker.ts"
import { type Tree, treeArtifact } from "./TreeArtifact.ts"
import { make as makeTurns } from "./Turns.ts"

export interface GitSourceOptions {
  /** Where packs are kept between runs. Only Sluice writes there. */
  readonly cacheDirectory: string
  readonly proxy: WorkerSettings["proxy"]
  readonly limits: Limits
  /** Milliseconds for one listing, and for one download. */
  readonly timeouts: { readonly listing: number; readonly download: number }
  /** A store with more packs, or more bytes than twice an artifact may have, starts over. */
  readonly packs: number
  /** Bytes that all of it may take together; no limit, unless given. */
  readonly room?: number | undefined
}

/** One Git repository as one identity. */
export interface Repository {
  readonly url: string
  readonly credentials: Credentials
}

export interface GitSource {
  /** Keeps what was downloaded of a repository until the scope closes; it counts for a namespace, or the `platform`. */
  readonly follow: (repository: Repository, owner: string) => Effect.Effect<void, never, Scope.Scope>
  readonly head: (repository: Repository, wanted: Wanted) => Effect.Effect<Revision, FetchError>
  /** Costs no request if the cache has the revision. */
  readonly fetch: (repository: Repository, revision: Revision) => Effect.Effect<Artifact, FetchError, Scope.Scope>
}

const listingsAtOnce = { quick: { all: 16, host: 8 }, patient: { all: 512, host: 256 }, begun: 1_000 }
const downloadsAtOnce = { quick: { all: 4, host: 3 }, patient: { all: 32, host: 16 }, begun: 1_000 }
const filesAtOnce = 500
const grace = 30_000
/** Differences of revisions, remembered for those who come a little later. */
const changesKept = 16
const changesFor = Duration.minutes(1)

const failed = (failure: GitFailure): FetchError => {
  const { detail, hint, isRefMissing, kind, retryAfter } = failure
  const told = {
    detail,
    ...hint === undefined ? {} : { hint },
    ...retryAfter === undefined ? {} : { retryAfter },
    ...failure.class === undefined ? {} : { class: failure.class }
  }
  return kind === "auth"
    ? new AuthFailed(told)
    : kind === "spec"
    ? new InvalidSpec(told)
    : new FetchFailed({ ...told, ...isRefMissing === undefined ? {} : { isRefMissing } })
}

const commitOf = ({ author, committer, hash, isSigned, message, time }: CommitObject): Commit => ({
  hash,
  author,
  committer,
  subject: message.split("\n", 1)[0] ?? "",
  message,
  time,
  isSigned
})

/** One commit in one folder of packs. */
interface Place {
  readonly repository: Repository
  readonly revision: Revision
  readonly commit: CommitObject
  readonly directory: string
  readonly fail: (failure: GitFailure) => FetchError
}

const artifactOf = (
  worker: GitWorker,
  limits: Limits,
  { commit, directory, fail, repository, revision }: Place,
  given: Pick<Tree, "children" | "changedSince">
): Artifact =>
  treeArtifact({
    ...given,
    revision,
    commit: commitOf(commit),
    url: repository.url,
    digest: digest(commit.tree),
    root: commit.tree,
    files: limits.files,
    identify: (files) => Effect.succeed(files.map(({ id }) => id)),
    read: Effect.fnUntraced(function*(files) {
      const contents: Array<Uint8Array> = []
      for (let at = 0; at < files.length; at += filesAtOnce) {
        const some = files.slice(at, at + filesAtOnce)
        const { bytes, lengths } = yield* worker
          .call("read", { directory, ids: some.map(({ id }) => id), fileBytes: limits.fileBytes })
          .pipe(Effect.mapError((failure) => {
            const file = some.find(({ id }) => failure.detail.includes(id))
            return fail(
              file === undefined ? failure : { ...failure, detail: failure.detail.replace(file.id, file.path) }
            )
          }))
        let start = 0
        for (const length of lengths) contents.push(bytes.subarray(start, start += length))
      }
      return contents
    })
  })

/** Git over HTTP(S). Equal questions that are asked at the same time are asked once. */
export const make = Effect.fnUntraced(function*(
  options: GitSourceOptions
): Effect.fn.Return<GitSource, never, Scope.Scope> {
  const { limits, timeouts } = options
  const worker = yield* makeWorker({ proxy: options.proxy })
  const stores = yield* makeStores(options.cacheDirectory, worker, options.room)
  const folders = yield* makeFolders(worker)
  const listings = makeTurns(listingsAtOnce)
  const downloads = makeTurns(downloadsAtOnce)
  const queues = { listing: yield* Queue.make("listing"), download: yield* Queue.make("download") }

  const storeOf = ({ credentials, url }: Repository) => {
    const { bearerToken, certificateAuthority, password, username } = credentials
    return stores.open([url, username, password, bearerToken, certificateAuthority].map((part) => part ?? ""))
  }
  const remoteOf = ({ credentials, url }: Repository, store: GitStore): Remote => ({
    ...credentials,
    url,
    key: store.directory
  })

  const heads = yield* Cache.makeWith(
    Effect.fnUntraced(function*({ repository, wanted }: { readonly repository: Repository; readonly wanted: Wanted }) {
      const remote = remoteOf(repository, yield* storeOf(repository))
      const { hash, name } = yield* worker
        .call("resolve", { remote, wanted, timeout: timeouts.listing }, timeouts.listing + grace)
        .pipe(Effect.mapError(failed), queues.listing(listings(repository.url)))
      return { name, algorithm: "sha1", hash } satisfies Revision
    }),
    { capacity: 10_000, timeToLive: () => Duration.zero }
  )

  const download = Effect.fnUntraced(function*(remote: Remote, store: GitStore, hash: string) {
    const generation = store.isFull || store.isDamaged ? store.generation + 1 : store.generation
    const directory = generationOf(store, generation)
    yield* stores.clear(store)
    const { bytes, commit, packs } = yield* worker
      .call("fetch", { remote, directory, hash, limits, timeout: timeouts.download }, timeouts.download + grace)
      .pipe(queues.download(downloads(remote.url)))
    store.generation = generation
    store.sizes.set(generation, bytes)
    store.isDamaged = false
    store.isFull = packs >= options.packs || bytes > 2 * limits.bytes
    return { commit, generation }
  })

  const fetches = yield* Cache.makeWith(
    Effect.fnUntraced(function*({ hash, repository }: { readonly repository: Repository; readonly hash: string }) {
      const store = yield* storeOf(repository)
      const remote = remoteOf(repository, store)
      const { generation } = store
      const directory = generationOf(store)
      const once = Effect.gen(function*() {
        const known = store.isDamaged ? undefined : yield* worker.call("look", { directory, hash })
        return known === undefined ? yield* download(remote, store, hash) : { commit: known, generation }
      })
      return yield* once.pipe(
        // What a crash left of the cache is left behind: the next generation starts from nothing.
        Effect.catch((failure) => {
          if (failure.kind !== "damaged") return Effect.fail(failure)
          store.isDamaged = true
          return download(remote, store, hash)
        }),
        Effect.mapError(failed)
      )
    }),
    { capacity: 10_000, timeToLive: () => Duration.zero }
  )

  const changes = yield* Cache.makeWith(
    (pair: { readonly directory: string; readonly older: string; readonly earlier: string; readonly later: string }) =>
      worker.call("compare", { ...pair, limits }).pipe(
        Effect.map((paths) => paths && new Set(paths)),
        Effect.catch((failure) => failure.kind === "damaged" ? Effect.undefined : Effect.fail(failed(failure)))
      ),
    { capacity: changesKept, timeToLive: (exit) => Exit.isSuccess(exit) && exit.value ? changesFor : Duration.zero }
  )

  return {
    // A cache that cannot be used is told when it is.
    follow: (repository, owner) =>
      Effect.ignore(Effect.flatMap(storeOf(repository), (store) => stores.follow(store, owner))),
    head: (repository, wanted) => Cache.get(heads, { repository, wanted }),
    fetch: Effect.fnUntraced(function*(repository, revision) {
      const store = yield* storeOf(repository)
      const reader = yield* stores.hold(store)
      const { commit, generation } = yield* Cache.get(fetches, { repository, hash: revision.hash })
      reader.oldest = generation
      const fail = (failure: GitFailure) => {
        if (failure.kind === "damaged" && generation === store.generation) store.isDamaged = true
        return failed(failure)
      }
      const directory = generationOf(store, generation)
      return artifactOf(worker, limits, { repository, revision, commit, directory, fail }, {
        children: (files) =>
          Effect.mapError(
            folders.children(store, directory, files),
            (failure) => failure instanceof UnsafePath ? failure : fail(failure)
          ),
        changedSince: ({ hash: earlier }) =>
          Cache.get(changes, { directory, older: generationOf(store, generation - 1), earlier, later: revision.hash })
      })
    })
  }
})
