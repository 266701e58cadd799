import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { digest } from "../domain/digest.ts"
import { Rule } from "./Rule.ts"

const Named = Schema.Struct({
  name: Schema.String,
  path: Schema.String,
  hasLines: Schema.Boolean
})

/** A policy set as OPA compiled it. */
export interface Compiled {
  readonly rules: ReadonlyArray<Rule>
  /** The names that OPA knows the policies by, and their paths in the repository. */
  readonly names: ReadonlyArray<typeof Named.Type>
  /** JSON text of the documents that stand beside the policies. */
  readonly data: Uint8Array
  readonly wasm: Uint8Array
}

const Header = Schema.fromJsonString(Schema.Struct({
  rules: Schema.Array(Rule),
  names: Schema.Array(Named),
  dataBytes: Schema.Int,
  /** Of data and wasm: a file that was cut short is compiled again. */
  content: Schema.String
}))

/** Some 150 KB each: as many as teams have their own policies. */
const kept = 512

const fileOf = (folder: string, key: string) => join(folder, `${key.replace(":", "-")}.policy`)

/** Reads a compiled set; undefined if there is none, or none that is whole. */
export const read = Effect.fnUntraced(
  function*(folder: string, key: string) {
    const files = yield* FileSystem.FileSystem
    const bytes = yield* files.readFile(fileOf(folder, key))
    const start = bytes.indexOf(10) + 1
    const header = yield* Schema.decodeUnknownEffect(Header)(new TextDecoder().decode(bytes.subarray(0, start)))
    const body = bytes.subarray(start)
    if (digest(body) !== header.content) return undefined
    const compiled: Compiled = {
      rules: header.rules,
      names: header.names,
      data: body.slice(0, header.dataBytes),
      wasm: body.slice(header.dataBytes)
    }
    return compiled
  },
  Effect.orElseSucceed(() => undefined)
)

/** Removes all but the 512 newest. */
const sweep = Effect.fnUntraced(function*(folder: string) {
  const files = yield* FileSystem.FileSystem
  const names = (yield* files.readDirectory(folder)).filter((name) => name.endsWith(".policy"))
  if (names.length <= kept) return
  const dated = yield* Effect.forEach(names, (name) =>
    Effect.map(files.stat(join(folder, name)), ({ mtime }) => ({
      name,
      time: Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() })
    })))
  const old = dated.sort((a, b) => b.time - a.time).slice(kept)
  yield* Effect.forEach(old, ({ name }) => files.remove(join(folder, name), { force: true }))
})

/** Keeps a compiled set: under its name it is there as a whole or not at all. A cache that cannot be written is no error. */
export const write = Effect.fnUntraced(
  function*(folder: string, key: string, compiled: Compiled) {
    const files = yield* FileSystem.FileSystem
    yield* files.makeDirectory(folder, { recursive: true })
    const body = Buffer.concat([compiled.data, compiled.wasm])
    const { names, rules } = compiled
    const header = JSON.stringify({ rules, names, dataBytes: compiled.data.length, content: digest(body) })
    const part = `${fileOf(folder, key)}.${yield* Random.nextInt}.part`
    yield* files.writeFile(part, Buffer.concat([Buffer.from(`${header}\n`), body])).pipe(
      Effect.andThen(files.rename(part, fileOf(folder, key))),
      Effect.ensuring(Effect.ignore(files.remove(part, { force: true })))
    )
    yield* sweep(folder)
  },
  Effect.catchTag("PlatformError", (error) => Effect.logDebug("compiled policies could not be kept", error.message))
)
