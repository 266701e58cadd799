import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const sluice = join(import.meta.dirname, "..", "..", "..", "src", "sluice.js")

describe("an interrupted process", () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it(`ends with ${code} after ${signal}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "sluice-interrupt-"))
      try {
        const file = join(folder, "delivery.yaml")
        writeFileSync(
          file,
          "apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: shop}\n" +
            "spec: {source: {git: {url: \"http://127.0.0.1:9/shop.git\", branch: main}}}\n"
        )
        const child = spawn(process.execPath, [sluice, "run", "-f", file], { stdio: ["ignore", "pipe", "ignore"] })
        // The first outcome was told: the loop runs, and waits for its next attempt.
        await once(child.stdout, "data")
        child.stdout.resume()
        child.kill(signal)
        assert.deepStrictEqual(await once(child, "exit"), [code, null])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }
})

describe("a process whose output nobody reads any more", () => {
  it("ends without an error of its own", async () => {
    const child = spawn(process.execPath, [sluice, "install", "--export"], { stdio: ["ignore", "pipe", "pipe"] })
    let complaints = ""
    child.stderr.on("data", (chunk: Buffer) => complaints += chunk.toString())
    child.stdout.destroy()
    assert.deepStrictEqual(await once(child, "exit"), [141, null])
    assert.notInclude(complaints, "EPIPE")
  })
})
