import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"

const hash = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/u

/** The commit that a checkout is at, read off its `.git`; undefined where that cannot be told. */
export const commitOf = Effect.fnUntraced(
  function*(root: string) {
    const files = yield* FileSystem.FileSystem
    const head = (yield* files.readFileString(join(root, ".git", "HEAD"))).trim()
    if (hash.test(head)) return head
    const [, ref] = /^ref: (refs\/[\w./-]+)$/u.exec(head) ?? []
    if (ref === undefined || ref.includes("..")) return undefined
    const loose = yield* Effect.orElseSucceed(files.readFileString(join(root, ".git", ref)), () => "")
    if (hash.test(loose.trim())) return loose.trim()
    const packed = yield* files.readFileString(join(root, ".git", "packed-refs"))
    return packed.split("\n").find((line) => line.endsWith(` ${ref}`))?.split(" ")[0]
  },
  Effect.orElseSucceed(() => undefined)
)
