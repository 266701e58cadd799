import { afterAll, assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readElf, stripped } from "../../deploy/image/elf.ts"
import { librariesOf, packagesOf } from "../../deploy/image/libraries.ts"

const triplet = process.arch === "x64" ? "x86_64-linux-gnu" : "aarch64-linux-gnu"
const node = readFileSync(process.execPath)
const folder = mkdtempSync(join(tmpdir(), "sluice-libraries-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** A Debian of which only Node's libraries are left, with the links of a real one: `/lib` leads to `/usr/lib`, absolutely. */
const makeSystem = (name: string, without = ""): string => {
  const system = join(folder, name)
  for (const each of [`usr/lib/${triplet}`, "usr/lib64", "var/lib/dpkg/info"]) {
    mkdirSync(join(system, each), { recursive: true })
  }
  symlinkSync("/usr/lib", join(system, "lib"))
  symlinkSync("usr/lib64", join(system, "lib64"))
  for (const { file, isLoader, path } of librariesOf(process.execPath, triplet, "/")) {
    const base = path.slice(path.lastIndexOf("/") + 1)
    if (base === without) continue
    copyFileSync(realpathSync(file), join(system, "usr/lib", triplet, `${base}.1`))
    symlinkSync(`/lib/${triplet}/${base}.1`, join(system, "usr", isLoader ? "lib64" : `lib/${triplet}`, base))
  }
  return system
}

describe("the libraries of a program", () => {
  it("are taken from the system that is named, not from this one", () => {
    const system = makeSystem("other")
    const found = librariesOf(process.execPath, triplet, system)
    assert.includeMembers(found.map(({ path }) => path), [`lib/${triplet}/libc.so.6`, `lib/${triplet}/libstdc++.so.6`])
    assert.deepStrictEqual(found.filter(({ file }) => !file.startsWith(`${system}/usr/lib/${triplet}/`)), [])
    assert.deepStrictEqual(found.filter(({ isLoader }) => isLoader).map(({ path }) => `/${path}`), [
      readElf(node).interpreter
    ])
  })

  it("are all there, or it is said which is not, and who asked", () => {
    const system = makeSystem("poor", "libm.so.6")
    assert.throws(() => librariesOf(process.execPath, triplet, system), /^libm\.so\.6, which .+ asks for, is not in /u)
  })

  it("belong to packages that are known by version, whichever way their files are listed", () => {
    const system = makeSystem("packaged")
    const libraries = librariesOf(process.execPath, triplet, system)
    const info = join(system, "var/lib/dpkg")
    writeFileSync(join(info, "info", "libc6:amd64.list"), libraries.map(({ origin }) => origin.slice(4)).join("\n"))
    writeFileSync(
      join(info, "status"),
      "Package: other\nVersion: 1\n\nPackage: libc6\nStatus: installed\nVersion: 2.36-9\n"
    )
    const [libc, ...others] = packagesOf(libraries, system)
    assert.deepStrictEqual([libc?.name, libc?.version, others.length], ["libc6", "2.36-9", 0])
    writeFileSync(join(info, "info", "libc6:amd64.list"), "/usr/bin/ldd")
    assert.throws(() => packagesOf(libraries, system), /belongs to no Debian package/u)
  })
})

describe("ELF", () => {
  it("is cut behind what is loaded, and stays what it was", () => {
    const cut = join(folder, "node")
    const bytes = stripped(node)
    assert.strictEqual(bytes.length, readElf(node).end)
    assert.deepStrictEqual(readElf(bytes), readElf(node))
    writeFileSync(cut, bytes, { mode: 0o755 })
    assert.strictEqual(execFileSync(cut, ["--version"], { encoding: "utf8" }), `${process.version}\n`)
  })

  it("is refused where it is none", () => {
    assert.throws(() => readElf(Buffer.from("#!/bin/sh\n")), /not an ELF file/u)
  })
})
