import * as Effect from "effect/Effect"
import { posix } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import type { Json } from "../domain/Json.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Tree } from "./Tree.ts"

const schemaName = "values.schema.json"
/** Of one packaged chart, unpacked; helm has the same limit. */
const maximumUnpacked = 100 * 1024 * 1024

const references = new Set(["$ref", "$dynamicRef", "$recursiveRef"])
/** What helm carries with it. */
const drafts = /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/20(19-09|20-12))\/schema#?$/u

/** The first reference of a schema that leaves it: helm would read any file and ask any server that is named. */
const leaving = (schema: Json): string | undefined => {
  const waiting: Array<Json> = [schema]
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== "object" || value === null) continue
    for (const [name, inner] of Object.entries(value) as ReadonlyArray<readonly [string, Json]>) {
      const isOutside = typeof inner === "string" &&
        (references.has(name) && !inner.startsWith("#") || name === "$schema" && !drafts.test(inner))
      if (isOutside) return `${name}: ${JSON.stringify(inner)}`
      waiting.push(inner)
    }
  }
  return undefined
}

const parsed = (text: string): Effect.Effect<Json, string> =>
  Effect.try({ try: (): Json => JSON.parse(text), catch: () => "it is no JSON" })

/** Whether an archive may hold a schema, or an archive: a name of either stands in its bytes as it is. */
const mayHoldSchema = (archive: Uint8Array): Effect.Effect<boolean> =>
  Effect.promise(() =>
    promisify(gunzip)(archive, { maxOutputLength: maximumUnpacked }).then(
      (bytes) => bytes.includes(schemaName) || bytes.includes(".tgz"),
      () => true
    )
  )

/**
 * Refuses schemas of values that refer to anything but themselves. True if helm may use those of this chart; false if a
 * packaged subchart has some that nobody saw: then values are not validated.
 */
export const areSafe = Effect.fnUntraced(function*(tree: Tree, closure: ReadonlyMap<string, string>) {
  for (const file of [...closure.keys()].filter((path) => posix.basename(path) === schemaName)) {
    const refused = (detail: string) => new RenderFailed({ detail, hint, origin: { file } })
    const text = yield* tree.text(file)
    const outside = leaving(yield* Effect.mapError(parsed(text), refused))
    if (outside !== undefined) return yield* refused(`${outside} leaves the schema: refused`)
  }
  for (const file of [...closure.keys()].filter((path) => path.endsWith(".tgz"))) {
    const [archive] = yield* tree.read([file])
    if (archive !== undefined && (yield* mayHoldSchema(archive))) return false
  }
  return true
})

const hint = "Copy what is referred to into the schema itself, under definitions, and refer to it by #/definitions/…"
