import { randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { CommitObject, Limits } from "./calls.ts"
import { download } from "./download.ts"
import { stalled } from "./GitFailure.ts"
import { indexPack } from "./indexPack.ts"
import type { Session } from "./listing.ts"
import { parseCommit } from "./objects.ts"
import { ObjectStore } from "./ObjectStore.ts"
import { encodeIndex } from "./packIndex.ts"
import { survey } from "./survey.ts"

/** Commits offered as a base; more would only make the question longer. */
const havesOffered = 4
const leftOverAfter = 3_600_000

/** A folder of packs, and beside them one empty file for each commit that is there whole. */
export const openStore = async (directory: string): Promise<ObjectStore> => {
  await mkdir(join(directory, "complete"), { recursive: true, mode: 0o700 })
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    // What a killed process left; a younger file may belong to one that lives.
    if (name.startsWith("new-") && Date.now() - (await stat(path)).mtimeMs > leftOverAfter) await rm(path)
  }
  return new ObjectStore(directory)
}

/** Whether a folder has a commit whole. */
export const isComplete = (directory: string, hash: string): Promise<boolean> =>
  stat(join(directory, "complete", hash)).then(() => true, () => false)

/** The commit if the store has it whole. */
export const lookUp = async (
  store: ObjectStore,
  directory: string,
  hash: string
): Promise<CommitObject | undefined> => {
  if (!await isComplete(directory, hash)) return undefined
  const path = join(directory, "complete", hash)
  const now = new Date()
  await utimes(path, now, now)
  return parseCommit(hash, store.read(hash).data)
}

const newestCommits = async (directory: string): Promise<ReadonlyArray<string>> => {
  const names = await readdir(join(directory, "complete"))
  const dated = await Promise.all(names.map(async (name) => ({
    name,
    time: (await stat(join(directory, "complete", name))).mtimeMs
  })))
  return dated.sort((a, b) => b.time - a.time).slice(0, havesOffered).map(({ name }) => name)
}

/** Brings one commit into the store. A crash at any point leaves what was there before. */
export const fetchCommit = async (
  session: Session,
  store: ObjectStore,
  directory: string,
  hash: string,
  limits: Limits,
  signal: AbortSignal
): Promise<CommitObject> => {
  const known = await lookUp(store, directory, hash)
  if (known !== undefined) return known
  const { url } = session.connection.remote
  const temporary = join(directory, `new-${randomUUID()}`)
  try {
    const bytes = Math.min(limits.bytes, 2 ** 31 - 1)
    await download(session, { hash, haves: await newestCommits(directory), file: temporary, bytes, signal })
    const pack = await readFile(temporary)
    const sum = pack.subarray(-20)
    // A tree needs about one object for each file and one for each folder.
    const bounds = { bytes: limits.bytes, objects: limits.files * 2 + 1_000 }
    const entries = await indexPack(pack, bounds, signal, (id) => store.has(id) ? store.read(id) : undefined)
    if (entries.length > 0) {
      const name = store.nextName(sum.toString("hex"))
      const index = `${temporary}.idx`
      await writeFile(index, encodeIndex(entries, sum), { mode: 0o600 })
      await rename(temporary, `${name}.pack`)
      await rename(index, `${name}.idx`)
    }
  } finally {
    await rm(temporary, { force: true })
  }
  store.refresh()
  const object = store.has(hash) ? store.read(hash) : undefined
  if (object?.type !== "commit") {
    throw stalled(
      `${url}: ${hash} is ${object === undefined ? "not what the server sent" : `a ${object.type}`}, no commit`
    )
  }
  const commit = parseCommit(hash, object.data)
  await survey(store, url, commit.tree, limits, signal)
  await writeFile(join(directory, "complete", hash), "", { mode: 0o600 })
  return commit
}
