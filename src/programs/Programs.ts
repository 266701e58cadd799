import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Result from "effect/Result"
import { arch, homedir, platform } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { ProgramUnavailable } from "../domain/StageError.ts"
import { build } from "./build.ts"
import { catalogue, controlPlanePrograms, type Platform, type Program } from "./catalogue.ts"
import { download } from "./download.ts"
import { installed, isExecutable } from "./installed.ts"
import * as Lock from "./Lock.ts"
import { readPin } from "./pins.ts"

export interface Options {
  /** Where programs that are not installed are kept, one folder for each version: `~/.cache/sluice/programs`. */
  readonly cacheDirectory: string
  /** The value of `PATH`. */
  readonly path: string
  /** Looked at before `path` for the programs of the control plane. */
  readonly kubebuilderAssets?: string | undefined
  /** Told what takes long: the log, unless given. */
  readonly progress?: ((line: string) => Effect.Effect<void>) | undefined
  /** Serves the publishers' files as `<mirror>/<host>/<path>`. */
  readonly mirror?: string | undefined
  /** Neither downloads nor builds: a program that is not installed is not to be had. */
  readonly installedOnly?: boolean | undefined
  /** The folder of pins: `deploy/tools`, unless given. */
  readonly tools?: string | undefined
}

/** The pinned version of a program, and where one is that will do; else what was found instead. */
export interface Look {
  readonly version: string
  readonly file: string | undefined
  readonly instead: string
  /** Whether it is downloaded or built when it is first needed. */
  readonly isObtained: boolean
}

/** Where programs are looked for and kept, by the usual variables. */
export const fromEnvironment = (environment: Readonly<Record<string, string | undefined>>): Options => ({
  cacheDirectory: join(
    environment.SLUICE_CACHE || join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice"),
    "programs"
  ),
  path: environment.PATH ?? "",
  kubebuilderAssets: environment.KUBEBUILDER_ASSETS,
  installedOnly: environment.SLUICE_PROGRAMS === "installed"
})

const here: Platform = { os: platform(), arch: arch() === "x64" ? "amd64" : arch() }

/**
 * Finds the programs that Sluice calls, in the pinned version: on the PATH, in the cache, from the official release,
 * built from its Go module. The first way that works is used and remembered. In the image there is the PATH alone.
 */
export class Programs extends Context.Service<Programs, {
  readonly path: (program: Program) => Effect.Effect<string, ProgramUnavailable>
  /** Where it is now, if it is: nothing is downloaded or built. */
  readonly look: (program: Program) => Effect.Effect<Look>
}>()("sluice/programs/Programs") {
  static readonly layer = (options: Options) => Layer.effect(Programs, make(options))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const platformServices = yield* Effect.context<
    FileSystem.FileSystem | HttpClient.HttpClient | ChildProcessSpawner.ChildProcessSpawner
  >()
  const files = yield* FileSystem.FileSystem
  const progress = options.progress ?? Effect.logInfo
  const memory = join(options.cacheDirectory, "versions.json")

  const searchPath = (program: Program) =>
    options.kubebuilderAssets !== undefined && controlPlanePrograms.some((name) => name === program)
      ? `${options.kubebuilderAssets}${delimiter}${options.path}`
      : options.path

  const find = Effect.fn("Programs.path")(function*(program: Program) {
    const pin = yield* readPin(program, options.tools)
    const target = join(options.cacheDirectory, `${program}-${pin.version}-${here.os}-${here.arch}`, program)
    const tried: Array<{ readonly how: string; readonly why: string }> = []
    const attempt = <A, R>(how: string, way: Effect.Effect<A, string, R>) =>
      Effect.tapError(way, (why) => Effect.sync(() => tried.push({ how, why })))

    const obtain = Effect.gen(function*() {
      const part = `${target}.${process.pid}.part`
      yield* files.makeDirectory(dirname(target), { recursive: true })
      yield* Lock.acquire(`${target}.lock`, progress(`waiting for another process that makes ${program}`))
      if (yield* isExecutable(target)) return target
      yield* Effect.addFinalizer(() => Effect.ignore(files.remove(part, { force: true })))
      yield* attempt("download", download(pin, here, part, options)).pipe(
        Effect.catch(() => attempt("go build", building(program, pin.version, build(pin, part, options.path))))
      )
      yield* files.rename(part, target)
      return target
    }).pipe(
      Effect.scoped,
      Effect.catchTag("PlatformError", (error) => attempt("cache", Effect.fail(error.message)))
    )

    return yield* attempt("PATH", installed(pin, searchPath(program), memory)).pipe(
      Effect.catch(() =>
        options.installedOnly === true
          ? attempt("download, go build", Effect.fail("not here: SLUICE_PROGRAMS is installed"))
          : Effect.flatMap(isExecutable(target), (ready) => ready ? Effect.succeed(target) : obtain)
      ),
      Effect.mapError(() => new ProgramUnavailable({ program, version: pin.version, tried }))
    )
  })

  const look = Effect.fn("Programs.look")(function*(program: Program) {
    const { version, ...pin } = yield* readPin(program, options.tools)
    const target = join(options.cacheDirectory, `${program}-${version}-${here.os}-${here.arch}`, program)
    const found = yield* Effect.result(installed({ ...pin, version }, searchPath(program), memory))
    const isObtained = options.installedOnly !== true
    if (Result.isSuccess(found)) return { version, file: found.success, instead: "", isObtained } satisfies Look
    const isKept = isObtained && (yield* isExecutable(target))
    return { version, file: isKept ? target : undefined, instead: found.failure, isObtained } satisfies Look
  })

  const building = <A, E, R>(program: Program, version: string, work: Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const name = `${program} ${version}`
      yield* progress(
        `building ${name} from its Go module; this takes about ${catalogue[program].buildTime} the first time`
      )
      yield* progress(`still building ${name}`).pipe(Effect.delay("15 seconds"), Effect.forever, Effect.forkScoped)
      const [time, result] = yield* Effect.timed(work)
      yield* progress(`built ${name} in ${Math.round(Duration.toSeconds(time))} s`)
      return result
    }).pipe(Effect.scoped)

  const cache = yield* Cache.makeWith((program: Program) => Effect.provide(find(program), platformServices), {
    capacity: 64,
    timeToLive: (exit) => Exit.isSuccess(exit) ? Duration.infinity : Duration.zero
  })
  return Programs.of({
    path: (program) => Cache.get(cache, program),
    look: (program) => Effect.provide(look(program), platformServices)
  })
})
