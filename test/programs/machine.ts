import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Program } from "../../src/programs/catalogue.ts"
import { type Options, Programs } from "../../src/programs/Programs.ts"

/** Pins `kustomize` to a Go module without dependencies. */
export const tools = fileURLToPath(new URL("../fixtures/programs", import.meta.url))

export const realGo = execFileSync("/bin/sh", ["-c", "command -v go || true"], { encoding: "utf8" }).trim()

/** A machine with an empty cache, an empty PATH folder and no network, which goes with the scope. */
export const makeMachine = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-programs-"))
    return {
      folder,
      cacheDirectory: join(folder, "cache"),
      path: folder,
      file: (name: string) => join(folder, name),
      /** Installs a shell script. */
      install: (name: string, script: string) => {
        writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
        chmodSync(join(folder, name), 0o755)
        return join(folder, name)
      },
      /** The lines of a file; none if it does not exist. */
      lines: (name: string) =>
        existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim().split("\n") : []
    }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

export type Machine = Effect.Success<typeof makeMachine>

export const nowhere = "http://127.0.0.1:9"

/** `Programs.path` in a process of its own, as far as what it remembers goes. */
export const path = (machine: Machine, program: Program, options: Partial<Options> = {}) =>
  Effect.flatMap(Programs, (programs) => programs.path(program)).pipe(
    Effect.provide(
      Programs.layer({
        cacheDirectory: machine.cacheDirectory,
        path: machine.path,
        mirror: nowhere,
        tools,
        progress: () => Effect.void,
        ...options
      }).pipe(Layer.provide([NodeServices.layer, FetchHttpClient.layer])),
      { local: true }
    )
  )

/** Resolves when a file exists. */
export const appears = (file: string) =>
  Effect.callback<void>((resume) => {
    const watcher = watch(dirname(file), () => existsSync(file) && resume(Effect.void))
    if (existsSync(file)) resume(Effect.void)
    return Effect.sync(() => watcher.close())
  })
