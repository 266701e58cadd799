import * as Effect from "effect/Effect"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import { type FetchError, FetchFailed, UnsafePath } from "../domain/StageError.ts"
import type { TreeEntry } from "./git/calls.ts"
import { joinPath, nameRefusal, parentOf, resolvePath } from "./paths.ts"

/** A file or folder at its real place, after all links. */
export interface Located {
  readonly path: string
  readonly kind: "file" | "folder"
  readonly id: string
}
export type File = Pick<Located, "path" | "id">
/** What lies directly in a folder, by name: names are safe and there once. */
export type Children = ReadonlyMap<string, TreeEntry>

/** What a kind of source has to know to become an artifact; links and safety are dealt with here, once for all. */
export interface Tree extends Pick<Artifact, "revision" | "commit" | "url" | "digest" | "changedSince"> {
  /** Id of the root folder. */
  readonly root: string
  /** How many files one walk may see. */
  readonly files: number
  readonly children: (folders: ReadonlyArray<File>) => Effect.Effect<ReadonlyArray<Children>, FetchError | UnsafePath>
  readonly identify: (files: ReadonlyArray<File>) => Effect.Effect<ReadonlyArray<string>, FetchError | UnsafePath>
  /** The bytes of files; of a link the text that it holds. */
  readonly read: (files: ReadonlyArray<File>) => Effect.Effect<ReadonlyArray<Uint8Array>, FetchError | UnsafePath>
}

type Failure = FetchError | UnsafePath

const linksFollowed = 40
const linkBytes = 4_096
/** Characters of a path that is looked up without more ado. */
const plainLength = 1_000

const byPath = (a: { readonly path: string }, b: { readonly path: string }) => a.path < b.path ? -1 : 1

/** Names that nobody has checked yet. */
export const checked = (folder: string, entries: ReadonlyArray<TreeEntry>): Effect.Effect<Children, UnsafePath> => {
  const children = new Map<string, TreeEntry>()
  for (const entry of entries) {
    const why = nameRefusal(entry.name) ?? (children.has(entry.name) ? "is there twice" : undefined)
    if (why !== undefined) return Effect.fail(new UnsafePath({ path: joinPath(folder, entry.name).slice(0, 200), why }))
    children.set(entry.name, entry)
  }
  return Effect.succeed(children)
}

/** An artifact over a tree whose links nobody has checked yet. */
export const treeArtifact = (tree: Tree): Artifact => {
  const known = new Map<string, Children>()
  const root: Located = { path: "", kind: "folder", id: tree.root }

  const open = Effect.fnUntraced(function*(folders: ReadonlyArray<File>): Effect.fn.Return<void, Failure> {
    const missing = folders.filter(({ path }) => !known.has(path))
    if (missing.length === 0) return
    const found = yield* tree.children(missing)
    for (const [index, { path }] of missing.entries()) known.set(path, found[index]!)
  })

  /** The text of a link, as a path of the tree. */
  const target = Effect.fnUntraced(function*(link: File): Effect.fn.Return<string, Failure> {
    const [bytes] = yield* tree.read([link])
    if (bytes === undefined || bytes.length > linkBytes) {
      return yield* new UnsafePath({ path: link.path, why: `is a link of more than ${linkBytes} bytes` })
    }
    const text = Buffer.from(bytes).toString("utf8")
    return yield* Effect.mapError(
      Effect.fromResult(resolvePath(parentOf(link.path), text)),
      ({ why }) => new UnsafePath({ path: link.path, why: `is a link that ${why}` })
    )
  })

  /** Follows a checked path from the root, links and all; undefined if nothing is there. */
  const locate = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Located | undefined, Failure> {
    let left = path === "" ? [] : path.split("/")
    let here = root
    let links = 0
    while (left.length > 0) {
      if (here.kind === "file") return undefined
      if (!known.has(here.path)) yield* open([here])
      const entry = known.get(here.path)?.get(left[0]!)
      left = left.slice(1)
      if (entry === undefined || entry.kind === "module") return undefined
      const at = joinPath(here.path, entry.name)
      if (entry.kind === "link") {
        links++
        if (links > linksFollowed) {
          return yield* new UnsafePath({ path, why: `goes through more than ${linksFollowed} links` })
        }
        const next = yield* target({ path: at, id: entry.id })
        left = [...next === "" ? [] : next.split("/"), ...left]
        here = root
      } else {
        here = { path: at, kind: entry.kind, id: entry.id }
      }
    }
    return here
  })

  /** What open folders tell of a path in its plainest form, no links on the way: names of a tree are checked already. */
  const atHand = (path: string): Located | undefined => {
    if (path.length > plainLength) return undefined
    let here = root
    for (const name of path === "" ? [] : path.split("/")) {
      const entry = known.get(here.path)?.get(name)
      if (entry === undefined || entry.kind === "module" || entry.kind === "link") return undefined
      here = { path: joinPath(here.path, name), kind: entry.kind, id: entry.id }
    }
    return here
  }

  const find = (path: string): Effect.Effect<Located | undefined, Failure> =>
    Effect.suspend(() => {
      const here = atHand(path)
      return here === undefined
        ? Effect.flatMap(Effect.fromResult(resolvePath("", path)), locate)
        : Effect.succeed(here)
    })

  /** What lies directly in an open folder, links resolved, in no order. */
  const inside = Effect.fnUntraced(function*(
    folder: Located,
    shown: string
  ): Effect.fn.Return<ReadonlyArray<{ readonly shown: string; readonly real: Located }>, Failure> {
    const result: Array<{ readonly shown: string; readonly real: Located }> = []
    for (const { id, kind, name } of known.get(folder.path)?.values() ?? []) {
      if (kind === "module") continue
      const path = joinPath(folder.path, name)
      const real = kind === "link" ? yield* locate(path) : { path, kind, id }
      if (real !== undefined) result.push({ shown: joinPath(shown, name), real })
    }
    return result
  })

  const entries = (
    found: ReadonlyArray<{ readonly shown: string; readonly real: Located }>
  ): Effect.Effect<ReadonlyArray<ArtifactEntry>, Failure> =>
    Effect.map(
      tree.identify(found.map(({ real }) => real)),
      (ids) => found.map(({ real, shown }, index) => ({ path: shown, kind: real.kind, id: ids[index]! })).sort(byPath)
    )

  const walk = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<ReadonlyArray<ArtifactEntry>, Failure> {
    const start = yield* find(folder)
    if (start === undefined || start.kind === "file") return []
    const shown = yield* Effect.fromResult(resolvePath("", folder))
    const files: Array<{ readonly shown: string; readonly real: Located }> = []
    let level = [{ shown, real: start, above: new Set([start.path]) }]
    while (level.length > 0) {
      yield* open(level.map(({ real }) => real))
      const next: typeof level = []
      for (const { above, real, shown } of level) {
        for (const child of yield* inside(real, shown)) {
          if (child.real.kind === "file") files.push(child)
          // A link to a folder that it lies in would never end.
          else if (!above.has(child.real.path)) next.push({ ...child, above: new Set(above).add(child.real.path) })
        }
        if (files.length + next.length > tree.files) {
          return yield* new FetchFailed({
            class: "stalled",
            detail: `${JSON.stringify(folder)} has more than ${tree.files} files`
          })
        }
      }
      level = next
    }
    return yield* entries(files)
  })

  return {
    revision: tree.revision,
    commit: tree.commit,
    url: tree.url,
    digest: tree.digest,
    ...tree.changedSince === undefined ? {} : { changedSince: tree.changedSince },
    walk,
    resolve: (from, reference) =>
      Effect.gen(function*() {
        if (from === "" && atHand(reference) !== undefined) return reference
        const path = yield* Effect.fromResult(resolvePath("", from))
        const place = yield* locate(path)
        const folder = place?.kind === "file" ? parentOf(path) : path
        const resolved = yield* Effect.fromResult(resolvePath(folder, reference))
        yield* locate(resolved)
        return resolved
      }).pipe(Effect.mapError((error) =>
        error._tag === "UnsafePath"
          ? error
          : new UnsafePath({ path: reference, why: `cannot be looked up: ${error.message}` })
      )),
    entry: Effect.fnUntraced(function*(path) {
      const real = yield* find(path)
      if (real === undefined) return undefined
      const shown = real.path === path ? path : yield* Effect.fromResult(resolvePath("", path))
      const [found] = yield* entries([{ shown, real }])
      return found
    }),
    list: Effect.fnUntraced(function*(folder) {
      const real = yield* find(folder)
      if (real === undefined || real.kind === "file") return []
      yield* open([real])
      return yield* entries(yield* inside(real, yield* Effect.fromResult(resolvePath("", folder))))
    }),
    read: Effect.fnUntraced(function*(paths) {
      const files: Array<Located> = []
      for (const path of paths) {
        const real = yield* find(path)
        if (real?.kind !== "file") {
          return yield* new FetchFailed({
            class: "stalled",
            detail: `there is no file ${JSON.stringify(path)} in the tree`
          })
        }
        files.push(real)
      }
      return yield* tree.read(files)
    })
  }
}
