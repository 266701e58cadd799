import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHmac, randomBytes, randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { FetchFailed } from "../domain/StageError.ts"
import type { GitWorker } from "./GitWorker.ts"

/** The packs of one repository as one identity. A store that grew too large goes on in its next generation. */
export interface GitStore {
  readonly directory: string
  generation: number
  /** The oldest generation that may still be on the disk. */
  oldest: number
  /** The next download starts a new generation. */
  isFull: boolean
  /** Something of this generation could not be read: what it claims to hold is fetched again. */
  isDamaged: boolean
  /** The oldest generation that each reader may still need. */
  readonly readers: Set<{ oldest: number }>
  /** How many want it to be there, also while they read nothing. */
  followers: number
}

export interface GitStores {
  /** The store of a URL and credentials; equal parts give the same store. */
  readonly open: (parts: ReadonlyArray<string>) => Effect.Effect<GitStore, FetchFailed>
  /**
   * Keeps every generation from now on until the scope closes; then generations that nobody needs are removed, all but
   * the one before the newest: what changed since then is asked for.
   */
  readonly hold: (store: GitStore) => Effect.Effect<{ oldest: number }, never, Scope.Scope>
  /** Keeps the store from being forgotten until the scope closes: a pinned commit is not listed, and is needed all the same. */
  readonly follow: (store: GitStore) => Effect.Effect<void, never, Scope.Scope>
}

export const generationOf = (store: GitStore, generation = store.generation): string =>
  join(store.directory, String(generation))

const week = 7 * 86_400_000
const hour = 3_600_000
/** What this process used itself and needs no more: of credentials that rotate there would be a store for each. */
const forgotten = 2 * hour
/** A store on its way out: never one that somebody opens. */
const going = "going-"

const attempt = <A>(what: string, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new FetchFailed({ detail: `${what}: ${cause instanceof Error ? cause.message : String(cause)}` })
  })

/** Directory names must not be a way to try out passwords: they are made with a key that only this cache has. */
const cacheKey = async (root: string): Promise<Buffer> => {
  const path = join(root, "key")
  await mkdir(root, { recursive: true, mode: 0o700 })
  await writeFile(path, randomBytes(32), { flag: "wx", mode: 0o600 }).catch(() => {})
  const key = await readFile(path)
  if (key.length === 32) return key
  const fresh = randomBytes(32)
  await writeFile(path, fresh, { mode: 0o600 })
  return fresh
}

const newest = async (directory: string): Promise<number> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return Math.max(1, ...(await readdir(directory)).map(Number).filter(Number.isSafeInteger))
}

export const make = Effect.fnUntraced(function*(
  root: string,
  worker: GitWorker
): Effect.fn.Return<GitStores, never, Scope.Scope> {
  const stores = new Map<string, GitStore>()
  /** When a store was last asked for, and when its folder was last marked as used. */
  const used = new Map<string, number>()
  const touched = new Map<string, number>()
  const key = yield* Effect.cached(attempt(`the cache ${root} cannot be used`, () => cacheKey(root)))
  const removeUnused = Effect.fnUntraced(function*(store: GitStore) {
    const needed = Math.min(store.generation - 1, ...[...store.readers].map(({ oldest }) => oldest))
    if (needed <= store.oldest) return
    store.oldest = needed
    const names = yield* attempt("list", () => readdir(store.directory))
    for (const generation of names.map(Number).filter((number) => number < needed)) {
      const directory = generationOf(store, generation)
      yield* worker.call("close", { directory })
      yield* attempt("remove", () => rm(directory, { recursive: true, force: true }))
    }
  })

  const remove = Effect.fnUntraced(function*(name: string) {
    const [path, gone] = [join(root, name), join(root, `${going}${randomUUID()}`)]
    stores.delete(name)
    used.delete(name)
    touched.delete(name)
    yield* attempt("list", () => readdir(path)).pipe(
      Effect.flatMap(Effect.forEach((generation) => worker.call("close", { directory: join(path, generation) }))),
      // A worker that does not answer is replaced: then nothing of it is open any more.
      Effect.ignore
    )
    yield* attempt("remove", () => rename(path, gone))
    yield* attempt("remove", () => rm(gone, { recursive: true, force: true }))
  })

  /** Stores that nobody needs go: nobody in this process for two hours, and where it never did, nobody for a week. */
  const sweep = Effect.gen(function*() {
    for (const name of yield* attempt("list", () => readdir(root))) {
      const known = stores.get(name)
      if (name === "key" || known !== undefined && (known.readers.size > 0 || known.followers > 0)) continue
      const since = used.get(name) ?? (yield* attempt("look", () => stat(join(root, name)))).mtimeMs
      const isUnused = (yield* Clock.currentTimeMillis) - since > (known === undefined ? week : forgotten)
      if (isUnused || name.startsWith(going)) yield* Effect.ignore(remove(name))
    }
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignore(sweep), Effect.sleep(hour))))

  return {
    open: Effect.fnUntraced(function*(parts) {
      const secret = yield* key
      const name = createHmac("sha256", secret).update(JSON.stringify(parts)).digest("hex").slice(0, 40)
      const directory = join(root, name)
      const now = yield* Clock.currentTimeMillis
      const known = stores.get(name)
      used.set(name, now)
      if (known !== undefined && now - (touched.get(name) ?? 0) < hour) return known
      const generation = yield* attempt(`the cache ${root} cannot be used`, async () => {
        const found = await newest(directory)
        await utimes(directory, now / 1_000, now / 1_000)
        return found
      })
      touched.set(name, now)
      const store = stores.get(name) ??
        { directory, generation, oldest: 0, isFull: false, isDamaged: false, readers: new Set(), followers: 0 }
      stores.set(name, store)
      return store
    }),
    follow: (store) =>
      Effect.acquireRelease(
        Effect.sync(() => void store.followers++),
        () =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            store.followers--
            // From now on it is not needed, and not from when it was asked for last.
            used.set(basename(store.directory), now)
          })
      ),
    hold: (store) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const reader = { oldest: store.generation }
          store.readers.add(reader)
          return reader
        }),
        (reader) => {
          store.readers.delete(reader)
          return store.oldest < store.generation - 1 ? Effect.ignore(removeUnused(store)) : Effect.void
        }
      )
  }
})
