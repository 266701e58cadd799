import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import { join } from "node:path"

/** The program ran and said no. */
export interface Refusal {
  readonly exitCode: number
  readonly stderr: string
}

/** Everything that a renderer's program finds in its environment: no PATH, no home, no network. */
const environment = (empty: string): Record<string, string> => ({
  PATH: "",
  HOME: empty,
  LC_ALL: "C",
  TMPDIR: join(empty, "tmp"),
  XDG_CACHE_HOME: join(empty, "cache"),
  XDG_CONFIG_HOME: join(empty, "config"),
  XDG_DATA_HOME: join(empty, "data"),
  HELM_NO_PLUGINS: "1",
  KUBECONFIG: "/dev/null",
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
  ALL_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "",
  GIT_ALLOW_PROTOCOL: "none"
})

/**
 * Runs a program without a shell and gives its standard output. Interrupted or late, it is killed with its whole process
 * group. Fails with a `Refusal` for exit codes other than 0, with a sentence for the rest.
 */
export const run = Effect.fn("render.child")(
  function*(program: string, options: {
    readonly arguments: ReadonlyArray<string>
    readonly folder: string
    /** A folder for what the program wants to keep. */
    readonly home: string
    readonly input?: string
    readonly deadline: Duration.Input
    readonly maximumOutput: number
  }) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const handle = yield* spawner.spawn(ChildProcess.make(program, options.arguments, {
      cwd: options.folder,
      env: environment(options.home),
      stdin: options.input === undefined ? "ignore" : Stream.succeed(new TextEncoder().encode(options.input)),
      // it writes nothing that anybody keeps: there is nothing to wait for
      killSignal: "SIGKILL",
      forceKillAfter: "1 second"
    }))
    const text = (stream: typeof handle.stdout, maximum: number) =>
      stream.pipe(
        Stream.mapError((error) => error.message),
        Stream.limitBytes<string, never>(maximum, () => Stream.fail(`it wrote more than ${maximum} bytes`)),
        Stream.decodeText(),
        Stream.mkString
      )
    const [stdout, stderr, exitCode] = yield* Effect.all([
      text(handle.stdout, options.maximumOutput),
      text(handle.stderr, 4 * 1024 * 1024),
      handle.exitCode.pipe(Effect.mapError((error) => error.message))
    ], { concurrency: "unbounded" })
    if (exitCode !== 0) return yield* Effect.fail<Refusal>({ exitCode, stderr })
    return stdout
  },
  (effect, _program, options) =>
    effect.pipe(
      Effect.mapError((error) => typeof error === "string" || "exitCode" in error ? error : error.message),
      Effect.scoped,
      Effect.timeoutOrElse({
        duration: options.deadline,
        orElse: () => Effect.fail(`it took longer than ${Duration.format(Duration.fromInputUnsafe(options.deadline))}`)
      })
    )
)
