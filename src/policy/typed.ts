import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { nearest } from "../domain/nearest.ts"
import type { Annotations } from "./annotations.ts"
import type { Problem } from "./compileErrors.ts"
import { Declared } from "./Rule.ts"
import { originOf, type Source } from "./sources.ts"

const shipped = new URL("../../policies/schemas/", import.meta.url)

/** The JSON Schemas that rules are typed by, as they are shipped: `schemas.ts` makes them. */
export const shippedSchemas = Effect.flatMap(
  FileSystem.FileSystem,
  (disk) =>
    Effect.forEach(Declared.literals, (name) =>
      Effect.map(
        disk.readFileString(fileURLToPath(new URL(`${name}.json`, shipped))),
        (text) => ({ name: `${name}.json`, text })
      ))
)

/** Schemas that METADATA names, as OPA looks for them in a folder: `schema.acl.users` is `acl/users.json`. */
const namedIn = (annotations: Annotations): ReadonlyArray<string> =>
  annotations.flatMap(({ annotations: { schemas = [] } }) =>
    schemas.flatMap(({ schema }) => schema === undefined ? [] : [schema.slice(1).map(({ value }) => value).join("/")])
  )

/** Those without which a rule would judge an object, and never say anything. */
const decisive = Declared.literals.filter((name) => name !== "object")

/** Schemas that are called almost as one of ours: rules that were written for a changeset would judge objects. */
export const misspelt = (annotations: Annotations, known: ReadonlyArray<Source>): ReadonlyArray<Problem> =>
  [...new Set(namedIn(annotations))].flatMap((name) => {
    const meant = Declared.literals.some((ours) => ours === name) ? undefined : nearest(name, decisive)
    if (meant === undefined) return []
    const lines = known.map(({ content }) => Buffer.from(content).toString("utf8").split("\n"))
    const place = lines.map((file) => file.findIndex((line) => /^\s*#/u.test(line) && line.includes(`schema.${name}`)))
    const index = place.findIndex((line) => line !== -1)
    const source = known[index]
    return [{
      message:
        `METADATA names schema.${name}, which is none of Sluice's: is schema.${meant} meant? Schemas of your own ` +
        "need a name that is less like it",
      origin: source === undefined ? undefined : originOf(known, source.name, place[index]! + 1)
    }]
  })

/**
 * Puts schemas where OPA finds them, and answers its options for that. Those of the author's own are not at hand: they
 * say anything, and where a file cannot be named so, nothing is typed.
 */
export const typing = Effect.fnUntraced(function*(folder: string, annotations: Annotations) {
  const disk = yield* FileSystem.FileSystem
  const names = new Set(namedIn(annotations))
  if (names.size === 0) return []
  for (const name of Declared.literals) names.delete(name)
  if ([...names].some((name) => !/^[\w-]+(\/[\w-]+)*$/u.test(name))) return []
  const foreign = [...names].map((name) => ({ name: `${name}.json`, text: "{}" }))
  for (const { name, text } of [...yield* shippedSchemas, ...foreign]) {
    const file = join(folder, "schemas", name)
    yield* disk.makeDirectory(dirname(file), { recursive: true })
    yield* disk.writeFileString(file, text)
  }
  return ["-s", "schemas"]
})
