import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import { catalogue } from "./catalogue.ts"
import { candidates } from "./installed.ts"
import type { Pin } from "./pins.ts"

/** `-X` for each stamp: what the program's own release build sets, so that it reports its version. */
const linkerFlags = (pin: Pin): string =>
  ["-s -w", ...Object.entries(catalogue[pin.program].stamps(pin.version)).map(([name, value]) => `-X ${name}=${value}`)]
    .join(" ")

const tags = ({ program }: Pin): ReadonlyArray<string> => {
  const { tags = [] } = catalogue[program]
  return tags.length === 0 ? [] : ["-tags", tags.join(",")]
}

/** What `go` is told: no path and no state of this machine goes into the program, so that it is the same everywhere. */
export const buildArguments = (pin: Pin, to: string): ReadonlyArray<string> => [
  "build",
  "-trimpath",
  "-buildvcs=false",
  ...tags(pin),
  "-ldflags",
  linkerFlags(pin),
  "-o",
  to,
  pin.package
]

/** Set for `go build`, whatever the machine says. */
export const buildEnvironment = { CGO_ENABLED: "0", GOWORK: "off" } as const

const lastLines = (text: string) => text.trim().split("\n").slice(-3).join("; ")

/** Builds a program from its pinned Go module with the first `go` on `path`; interruption kills the compiler. */
export const build = Effect.fnUntraced(function*(pin: Pin, to: string, path: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const [go] = yield* candidates("go", path)
  if (go === undefined) return yield* Effect.fail("go is not on the PATH")
  const handle = yield* spawner.spawn(
    ChildProcess.make(go, buildArguments(pin, to), {
      cwd: pin.module,
      env: buildEnvironment,
      extendEnv: true,
      stdin: "ignore",
      forceKillAfter: "2 seconds"
    })
  ).pipe(Effect.mapError((error) => error.message))
  const [output, exitCode] = yield* Effect.all([
    handle.all.pipe(Stream.decodeText(), Stream.mkString),
    handle.exitCode
  ], { concurrency: "unbounded" }).pipe(Effect.mapError((error) => error.message))
  if (exitCode !== 0) return yield* Effect.fail(`go build exited ${exitCode}: ${lastLines(output)}`)
}, Effect.scoped)
