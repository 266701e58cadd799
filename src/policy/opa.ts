import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import { PolicyUnavailable } from "../domain/StageError.ts"

const maximumOutput = 32 * 1024 * 1024
const deadline = "60 seconds"

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const collect = <E>(stream: Stream.Stream<Uint8Array, E>) => {
  let left = maximumOutput
  return stream.pipe(
    Stream.takeWhile((chunk) => (left -= chunk.length) >= 0),
    Stream.decodeText(),
    Stream.mkString
  )
}

/**
 * Runs OPA in a folder with an empty environment. Ends after a minute, keeps 32 MiB of each output, and is killed when
 * the fiber is interrupted.
 */
export const run = Effect.fnUntraced(
  function*(program: string, folder: string, parameters: ReadonlyArray<string>) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const handle = yield* spawner.spawn(
      ChildProcess.make(program, parameters, {
        cwd: folder,
        env: { HOME: folder },
        extendEnv: false,
        stdin: "ignore",
        forceKillAfter: "1 second"
      })
    )
    const [stdout, stderr, exitCode] = yield* Effect.all(
      [collect(handle.stdout), collect(handle.stderr), handle.exitCode],
      { concurrency: "unbounded" }
    )
    return { stdout, stderr, exitCode: Number(exitCode) } satisfies Finished
  },
  Effect.scoped,
  Effect.mapError((error) =>
    new PolicyUnavailable({ detail: `opa could not be run: ${error.message}`, class: "transient" })
  ),
  Effect.timeoutOrElse({
    duration: deadline,
    orElse: () => Effect.fail(new PolicyUnavailable({ detail: `opa did not finish in ${deadline}` }))
  })
)
