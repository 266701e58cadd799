import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const program = join(import.meta.dirname, "..", "..", "src", "sluice.js")

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-cache-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start = (cache: string) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, "--version"], {
    env: { SLUICE_CACHE: cache, HOME: folder },
    encoding: "utf8"
  })
  return { status, stderr, stdout }
}

describe("the cache", () => {
  it("is made for its user alone, and taken from the group where that had it", () => {
    const made = join(folder, "a", "cache")
    assert.strictEqual(start(made).status, 0)
    assert.strictEqual(statSync(made).mode & 0o777, 0o700)
    chmodSync(made, 0o775)
    assert.strictEqual(start(made).status, 0)
    assert.strictEqual(statSync(made).mode & 0o777, 0o700)
  })

  it("is refused where everybody may write, before anything in it is run", () => {
    const open = join(folder, "open")
    mkdirSync(open)
    chmodSync(open, 0o777)
    const { status, stderr, stdout } = start(open)
    assert.deepStrictEqual([status, stdout], [2, ""])
    assert.include(stderr, "may be written by everybody\n  help: ")
  })

  // Only root can give a folder away; without it there is nothing to try.
  it.runIf(process.getuid?.() === 0)("is refused where it belongs to somebody else", () => {
    const foreign = join(folder, "foreign")
    mkdirSync(foreign, { mode: 0o700 })
    chownSync(foreign, 12_345, 12_345)
    const { status, stderr } = start(foreign)
    assert.strictEqual(status, 2)
    assert.include(stderr, "belongs to another user")
  })
})
