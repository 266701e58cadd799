import { assert, describe, it } from "@effect/vitest"
import { execFile, fork } from "node:child_process"
import { once } from "node:events"
import { createSecureServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { makeAuthority } from "../support/controlplane/x509.ts"

describe("an exchange", () => {
  it("survives that writes are interrupted while they are sent", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, "interruptedWrites.ts")
    ], { timeout: 15_000, killSignal: "SIGKILL" })
    assert.strictEqual(stdout.trim(), "answered")
  }, 20_000)

  it("survives that writes are stopped at each step, and connections cut", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, "guardedWrites.ts")
    ], { timeout: 30_000, killSignal: "SIGKILL" })
    assert.strictEqual(stdout.trim(), "answered")
  }, 40_000)

  it("survives that who is refused a connection asks again at once", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, "refusedConnections.ts")
    ], { timeout: 15_000, killSignal: "SIGKILL" })
    assert.strictEqual(stdout.trim(), "20 refused")
  }, 20_000)

  it("of a process that is stopped at any moment is not completed after the process goes on", async () => {
    const authority = makeAuthority()
    const { certificate, key } = authority.server(["localhost"])
    /** When the process went on, while nothing may go any more. */
    let goesOnSince = Number.POSITIVE_INFINITY
    const tally = { whole: 0, late: 0 }
    let seen = 0
    const server = createSecureServer({ cert: certificate, key })
    server.on("sessionError", () => {}).on("stream", (stream) => {
      const arrived = performance.now()
      seen = arrived
      let body = ""
      stream.on("error", () => {}).on("data", (chunk: Buffer) => {
        seen = performance.now()
        body += chunk.toString()
      }).on("end", () => {
        const isWhole = body.length > 1_000
        if (isWhole) tally[arrived > goesOnSince ? "late" : "whole"]++
        if (stream.destroyed) return
        stream.respond({ ":status": isWhole ? 200 : 400 })
        stream.end()
      })
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const ca = Buffer.from(authority.certificate).toString("base64")
    const child = fork(join(import.meta.dirname, "stoppedWrites.ts"), [String(port), ca], { stdio: "ignore" })
    try {
      for (let round = 0; round < 12; round++) {
        goesOnSince = Number.POSITIVE_INFINITY
        for (let beats = 0; beats < 8; beats++) {
          child.send(Date.now())
          await sleep(30)
        }
        await sleep(Math.random() * 40)
        child.kill("SIGSTOP")
        // Until what the system has has come, however busy this process is.
        for (const stopped = performance.now(); performance.now() - Math.max(stopped, seen) < 200;) await sleep(20)
        goesOnSince = performance.now()
        child.kill("SIGCONT")
        await sleep(120)
      }
    } finally {
      child.kill("SIGKILL")
      server.close()
    }
    assert.isAbove(tally.whole, 100)
    assert.strictEqual(tally.late, 0)
  }, 30_000)
})
