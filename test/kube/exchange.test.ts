import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

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
})
