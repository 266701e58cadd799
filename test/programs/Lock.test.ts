import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Lock from "../../src/programs/Lock.ts"
import { makeMachine, realGo } from "./machine.ts"

const script = fileURLToPath(new URL("askForKustomize.ts", import.meta.url))

describe("Lock", () => {
  it.live.skipIf(realGo === "")("lets one of two processes build while the other waits", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const goAhead = machine.file("go-ahead")
      machine.install(
        "go",
        `echo built >> ${machine.file("builds")}
while [ ! -e ${goAhead} ]; do /bin/sleep 0.05; done
exec ${realGo} "$@"`
      )
      const lines: Array<string> = []
      const ask = Effect.promise(() =>
        new Promise<void>((resolve) => {
          const child = spawn(process.execPath, [script, JSON.stringify(machine)], {
            stdio: ["ignore", "pipe", "inherit"]
          })
          createInterface(child.stdout).on("line", (line) => {
            lines.push(line)
            const both = ["building", "waiting"].every((word) => lines.some((line) => line.startsWith(word)))
            if (both) writeFileSync(goAhead, "")
          })
          child.once("close", () => resolve())
        })
      )
      yield* Effect.all([ask, ask], { concurrency: "unbounded" })
      assert.deepStrictEqual(machine.lines("builds"), ["built"])
      const got = lines.filter((line) => line.startsWith("got "))
      assert.lengthOf(got, 2)
      assert.strictEqual(got[0], got[1])
    }), 60_000)

  it.live("takes over from a process that died, and goes with its scope", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const dead = spawnSync("true").pid
      const file = machine.file("lock")
      writeFileSync(file, `${dead} ${hostname()}`)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Lock.acquire(file, Effect.die("it waited"))
        assert.strictEqual(readFileSync(file, "utf8"), `${process.pid} ${hostname()}`)
      }))
      assert.isFalse(existsSync(file))
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
