import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { UnsafePath } from "../domain/StageError.ts"
import type { TreeEntry } from "./git/calls.ts"
import type { GitFailure } from "./git/GitFailure.ts"
import type { GitStore } from "./GitStores.ts"
import type { GitWorker } from "./GitWorker.ts"
import { checked, type Children, type File } from "./TreeArtifact.ts"

/** Entries of folders that are remembered: about 7 MiB. */
const remembered = 40_000

/** The folders of Git's trees. A folder is known by its id, so what is remembered of it never grows old. */
export interface Folders {
  /** What lies in folders, in the order asked for; those that are new are asked for together, whoever wants them. */
  readonly children: (
    store: GitStore,
    directory: string,
    folders: ReadonlyArray<File>
  ) => Effect.Effect<ReadonlyArray<Children>, GitFailure | UnsafePath>
}

type Answer = Deferred.Deferred<ReadonlyArray<TreeEntry>, GitFailure>

/** A thousand deliveries of one repository share its folders. */
export const make = Effect.fnUntraced(function*(worker: GitWorker): Effect.fn.Return<Folders, never, Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime()
  const known = new Map<string, Children>()
  /** By directory and id; what is not sent yet, by directory alone. */
  const asked = new Map<string, Answer>()
  const waiting = new Map<string, Map<string, Answer>>()
  let entries = 0

  const recall = (key: string): Children | undefined => {
    const found = known.get(key)
    if (found === undefined) return undefined
    known.delete(key)
    known.set(key, found)
    return found
  }

  const remember = (key: string, children: Children) => {
    if (known.has(key)) return
    known.set(key, children)
    entries += children.size + 1
    for (const [oldest, { size }] of known) {
      if (entries <= remembered) break
      known.delete(oldest)
      entries -= size + 1
    }
  }

  const send = (directory: string, batch: ReadonlyMap<string, Answer>) =>
    Effect.suspend(() => {
      const ids = [...batch.keys()]
      waiting.delete(directory)
      return Effect.map(Effect.exit(worker.call("trees", { directory, ids })), (exit) => {
        for (const [index, id] of ids.entries()) {
          asked.delete(`${directory} ${id}`)
          Deferred.doneUnsafe(batch.get(id)!, Exit.map(exit, (answers) => answers[index]!))
        }
      })
    })

  /** The batch goes when all who run now have asked. */
  const ask = (directory: string, id: string): Answer => {
    const before = asked.get(`${directory} ${id}`)
    if (before !== undefined) return before
    const answer: Answer = Deferred.makeUnsafe()
    asked.set(`${directory} ${id}`, answer)
    const batch = waiting.get(directory)
    if (batch === undefined) {
      const fresh = new Map([[id, answer]])
      waiting.set(directory, fresh)
      fork(send(directory, fresh))
    } else {
      batch.set(id, answer)
    }
    return answer
  }

  return {
    children: (store, directory, folders) =>
      Effect.suspend(() =>
        Effect.all(folders.map((folder) => {
          const key = `${store.directory} ${folder.id}`
          const found = recall(key)
          if (found !== undefined) return Effect.succeed(found)
          return Effect.flatMap(Deferred.await(ask(directory, folder.id)), (listed) => {
            const found = recall(key)
            return found !== undefined
              ? Effect.succeed(found)
              : Effect.tap(checked(folder.path, listed), (children) => Effect.sync(() => remember(key, children)))
          })
        }))
      )
  }
})
