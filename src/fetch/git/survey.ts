import { posix } from "node:path"
import { setImmediate } from "node:timers/promises"
import type { Limits } from "./calls.ts"
import { damaged, stalled } from "./GitFailure.ts"
import { parseTree } from "./objects.ts"
import type { ObjectStore } from "./ObjectStore.ts"

/** A symbolic link, and the path that it leads to. */
interface Link {
  readonly path: string
  readonly target: string
}

/** What is known of a folder and all below it. */
export interface Survey {
  /** Files and folders. */
  readonly files: number
  /** Folders within folders. */
  readonly depth: number
  /** Undefined if there are more than anybody needs. */
  readonly links: ReadonlyArray<Link> | undefined
}

const linksKept = 1_000
const linkBytes = 4_096
/** Packs are only added to, so that what was whole stays whole; what breaks on the disk shows when it is read. */
const surveys = new WeakMap<ObjectStore, Map<string, Survey>>()

/** Lets other work in after each 10 ms, and ends with the signal. */
export const breather = (signal: AbortSignal) => {
  let since = performance.now()
  return async (): Promise<void> => {
    if (performance.now() - since < 10) return
    await setImmediate()
    signal.throwIfAborted()
    since = performance.now()
  }
}

const targetOf = (store: ObjectStore, id: string): string | undefined => {
  const { data } = store.read(id)
  return data.length > linkBytes ? undefined : data.toString("utf8")
}

/** Walks a tree, the folders that it has not met before: everything has to be there, and within the limits. */
export const survey = async (
  store: ObjectStore,
  url: string,
  tree: string,
  limits: Limits,
  signal: AbortSignal
): Promise<Survey> => {
  const known = surveys.get(store) ?? new Map<string, Survey>()
  surveys.set(store, known)
  const breathe = breather(signal)
  let met = 0
  const withinDepth = (depth: number) => {
    if (depth > limits.depth) throw stalled(`${url}: folders lie deeper than ${limits.depth} in one another`)
  }
  const withinFiles = (files: number) => {
    if (files > limits.files) throw stalled(`${url}: the tree has more than ${limits.files} files`)
  }

  const visit = async (id: string, at: number): Promise<Survey> => {
    const before = known.get(id)
    if (before !== undefined) {
      withinDepth(at + before.depth)
      return before
    }
    withinDepth(at)
    await breathe()
    const object = store.read(id)
    if (object.type !== "tree") throw damaged(`${id} is a ${object.type} and no tree`)
    let [files, depth] = [0, 0]
    let links: Array<Link> | undefined = []
    for (const { id, kind, name } of parseTree(object.data)) {
      if (kind === "module") continue
      files++
      withinFiles(++met)
      if (kind === "folder") {
        const inner = await visit(id, at + 1)
        files += inner.files
        depth = Math.max(depth, inner.depth + 1)
        const below = inner.links?.map(({ path, target }) => ({
          path: `${name}/${path}`,
          target: posix.join(name, target)
        }))
        links = below && links?.concat(below)
      } else if (!store.has(id)) {
        throw damaged(`file ${id} is missing`)
      } else if (kind === "link") {
        const target = targetOf(store, id)
        links = target === undefined ? undefined : links?.concat({ path: name, target: posix.normalize(target) })
      }
      withinFiles(files)
    }
    const found = { files, depth, links: links !== undefined && links.length > linksKept ? undefined : links }
    known.set(id, found)
    return found
  }
  return visit(tree, 0)
}
