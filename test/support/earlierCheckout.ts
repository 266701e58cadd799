import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "..", "..")
const run = promisify(execFile)

/** The code of another commit, run with the libraries of today. */
export interface Checkout {
  readonly folder: string
  readonly commit: string
  readonly remove: () => Promise<void>
}

/** A commit's code; undefined where the history does not have it: in a shallow clone, or without one. */
export const earlierCheckout = async (reference: string): Promise<Checkout | undefined> => {
  const git = (...args: ReadonlyArray<string>) => run("git", ["-C", root, ...args])
  if (!existsSync(join(root, ".git"))) return undefined
  const commit = await git("rev-parse", "--verify", "--quiet", `${reference}^{commit}`)
    .then(({ stdout }) => stdout.trim(), () => undefined)
  if (commit === undefined) return undefined
  const folder = await mkdtemp(join(tmpdir(), "sluice-earlier-"))
  const archive = join(folder, "tree.tar")
  await git("archive", "--output", archive, commit)
  await mkdir(join(folder, "tree"))
  await run("tar", ["-xf", archive, "-C", join(folder, "tree")])
  await symlink(join(root, "node_modules"), join(folder, "tree", "node_modules"))
  return {
    folder: join(folder, "tree"),
    commit,
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
