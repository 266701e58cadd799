import { linkSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readGoBuildInfo } from "../../deploy/image/goBuildInfo.ts"
import { buildProgram, imagePrograms, pinOf, strayFrom } from "../../deploy/image/programs.ts"
import { assemble, type Tree } from "../../deploy/image/tree.ts"
import { fromEnvironment } from "../../src/programs/Programs.ts"
import { findPrograms } from "./controlplane/programs.ts"

const arch = process.arch === "x64" ? "amd64" : "arm64"

/**
 * A folder with the image's Go programs. Those that the tests call anyway are taken where they were built from the pinned
 * modules; where they were downloaded, they are built, once for this machine.
 */
export const imageProgramsFolder = async (progress: (line: string) => void): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-image-programs-"))
  const found = await findPrograms(imagePrograms, progress)
  for (const program of imagePrograms) {
    const pin = pinOf(program)
    let file = found.get(program)!
    if (strayFrom(pin, readGoBuildInfo(readFileSync(file)), arch) !== undefined) {
      const kept = join(fromEnvironment(process.env).cacheDirectory, "image", `${program}-${pin.version}-${arch}`)
      mkdirSync(kept, { recursive: true })
      file = join(kept, program)
      progress(`building ${program} for the image`)
      buildProgram(program, file, arch)
    }
    try {
      linkSync(file, join(folder, program))
    } catch {
      symlinkSync(file, join(folder, program))
    }
  }
  return folder
}

/** Makes the image's tree from this checkout and this machine's Debian. */
export const makeTree = (to: string, programs: string, epoch: number): Tree =>
  assemble({ to, arch, programs, epoch, modules: join(import.meta.dirname, "..", ".."), system: "/" })
