import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"

/** Makes temporary folders of files, each with a `.git` as a repository has it; they are gone after the last test. */
export const temporaryFolders = (name: string) => {
  const folders: Array<string> = []
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  return (files: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`))
    folders.push(folder)
    mkdirSync(join(folder, ".git"))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return folder
  }
}
