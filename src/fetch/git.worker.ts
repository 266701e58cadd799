import { parentPort, workerData } from "node:worker_threads"
import type { CallName, Calls, Question, Remote, Reply, WorkerSettings } from "./git/calls.ts"
import { compare } from "./git/compare.ts"
import { fetchCommit, isComplete, lookUp } from "./git/fetchCommit.ts"
import { damaged, GitError, type GitFailure, stalled, transient } from "./git/GitFailure.ts"
import { connect } from "./git/http.ts"
import { resolve, type Session } from "./git/listing.ts"
import { parseCommit, parseTree } from "./git/objects.ts"
import type { ObjectStore } from "./git/ObjectStore.ts"
import { OpenStores } from "./git/OpenStores.ts"
import { survey } from "./git/survey.ts"

// The thread that speaks Git and reads packs: nothing of it may block or endanger the main loop.

const settings = workerData as WorkerSettings
const sessionsKept = 64
const sessions = new Map<string, Session>()
const stores = new OpenStores(settings.idle)
const lanes = new Map<string, Promise<unknown>>()
const running = new Map<number, AbortController>()

const sessionOf = (remote: Remote): Session => {
  const known = sessions.get(remote.key)
  if (known !== undefined) return known
  const session: Session = { connection: connect(remote, settings) }
  sessions.set(remote.key, session)
  const [oldest] = sessions
  if (sessions.size > sessionsKept && oldest !== undefined) {
    sessions.delete(oldest[0])
    // Closes when the requests under way have ended.
    oldest[1].connection.dispatcher.close().catch(() => {})
  }
  return session
}

/** After a failure nothing that the server told before is taken for granted. */
const asking = async <A>(remote: Remote, work: (session: Session) => Promise<A>): Promise<A> => {
  const session = sessionOf(remote)
  try {
    return await work(session)
  } catch (error) {
    session.connection.base = remote.url
    delete session.advertisement
    throw error
  }
}

/** One download at a time for each store, so that the second builds on the first. */
const inLane = async <A>(directory: string, signal: AbortSignal, work: () => Promise<A>): Promise<A> => {
  const before = lanes.get(directory) ?? Promise.resolve()
  const mine = before.then(() => {
    signal.throwIfAborted()
    return work()
  })
  const settled = mine.catch(() => {})
  lanes.set(directory, settled)
  try {
    return await mine
  } finally {
    if (lanes.get(directory) === settled) lanes.delete(directory)
  }
}

/** The first folder that has a commit whole: looks at folders, and opens none that is not a store. */
const folderOf = async (directories: ReadonlyArray<string>, hash: string): Promise<string | undefined> => {
  for (const directory of directories) if (await isComplete(directory, hash)) return directory
  return undefined
}

const commitIn = (store: ObjectStore, hash: string) => ({ store, tree: parseCommit(hash, store.read(hash).data).tree })

type Handlers = {
  readonly [Name in CallName]: (ask: Calls[Name]["ask"], signal: AbortSignal) => Promise<Calls[Name]["answer"]>
}

const handlers: Handlers = {
  resolve: ({ remote, timeout, wanted }, signal) =>
    asking(remote, (session) => resolve(session, wanted, AbortSignal.any([signal, AbortSignal.timeout(timeout)]))),
  fetch: ({ directory, hash, limits, remote, timeout }, signal) =>
    inLane(directory, signal, () =>
      stores.using(directory, async (store) => {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeout)])
        const commit = await asking(
          remote,
          (session) => fetchCommit(session, store, directory, hash, limits, bounded)
        )
        return { commit, packs: store.packs, bytes: store.bytes }
      })),
  look: ({ directory, hash }) => stores.using(directory, (store) => lookUp(store, directory, hash)),
  compare: async ({ directory, earlier, later, limits, older }, signal) => {
    const before = await folderOf([directory, older], earlier)
    if (before === undefined || !await isComplete(directory, later)) return undefined
    return stores.using(directory, (store) =>
      stores.using(before, async (known) => {
        const now = commitIn(store, later)
        const links = await survey(store, directory, now.tree, limits, signal)
        return compare(commitIn(known, earlier), now, links, signal)
      }))
  },
  trees: ({ directory, ids }) =>
    stores.using(directory, async (store) =>
      ids.map((id) => {
        const { data, type } = store.read(id)
        if (type !== "tree") throw damaged(`${id} is a ${type} and no tree`)
        return parseTree(data)
      })),
  read: async ({ directory, fileBytes, ids }) => {
    const found = new Map<string, Buffer>()
    await stores.using(directory, async (store) => {
      for (const id of ids.toSorted((a, b) => store.sortKey(a) - store.sortKey(b))) {
        const { data } = store.read(id)
        if (data.length > fileBytes) throw stalled(`file ${id} has ${data.length} bytes; the limit is ${fileBytes}`)
        found.set(id, data)
      }
    })
    const files = ids.map((id) => found.get(id)!)
    const lengths = files.map(({ length }) => length)
    const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
    let at = 0
    for (const file of files) {
      bytes.set(file, at)
      at += file.length
    }
    return { bytes, lengths }
  },
  close: async ({ directory }) => {
    stores.close(directory)
    return undefined
  }
}

const failureOf = (error: unknown): GitFailure => {
  if (error instanceof GitError) return error.failure
  if (error instanceof Error && error.name === "TimeoutError") return transient("the Git server took too long").failure
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return transient(`the cache cannot be used: ${error.message}`).failure
  }
  return transient(`fetch broke down: ${error instanceof Error ? error.message : String(error)}`).failure
}

const answer = (reply: Reply, transfer: Array<ArrayBuffer> = []) => parentPort?.postMessage(reply, transfer)

const run = async <Name extends CallName>(id: number, call: Name, ask: Calls[Name]["ask"]): Promise<void> => {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    const result = await handlers[call](ask, controller.signal)
    const bytes = result !== undefined && "bytes" in result && typeof result.bytes !== "number"
      ? [result.bytes.buffer]
      : []
    answer({ id, answer: result }, bytes)
  } catch (error) {
    answer({ id, failure: failureOf(error) })
  } finally {
    running.delete(id)
  }
}

parentPort?.on("message", (question: Question) => {
  if (question.call === "cancel") running.get(question.id)?.abort()
  else void run(question.id, question.call, question.ask)
})
