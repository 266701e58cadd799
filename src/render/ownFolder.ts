import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { mkdir, readdir, rename, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"

const separator = "~"

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** The folders that this process has made: a container's processes all have the same id, one after the other. */
const made = new Set<string>()

/** Left by a process of this host that is no more. */
const isAbandoned = (name: string): boolean => {
  const [host, pid] = name.split(separator)
  if (host !== hostname() || pid === undefined || !/^\d+$/u.test(pid)) return false
  return Number(pid) === process.pid ? !made.has(name) : !isAlive(Number(pid))
}

/**
 * A folder that no other process uses, below a directory that all share. What a dead process left is taken over with
 * its content (a rename: of two that try, one succeeds), so that a restart finds most files where they should be; what
 * others left besides is removed.
 */
export const ownFolder = (directory: string): Effect.Effect<string, unknown> =>
  Effect.tryPromise(async () => {
    const name = [hostname(), process.pid, randomUUID()].join(separator)
    const mine = join(directory, name)
    made.add(name)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    let isTaken = false
    for (const left of (await readdir(directory)).filter(isAbandoned)) {
      const path = join(directory, left)
      if (isTaken) await rm(path, { recursive: true, force: true })
      else isTaken = await rename(path, mine).then(() => true, () => false)
    }
    if (!isTaken) await mkdir(mine, { mode: 0o700 })
    return mine
  })
