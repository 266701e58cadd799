import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync } from "node:fs"
import { appears, makeMachine, path, realGo } from "./machine.ts"

describe("Programs", () => {
  it.live("takes a program of the pinned minor version from the PATH and asks it once", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      mkdirSync(machine.cacheDirectory)
      const installed = machine.install("kustomize", `echo asked >> ${machine.file("asked")}; echo v5.8.0`)
      assert.strictEqual(yield* path(machine, "kustomize"), installed)
      assert.strictEqual(yield* path(machine, "kustomize"), installed)
      assert.deepStrictEqual(machine.lines("asked"), ["asked"])
    }))

  it.live("looks for the control plane in KUBEBUILDER_ASSETS first", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const assets = yield* makeMachine
      machine.install("etcd", "echo etcd Version: 3.6.1")
      const asset = assets.install("etcd", "echo etcd Version: 3.6.2")
      const found = yield* path(machine, "etcd", { tools: undefined, kubebuilderAssets: assets.folder })
      assert.strictEqual(found, asset)
    }))

  it.live("passes over another version and says so when nothing else works", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      const old = machine.install("kustomize", "echo v4.5.7")
      const error = yield* Effect.flip(path(machine, "kustomize"))
      assert.deepStrictEqual(error.tried.map(({ how }) => how), ["PATH", "download", "go build"])
      assert.include(error.message, `PATH: ${old} is v4.5.7, not v5.8.9`)
      assert.include(error.message, "go build: go is not on the PATH")
      assert.include(error.message, "install it")
    }))

  it.live("neither downloads nor builds where only what is installed counts, nor takes what is in the cache", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      machine.install("go", `echo built >> ${machine.file("builds")}`)
      const error = yield* Effect.flip(path(machine, "kustomize", { installedOnly: true }))
      assert.deepStrictEqual(error.tried, [
        { how: "PATH", why: "not there" },
        { how: "download, go build", why: "not here: SLUICE_PROGRAMS is installed" }
      ])
      assert.deepStrictEqual(machine.lines("builds"), [])
      const installed = machine.install("kustomize", "echo v5.8.0")
      assert.strictEqual(yield* path(machine, "kustomize", { installedOnly: true }), installed)
    }))

  it.live("tells why the build failed and leaves nothing behind", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      machine.install("go", "echo 'go.mod requires go >= 9.9' >&2; exit 1")
      const error = yield* Effect.flip(path(machine, "kustomize"))
      assert.include(error.message, "go build exited 1: go.mod requires go >= 9.9")
      const left = readdirSync(machine.cacheDirectory, { recursive: true, withFileTypes: true })
      assert.deepStrictEqual(left.filter((entry) => entry.isFile()).map((entry) => entry.name), [])
    }))

  it.live.skipIf(realGo === "")(
    "builds from the pinned module, tells about it, and keeps the result",
    () =>
      Effect.gen(function*() {
        const machine = yield* makeMachine
        machine.install("go", `exec ${realGo} "$@"`)
        const lines: Array<string> = []
        const progress = (line: string) => Effect.sync(() => void lines.push(line))
        const built = yield* path(machine, "kustomize", { progress })
        assert.strictEqual(execFileSync(built, { encoding: "utf8" }), "hello v5.8.9\n")
        assert.match(lines[0]!, /^building kustomize v5\.8\.9 from its Go module/)
        machine.install("go", "exit 1")
        assert.strictEqual(yield* path(machine, "kustomize"), built)
      })
  )

  it.live("kills the compiler when it is interrupted", () =>
    Effect.gen(function*() {
      const machine = yield* makeMachine
      machine.install(
        "go",
        `echo $$ > ${machine.file("pid.part")}; mv ${machine.file("pid.part")} ${machine.file("pid")}
exec sleep 600`
      )
      // a folder on the PATH for `mv` and `sleep`, none of which is a program of ours
      const fiber = yield* Effect.forkChild(path(machine, "kustomize", { path: `${machine.path}:/bin` }))
      yield* appears(machine.file("pid"))
      yield* Fiber.interrupt(fiber)
      const pid = Number(machine.lines("pid")[0])
      assert.throws(() => process.kill(pid, 0), /ESRCH/)
    }))
})
