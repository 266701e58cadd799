import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { createHmac, randomBytes, randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { FetchFailed } from "../domain/StageError.ts"
import type { GitFailure } from "./git/GitFailure.ts"
import type { GitWorker } from "./GitWorker.ts"
import { makeRoom, type Occupant } from "./room.ts"

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
  /** Who wants it to be there, also while nothing is read: namespaces, and how often. */
  readonly followers: Map<string, number>
  /** Bytes of each generation on the disk. */
  readonly sizes: Map<number, number>
}

export interface GitStores {
  /** The store of a URL and credentials; equal parts give the same store. */
  readonly open: (parts: ReadonlyArray<string>) => Effect.Effect<GitStore, FetchFailed>
  /**
   * Keeps every generation from now on until the scope closes; then generations that nobody needs are removed, all but
   * the one before the newest: what changed since then is asked for.
   */
  readonly hold: (store: GitStore) => Effect.Effect<{ oldest: number }, never, Scope.Scope>
  /**
   * Keeps the store from being forgotten until the scope closes: a pinned commit is not listed, and is needed all the same.
   * `owner` is the namespace that it counts for, or `platform`.
   */
  readonly follow: (store: GitStore, owner: string) => Effect.Effect<void, never, Scope.Scope>
  /** Makes room for a download into a store, as `makeRoom` says; fails where its owners have to make it. */
  readonly clear: (store: GitStore) => Effect.Effect<void, GitFailure>
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

const sizeOf = async (directory: string): Promise<number> => {
  const files = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(({ name }) => stat(join(directory, name)).then(({ size }) => size, () => 0))
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Bytes of each generation that is there. */
const sizesOf = async (directory: string): Promise<Map<number, number>> => {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const generations = (await readdir(directory)).filter((name) => Number.isSafeInteger(Number(name)))
  return new Map(
    await Promise.all(generations.map(async (name) => [Number(name), await sizeOf(join(directory, name))] as const))
  )
}

const bytesOf = (sizes: ReadonlyMap<number, number>): number => sizes.values().reduce((sum, size) => sum + size, 0)

const told = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`

/** A store of an earlier process. */
type Left = Pick<Occupant, "bytes" | "usedAt">

/** The stores below `root`, which take `limit` bytes together, but for what is downloaded at the moment. */
export const make = Effect.fnUntraced(function*(
  root: string,
  worker: GitWorker,
  limit = Infinity
): Effect.fn.Return<GitStores, never, Scope.Scope> {
  const lock = yield* Semaphore.make(1)
  /** What an earlier process left and nobody has opened yet. */
  let inherited: Map<string, Left> | undefined
  const stores = new Map<string, GitStore>()
  /** When a store was last asked for, and when its folder was last marked as used. */
  const used = new Map<string, number>()
  const touched = new Map<string, number>()
  const key = yield* Effect.cached(attempt(`the cache ${root} cannot be used`, () => cacheKey(root)))
  const removeUnused = Effect.fnUntraced(function*(store: GitStore, kept = 1) {
    const needed = Math.min(store.generation - kept, ...[...store.readers].map(({ oldest }) => oldest))
    if (needed <= store.oldest) return
    store.oldest = needed
    const names = yield* attempt("list", () => readdir(store.directory))
    for (const generation of names.map(Number).filter((number) => number < needed)) {
      const directory = generationOf(store, generation)
      yield* worker.call("close", { directory })
      yield* attempt("remove", () => rm(directory, { recursive: true, force: true }))
      store.sizes.delete(generation)
    }
  })

  const remove = Effect.fnUntraced(function*(name: string) {
    const [path, gone] = [join(root, name), join(root, `${going}${randomUUID()}`)]
    stores.delete(name)
    used.delete(name)
    touched.delete(name)
    inherited?.delete(name)
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
      if (name === "key" || known !== undefined && (known.readers.size > 0 || known.followers.size > 0)) continue
      const since = used.get(name) ?? (yield* attempt("look", () => stat(join(root, name)))).mtimeMs
      const isUnused = (yield* Clock.currentTimeMillis) - since > (known === undefined ? week : forgotten)
      if (isUnused || name.startsWith(going)) yield* Effect.ignore(remove(name))
    }
  })
  const inherit = Effect.gen(function*() {
    if (inherited !== undefined) return inherited
    const found = new Map<string, Left>()
    for (const name of yield* attempt("list", () => readdir(root))) {
      if (name === "key" || stores.has(name)) continue
      const directory = join(root, name)
      const one = attempt("look", async () => ({
        bytes: bytesOf(await sizesOf(directory)),
        usedAt: (await stat(directory)).mtimeMs
      }))
      found.set(name, yield* one)
    }
    return inherited = found
  })

  const occupants = Effect.map(inherit, (left): ReadonlyArray<Occupant> => [
    ...[...left].map(([name, { bytes, usedAt }]) => ({ name, bytes, usedAt, owners: [], isRead: false })),
    ...[...stores].map(([name, { followers, readers, sizes }]) => ({
      name,
      bytes: bytesOf(sizes),
      owners: [...followers.keys()],
      isRead: readers.size > 0,
      usedAt: used.get(name) ?? 0
    }))
  ])

  const clear = Effect.fnUntraced(function*(store: GitStore) {
    if (limit === Infinity) return
    const asking = [...store.followers.keys()]
    const ask = Effect.map(Effect.orElseSucceed(occupants, () => []), (all) => makeRoom(all, asking, limit))
    const first = yield* ask
    if (first._tag === "Free" && first.goes.length === 0) return
    // What only tells what has changed goes first.
    for (const one of stores.values()) yield* Effect.ignore(removeUnused(one, 0))
    const room = yield* ask
    if (room._tag === "Free") {
      return yield* Effect.forEach(room.goes, (name) => Effect.ignore(remove(name)), { discard: true })
    }
    const { bytes, owner, share } = room
    return yield* Effect.fail<GitFailure>({
      kind: "failed",
      class: "transient",
      detail:
        `there is no room for it: the repositories of namespace ${owner} take ${told(bytes)} of the agent's disk, ` +
        `more than its share of ${told(share)}`,
      hint: "Follow fewer or smaller repositories there, or give the agent more room: --data-limit, and its volume."
    })
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
      const sizes = yield* attempt(`the cache ${root} cannot be used`, async () => {
        const found = await sizesOf(directory)
        await utimes(directory, now / 1_000, now / 1_000)
        return found
      })
      touched.set(name, now)
      const store = stores.get(name) ?? {
        directory,
        generation: Math.max(1, ...sizes.keys()),
        oldest: 0,
        isFull: false,
        isDamaged: false,
        readers: new Set(),
        followers: new Map(),
        sizes
      }
      stores.set(name, store)
      inherited?.delete(name)
      return store
    }),
    clear: (store) => Semaphore.withPermit(lock, clear(store)),
    follow: (store, owner) =>
      Effect.acquireRelease(
        Effect.sync(() => void store.followers.set(owner, (store.followers.get(owner) ?? 0) + 1)),
        () =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const others = (store.followers.get(owner) ?? 1) - 1
            if (others > 0) store.followers.set(owner, others)
            else store.followers.delete(owner)
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
