import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { mkdir, readdir, rename } from "node:fs/promises"
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

/** Left by a process of this host that is no more. */
const isAbandoned = (name: string): boolean => {
  const [host, pid] = name.split(separator)
  return host === hostname() && pid !== undefined && /^\d+$/u.test(pid) && !isAlive(Number(pid))
}

/**
 * A folder that no other process uses, below a directory that all share. What a dead process left is taken over with
 * its content (a rename: of two that try, one succeeds), so that a restart finds most files where they should be.
 */
export const ownFolder = (directory: string): Effect.Effect<string, unknown> =>
  Effect.tryPromise(async () => {
    const mine = join(directory, [hostname(), process.pid, randomUUID()].join(separator))
    await mkdir(directory, { recursive: true, mode: 0o700 })
    for (const name of (await readdir(directory)).filter(isAbandoned)) {
      const taken = await rename(join(directory, name), mine).then(() => true, () => false)
      if (taken) return mine
    }
    await mkdir(mine, { mode: 0o700 })
    return mine
  })
