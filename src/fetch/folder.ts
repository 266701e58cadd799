import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { constants } from "node:fs"
import { type FileHandle, lstat, open, readdir, readlink, realpath } from "node:fs/promises"
import { dirname, join, sep } from "node:path"
import type { Artifact } from "../domain/Artifact.ts"
import { digest } from "../domain/digest.ts"
import { FetchFailed } from "../domain/StageError.ts"
import type { EntryKind, Limits, TreeEntry } from "./git/calls.ts"
import { checked, treeArtifact } from "./TreeArtifact.ts"

/** Never part of what is deployed, and often larger than all the rest. */
const leftOut = new Set([".git", "node_modules"])
const filesAtOnce = 16
/** Bytes of files that were read to name them, kept because they are mostly read again. */
const keptBytes = 32 * 1024 * 1024

const failed = (path: string, why: string) =>
  new FetchFailed({ class: "stalled", detail: `cannot read ${path}: ${why}` })

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  ELOOP: "it became a link while it was read"
}

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, FetchFailed> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
      return failed(path, reasons[code] ?? (cause instanceof Error ? cause.message : String(cause)))
    }
  })

const kindOf = (entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }): EntryKind =>
  entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : entry.isFile() ? "file" : "module"

const openFile = (path: string): Effect.Effect<FileHandle, FetchFailed> =>
  // The last step must not be a link, whatever happened since it was looked at; a pipe must not block.
  attempt(path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK))

const readFile = (path: string, limit: number): Effect.Effect<Uint8Array, FetchFailed> =>
  Effect.acquireUseRelease(
    openFile(path),
    Effect.fnUntraced(function*(file) {
      const { size } = yield* attempt(path, () => file.stat())
      if (size > limit) return yield* failed(path, `it has ${size} bytes; the limit is ${limit}`)
      return yield* attempt(path, () => file.readFile())
    }),
    (file) => Effect.promise(() => file.close())
  )

/**
 * The folder that references are resolved in: the nearest one with `.git` at or above a path, else the one that Sluice
 * was started in if the path is inside it, else the path's own.
 */
export const repositoryRoot = Effect.fnUntraced(function*(
  path: string,
  startedIn: string
): Effect.fn.Return<string, FetchFailed> {
  const real = yield* attempt(path, () => realpath(path))
  const isFolder = yield* attempt(path, async () => (await lstat(real)).isDirectory())
  const own = isFolder ? real : dirname(real)
  const started = yield* Effect.promise(() => realpath(startedIn).catch(() => startedIn))
  const otherwise = `${own}${sep}`.startsWith(started.endsWith(sep) ? started : `${started}${sep}`) ? started : own
  for (let folder = own;; folder = dirname(folder)) {
    const isRoot = yield* Effect.promise(() => lstat(join(folder, ".git")).then(() => true, () => false))
    if (isRoot) return folder
    if (folder === dirname(folder)) return otherwise
  }
})

/**
 * A folder on this machine as it is now, `.git` and `node_modules` left out. Nothing is read that is not asked for, and
 * links that leave the folder are refused.
 */
export const folderArtifact = Effect.fnUntraced(function*(
  path: string,
  limits: Pick<Limits, "files" | "fileBytes">
): Effect.fn.Return<Artifact, FetchFailed> {
  const root = yield* attempt(path, () => realpath(path))
  const disk = yield* Semaphore.make(filesAtOnce)
  const kept = new Map<string, Uint8Array>()
  let left = keptBytes
  const unique = digest("working tree", root, crypto.randomUUID())

  const read = Effect.fnUntraced(function*(file: { readonly path: string; readonly id: string }) {
    const place = join(root, file.path)
    const known = kept.get(file.path)
    if (known !== undefined) return known
    if (file.id === "link") return Buffer.from(yield* attempt(place, () => readlink(place)))
    const bytes = yield* Semaphore.withPermit(disk)(readFile(place, limits.fileBytes))
    left -= bytes.length
    if (left >= 0) kept.set(file.path, bytes)
    return bytes
  })

  return treeArtifact({
    revision: { name: "worktree", algorithm: "sha1", hash: "0".repeat(40) },
    commit: undefined,
    url: root,
    digest: unique,
    root: "folder",
    files: limits.files,
    children: (folders) =>
      Effect.forEach(folders, (folder) => {
        const place = join(root, folder.path)
        return Effect.flatMap(attempt(place, () => readdir(place, { withFileTypes: true })), (entries) => {
          const kept = entries.filter(({ name }) => !leftOut.has(name))
          return checked(
            folder.path,
            kept.map((entry): TreeEntry => {
              const kind = kindOf(entry)
              return { name: entry.name, kind, id: kind }
            })
          )
        })
      }, { concurrency: filesAtOnce }),
    identify: (files) =>
      Effect.forEach(files, (file) =>
        file.id === "folder"
          ? Effect.succeed(digest(unique, file.path))
          : Effect.map(read(file), (bytes) => digest(bytes)), { concurrency: "unbounded" }),
    read: (files) => Effect.forEach(files, read, { concurrency: "unbounded" })
  })
})
