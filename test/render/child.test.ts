import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as child from "../../src/render/child.ts"

/** A program in a folder of its own. */
const program = (script: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "sluice-child-"))
      writeFileSync(join(folder, "program"), `#!/bin/sh\n${script}\n`)
      chmodSync(join(folder, "program"), 0o755)
      return { folder, file: join(folder, "program") }
    }),
    ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

const options = (folder: string) =>
  ({ arguments: [], folder, home: folder, deadline: "1 minute", maximumOutput: 10_000 }) as const

const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/status`) && !/State:\s+Z/u.test(readFileSync(`/proc/${pid}/status`, "utf8"))

layer(NodeServices.layer, { excludeTestServices: true })("a program", (it) => {
  it.effect("finds nothing of our environment in its own", () =>
    Effect.gen(function*() {
      const { file, folder } = yield* program("export -p")
      const said = yield* child.run(file, options(folder))
      const names = new Set([...said.matchAll(/^export (\w+)=/gmu)].map(([, name]) => name))
      const inherited = Object.keys(process.env).filter((name) =>
        names.has(name) && !["PATH", "HOME", "LC_ALL", "PWD", "OLDPWD", "SHLVL"].includes(name) &&
        !/^(TMPDIR|XDG_\w+|HELM_NO_PLUGINS|KUBECONFIG|\w+_PROXY|GIT_ALLOW_PROTOCOL)$/u.test(name)
      )
      assert.deepStrictEqual(inherited, [])
      assert.match(said, /PATH=''/)
    }))

  it.effect("says no by its exit code and its error output", () =>
    Effect.gen(function*() {
      const { file, folder } = yield* program("echo out; echo wrong >&2; exit 3")
      assert.deepStrictEqual(yield* Effect.flip(child.run(file, options(folder))), { exitCode: 3, stderr: "wrong\n" })
    }))

  it.effect("is killed with its children when it is interrupted, even if it does not want to", () =>
    Effect.gen(function*() {
      const { file, folder } = yield* program(
        "trap '' TERM\n(trap '' TERM; while :; do :; done) &\necho \"$! $$ done\" > pids\nwhile :; do :; done"
      )
      const fiber = yield* Effect.forkChild(child.run(file, options(folder)))
      const pids = join(folder, "pids")
      while (!existsSync(pids) || !readFileSync(pids, "utf8").includes("done")) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      const alive = readFileSync(pids, "utf8").split(" ").slice(0, 2).map(Number)
      assert.deepStrictEqual(alive.map(isAlive), [true, true])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(alive.map(isAlive), [false, false])
    }))
})
