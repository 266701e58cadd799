import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { arch, platform } from "node:os"
import { gzipSync } from "node:zlib"
import { catalogue } from "../../src/programs/catalogue.ts"
import { checksumIn, tarMember } from "../../src/programs/download.ts"
import { makeMachine, path, tools } from "./machine.ts"

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")

const tar = (name: string, content: string) => {
  const header = Buffer.alloc(512)
  header.write(name)
  header.write(content.length.toString(8).padStart(11, "0"), 124)
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
  body.write(content)
  return Buffer.concat([header, body, Buffer.alloc(1024)])
}

const release = catalogue.kustomize.release("v5.8.9", {
  os: platform(),
  arch: arch() === "x64" ? "amd64" : arch()
})
const name = release.url.slice(release.url.lastIndexOf("/") + 1)
const tarball = gzipSync(tar("kustomize", "#!/bin/sh\n"))

/** Serves files by the address that they have at their publisher. */
const serve = (files: Readonly<Record<string, Buffer | string>>) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly mirror: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        const file = files[`https:/${request.url}`]
        response.writeHead(file === undefined ? 404 : 200).end(file)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ mirror: `http://127.0.0.1:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

describe("download", () => {
  it.live("takes the program out of a release that has the published checksum", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const list = `${"0".repeat(64)}  other.tar.gz\n${sha256(tarball)}  ${name}\n`
      const { mirror } = yield* serve({ [release.url]: tarball, [release.checksums!]: list })
      const file = yield* path(machine, "kustomize", { mirror })
      assert.strictEqual(readFileSync(file, "utf8"), "#!/bin/sh\n")
    }))

  it.live("refuses a release with another checksum", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const { mirror } = yield* serve({ [release.url]: tarball, [release.checksums!]: `${"0".repeat(64)}  ${name}` })
      const error = yield* Effect.flip(path(machine, "kustomize", { mirror }))
      assert.include(error.message, `${name} has sha256 ${sha256(tarball)}, not ${"0".repeat(64)}: refused`)
    }))

  it.live("believes the pinned checksum and not the publisher", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      cpSync(tools, machine.file("tools"), { recursive: true })
      writeFileSync(machine.file("tools/checksums.json"), JSON.stringify({ [release.url]: "1".repeat(64) }))
      const { mirror } = yield* serve({ [release.url]: tarball, [release.checksums!]: `${sha256(tarball)}  ${name}` })
      const error = yield* Effect.flip(path(machine, "kustomize", { mirror, tools: machine.file("tools") }))
      assert.include(error.message, "refused")
    }))

  it("reads a list of checksums, or a file with one alone", () => {
    const sum = "a".repeat(64)
    assert.strictEqual(checksumIn(`${sum} *kubectl\n`, "kubectl"), sum)
    assert.strictEqual(checksumIn(`${sum}\n`, "kubectl"), sum)
    assert.isUndefined(checksumIn(`${sum}  other\n`, "kubectl"))
    assert.isUndefined(checksumIn("<html>", "kubectl"))
  })

  it("finds a file in a tarball", () => {
    assert.strictEqual(tarMember(tar("./etcd/etcd", "x"), "etcd/etcd")?.toString(), "x")
    assert.isUndefined(tarMember(tar("etcd", "x"), "etcdctl"))
  })
})
