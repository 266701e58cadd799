import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { delimiter, isAbsolute, join } from "node:path"
import { catalogue, type Program } from "./catalogue.ts"
import { isCompatible, type Pin, versionIn } from "./pins.ts"

const Remembered = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))

/** Whether a file may be run. */
export const isExecutable = Effect.fnUntraced(function*(file: string) {
  const files = yield* FileSystem.FileSystem
  return yield* files.stat(file).pipe(
    Effect.map((info) => info.type === "File" && (info.mode & 0o111) !== 0),
    Effect.orElseSucceed(() => false)
  )
})

/** The executables of that name in the folders of a `PATH`, in its order. */
export const candidates = Effect.fnUntraced(function*(name: string, path: string) {
  const places = path.split(delimiter).filter(isAbsolute).map((folder) => join(folder, name))
  return yield* Effect.filter(places, isExecutable, { concurrency: "unbounded" })
})

const ask = Effect.fnUntraced(
  function*(file: string, program: Program) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const handle = yield* spawner.spawn(
      ChildProcess.make(file, catalogue[program].versionArguments, {
        extendEnv: true,
        stdin: "ignore",
        forceKillAfter: "1 second"
      })
    )
    return versionIn(yield* handle.all.pipe(Stream.decodeText(), Stream.mkString))
  },
  Effect.scoped,
  Effect.timeout("10 seconds"),
  Effect.orElseSucceed(() => undefined)
)

/** The version that a program says it has; asked once for each state of its file and remembered in `memory`. */
const versionAt = Effect.fnUntraced(function*(file: string, program: Program, memory: string) {
  const files = yield* FileSystem.FileSystem
  const info = yield* files.stat(file)
  const modified = Option.match(info.mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
  const key = [yield* files.realPath(file), modified, info.size].join(" ")
  const recall = files.readFileString(memory).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Remembered)),
    Effect.orElseSucceed((): Readonly<Record<string, string>> => ({}))
  )
  const known = (yield* recall)[key]
  if (known !== undefined) return known
  const version = yield* ask(file, program)
  if (version === undefined) return undefined
  const part = `${memory}.${process.pid}.part`
  yield* Effect.ignore(Effect.gen(function*() {
    yield* files.writeFileString(part, JSON.stringify({ ...(yield* recall), [key]: version }, null, 2))
    yield* files.rename(part, memory)
  }))
  return version
})

/** The first program on a `PATH` whose major and minor version are the pinned ones; fails with what was found. */
export const installed = Effect.fnUntraced(function*(pin: Pin, path: string, memory: string) {
  const found = yield* candidates(pin.program, path)
  const others: Array<string> = []
  for (const file of found) {
    const version = yield* versionAt(file, pin.program, memory).pipe(Effect.orElseSucceed(() => undefined))
    if (version !== undefined && isCompatible(version, pin.version)) return file
    others.push(`${file} ${version === undefined ? "does not say its version" : `is ${version}`}`)
  }
  const why = others.length === 0 ? "not there" : `${others.join(", ")}, not ${pin.version}`
  if (others.length > 0) yield* Effect.logDebug(`passing over ${pin.program}: ${why}`)
  return yield* Effect.fail(why)
})
