import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ControlPlane } from "./ControlPlane.ts"
import type { AuditEvent } from "./controlplane/audit.ts"
import { sluice as run } from "./Sluice.ts"

const root = join(import.meta.dirname, "..", "..")

/** `sluice` on a control plane, as the admin; a stack in what it says is a mistake of ours. */
export const sluiceOn = (plane: ControlPlane, program?: string) => async (...args: ReadonlyArray<string>) => {
  const answer = await run(
    [...args, "--kubeconfig", plane.adminKubeconfigFile],
    program === undefined ? {} : { program }
  )
  if (answer.stderr.includes("    at ")) throw new Error(`an expected error shows no stack: ${answer.stderr}`)
  return answer
}

/** A package of another version: this one's sources with files of `deploy` written over, and its own command. */
export const otherPackage = async (version: string, files: Readonly<Record<string, string>>) => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-package-"))
  for (const name of ["src", "deploy"]) await cp(join(root, name), join(folder, name), { recursive: true })
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, version }))
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
  return {
    program: join(folder, "src", "sluice.js"),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}

/** What `sluice` wrote, dry-runs and reviews apart. */
export const writes = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<string> =>
  events
    .filter(({ requestURI, stage, userAgent, verb }) =>
      stage === "ResponseComplete" && userAgent?.startsWith("sluice") === true &&
      !["get", "list", "watch"].includes(verb) && !requestURI.includes("dryRun=All") && !requestURI.includes("reviews")
    )
    .map(({ requestURI, verb }) => `${verb} ${requestURI.replace(/\?.*$/u, "")}`)
