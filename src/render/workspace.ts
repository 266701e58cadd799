import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { digest } from "../domain/digest.ts"
import { type RenderError, RenderFailed } from "../domain/StageError.ts"
import { ownFolder } from "./ownFolder.ts"

/** A folder of one delivery, where programs see its closure and nothing else. */
export interface Workspace {
  /** The closure, by its paths in the repository. */
  readonly tree: string
  /** What the renderer generates; empty at the start of each run. */
  readonly generated: string
  /** A home for the program; empty at the start of each run. */
  readonly home: string
}

const Index = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))

const unkept = (error: unknown): RenderFailed =>
  new RenderFailed({
    detail: `the render folder cannot be kept: ${error instanceof Error ? error.message : String(error)}`,
    class: "transient",
    hint: "Check the space and the rights of the cache folder."
  })

const onDisk = <A>(operation: () => Promise<A>): Effect.Effect<A, RenderFailed> =>
  Effect.tryPromise({ try: operation, catch: unkept })

/** The files below a folder, and what is neither file nor folder (a link, a socket: nothing that we write). */
const inventory = async (root: string) => {
  const found = { files: new Set<string>(), foreign: new Array<string>() }
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name))
    if (entry.isFile()) found.files.add(path)
    else if (!entry.isDirectory()) found.foreign.push(path)
  }
  return found
}

const fresh = async (folder: string) => {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/**
 * Brings the folder up to date: only what differs is written or removed. The index says what the files hold; it is gone
 * while they change, so that a kill half-way leads to a clean start and never to a mixture.
 */
const update = Effect.fnUntraced(function*(
  root: string,
  closure: ReadonlyMap<string, string>,
  read: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Uint8Array>, RenderError>
) {
  const tree = join(root, "tree")
  const index = join(root, "index.json")
  const before = yield* onDisk(() => readFile(index, "utf8")).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Index)),
    Effect.map((record) => new Map(Object.entries(record))),
    Effect.orElseSucceed(() => undefined)
  )
  if (before === undefined) yield* onDisk(() => fresh(tree))
  const { files, foreign } = yield* onDisk(() => inventory(tree))
  const extra = [...files].filter((path) => !closure.has(path))
  const changed = [...closure].filter(([path, id]) => !files.has(path) || before?.get(path) !== id).map(([path]) =>
    path
  )
  if (before !== undefined && extra.length + foreign.length + changed.length === 0) return { tree, isChanged: false }

  yield* onDisk(() => rm(index, { force: true }))
  yield* onDisk(async () => {
    for (const path of [...foreign, ...extra]) await rm(join(tree, path), { recursive: true, force: true })
    // a folder of the last revision may stand where this one has a file
    const added = before === undefined ? [] : changed.filter((path) => !files.has(path))
    for (const path of added) await rm(join(tree, path), { recursive: true, force: true })
  })
  const folders = new Set(changed.map((path) => dirname(join(tree, path))))
  yield* onDisk(async () => {
    for (const folder of folders) await mkdir(folder, { recursive: true })
  })
  for (let from = 0; from < changed.length; from += 256) {
    const paths = changed.slice(from, from + 256)
    const contents = yield* read(paths)
    yield* onDisk(() => Promise.all(paths.map((path, at) => writeFile(join(tree, path), contents[at]!))))
  }
  yield* onDisk(async () => {
    await writeFile(`${index}.part`, JSON.stringify(Object.fromEntries(closure)))
    await rename(`${index}.part`, index)
  })
  return { tree, isChanged: true }
})

const sizeOf = async (root: string): Promise<number> => {
  let bytes = 0
  for (const path of (await inventory(root)).files) bytes += (await stat(join(root, path))).size
  return bytes
}

/** Milliseconds after which a folder that nobody used goes: its delivery may be gone, and who comes back fills it again. */
const kept = 3_600_000

/**
 * The folders of all deliveries, of this process alone: runs of one delivery take turns, and other processes have folders
 * of their own, so that no program sees a folder that changes under it. What nobody used for an hour is removed, with the
 * next use of another; and what was used longest ago, where all together take more than `limit` bytes.
 */
export const make = Effect.fnUntraced(function*(directory: string, limit = Infinity) {
  const own = yield* Effect.cached(Effect.mapError(ownFolder(directory), unkept))
  const turns = new Map<string, { readonly turn: Semaphore.Semaphore; users: number }>()
  /** Bytes of each folder, the one that was used longest ago first. */
  const sizes = new Map<string, number>()
  let sweptAt = 0

  const turnOf = (folder: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const entry = turns.get(folder) ?? { turn: Semaphore.makeUnsafe(1), users: 0 }
        entry.users++
        turns.set(folder, entry)
        return entry.turn
      }),
      () =>
        Effect.sync(() => {
          if (--turns.get(folder)!.users === 0) turns.delete(folder)
        })
    )

  const remove = Effect.fnUntraced(function*(folder: string) {
    const turn = yield* turnOf(folder)
    const path = join(yield* own, folder)
    yield* turn.withPermits(1)(onDisk(() => rm(path, { recursive: true, force: true })))
    sizes.delete(folder)
  }, Effect.scoped)

  /** Each use makes two folders anew in a delivery's: that is when it was used last. */
  const sweep = Effect.gen(function*() {
    const [root, now] = [yield* own, yield* Clock.currentTimeMillis]
    for (const folder of yield* onDisk(() => readdir(root))) {
      const isUnused = () => stat(join(root, folder)).then(({ mtimeMs }) => now - mtimeMs > kept, () => false)
      if (!turns.has(folder) && (yield* onDisk(isUnused))) yield* remove(folder)
    }
  }).pipe(Effect.ignore)

  /** Notes what a folder takes, and makes room for it. */
  const weigh = Effect.fnUntraced(function*(folder: string, tree: string, isChanged: boolean) {
    if (limit === Infinity) return
    const known = isChanged ? undefined : sizes.get(folder)
    sizes.delete(folder)
    sizes.set(folder, known ?? (yield* onDisk(() => sizeOf(tree))))
    let total = sizes.values().reduce((sum, size) => sum + size, 0)
    for (const [other, size] of sizes) {
      if (total <= limit) return
      if (turns.has(other)) continue
      yield* remove(other)
      total -= size
    }
  })

  const sweepNow = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (now - sweptAt < kept / 4) return
    sweptAt = now
    yield* sweep
  })

  /** Uses a delivery's folder with exactly these files in it. `name` is any text that names the delivery. */
  return <A, E>(
    name: string,
    closure: ReadonlyMap<string, string>,
    read: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Uint8Array>, RenderError>,
    use: (workspace: Workspace) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | RenderError> =>
    Effect.gen(function*() {
      const folder = digest(name).slice(7, 31)
      const turn = yield* turnOf(folder)
      yield* sweepNow
      return yield* turn.withPermits(1)(Effect.gen(function*() {
        const root = join(yield* own, folder)
        const generated = join(root, "generated")
        const home = join(root, "home")
        yield* onDisk(() => mkdir(root, { recursive: true, mode: 0o700 }))
        const { isChanged, tree } = yield* update(root, closure, read)
        yield* weigh(folder, tree, isChanged)
        yield* onDisk(() => Promise.all([fresh(generated), fresh(home).then(() => mkdir(join(home, "tmp")))]))
        return yield* use({ tree, generated, home })
      }))
    }).pipe(Effect.scoped)
})
