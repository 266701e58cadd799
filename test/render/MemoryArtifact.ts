import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join, posix, relative } from "node:path"
import type { Artifact, ArtifactEntry } from "../../src/domain/Artifact.ts"
import { digest } from "../../src/domain/digest.ts"
import { UnsafePath } from "../../src/domain/StageError.ts"

const idOf = (content: string | Uint8Array) => createHash("sha1").update(content).digest("hex")

/** An artifact that holds exactly these files, and counts how many it was asked to read. */
export const make = (files: Readonly<Record<string, string | Uint8Array>>) => {
  const folders = new Set<string>([""])
  for (const path of Object.keys(files)) {
    for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder)) folders.add(folder)
  }
  const paths = [...Object.keys(files), ...folders].filter((path) => path !== "").sort()
  const entryOf = (path: string): ArtifactEntry | undefined =>
    Object.hasOwn(files, path)
      ? { path, kind: "file", id: idOf(files[path]!) }
      : folders.has(path)
      ? { path, kind: "folder", id: idOf(path) }
      : undefined
  const isBelow = (path: string, folder: string) => folder === "" || path.startsWith(`${folder}/`)
  const reads = { count: 0 }
  const artifact: Artifact = {
    revision: { name: "main", algorithm: "sha1", hash: idOf(JSON.stringify(files)) },
    commit: undefined,
    url: "https://git.example.com/shop.git",
    digest: digest(JSON.stringify(files)),
    resolve: (from, reference) => {
      const path = posix.normalize(posix.join(from, reference)).replace(/\/$/u, "")
      return path.split("/").includes("..") || /(^|\/)\.git(\/|$)/u.test(path)
        ? Effect.fail(new UnsafePath({ path: reference, why: "leads out of the repository" }))
        : Effect.succeed(path === "." ? "" : path)
    },
    entry: (path) => Effect.succeed(entryOf(path)),
    list: (folder) =>
      Effect.succeed(paths.filter((path) => posix.dirname(path) === (folder || ".")).map((path) => entryOf(path)!)),
    walk: (folder) =>
      Effect.succeed(
        paths.filter((path) => isBelow(path, folder)).map((path) => entryOf(path)!)
          .filter(({ kind }) => kind === "file")
      ),
    read: (asked) => {
      reads.count += asked.length
      return Effect.succeed(asked.map((path) => new Uint8Array(Buffer.from(files[path]!))))
    }
  }
  return { artifact, reads }
}

/** The text files below a folder of this machine. */
export const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [relative(folder, path), readFileSync(path, "utf8")]
    })
  )
