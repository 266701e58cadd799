import type { TreeEntry } from "./calls.ts"
import { damaged } from "./GitFailure.ts"
import { parseTree } from "./objects.ts"
import type { ObjectStore } from "./ObjectStore.ts"
import { breather, type Survey } from "./survey.ts"

/** A folder in one of two trees; the store may be of an older generation. */
interface Side {
  readonly store: ObjectStore
  readonly tree: string
}

/** Of more differences nobody wants to know each. */
const most = 20_000

const entriesOf = (store: ObjectStore, id: string | undefined): ReadonlyMap<string, TreeEntry> => {
  if (id === undefined) return new Map()
  const { data, type } = store.read(id)
  if (type !== "tree") throw damaged(`${id} is a ${type} and no tree`)
  return new Map(parseTree(data).filter(({ kind }) => kind !== "module").map((entry) => [entry.name, entry]))
}

const folderOf = (entry: TreeEntry | undefined) => entry?.kind === "folder" ? entry.id : undefined

/**
 * Every path that differs between two trees, folders included, the root as the empty path. Undefined where a path may
 * lead to what differs in a way that its name does not tell, through a link, and where too much differs.
 */
export const compare = async (
  earlier: Side,
  later: Side,
  { links }: Survey,
  signal: AbortSignal
): Promise<ReadonlyArray<string> | undefined> => {
  if (earlier.tree === later.tree) return []
  const breathe = breather(signal)
  const different = new Set([""])
  const folders: Array<readonly [string, string | undefined, string | undefined]> = [["", earlier.tree, later.tree]]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await breathe()
    const [path, before, after] = folder
    const [old, fresh] = [entriesOf(earlier.store, before), entriesOf(later.store, after)]
    for (const name of new Set([...old.keys(), ...fresh.keys()])) {
      const [a, b] = [old.get(name), fresh.get(name)]
      if (a?.id === b?.id && a?.kind === b?.kind) continue
      if (a?.kind === "link" || b?.kind === "link" || different.size > most) return undefined
      const here = path === "" ? name : `${path}/${name}`
      different.add(here)
      if (folderOf(a) !== undefined || folderOf(b) !== undefined) folders.push([here, folderOf(a), folderOf(b)])
    }
  }
  const isTouched = ({ target }: { readonly target: string }) =>
    different.has(target.replace(/\/+$/u, "").replace(/^\.$/u, ""))
  return links === undefined || links.some(isTouched) ? undefined : [...different]
}
