import * as Effect from "effect/Effect"
import { at } from "../domain/Json.ts"
import type { Manifest, Origin } from "../domain/Manifest.ts"
import type { Candidate } from "./assemble.ts"
import type { Reader, SourceDocument } from "./Reader.ts"

type Path = ReadonlyArray<string | number>

/** Where a path of one document is written, as a place in its file. */
export const inPiece = Effect.fnUntraced(function*(
  reader: Reader,
  file: string,
  piece: SourceDocument["piece"],
  path: Path
) {
  const place = yield* reader.locate(piece.text, path)
  return place === undefined
    ? undefined
    : { file, line: place.line + piece.line - 1, column: place.column } satisfies Origin
})

/** Where a field of an object of plain YAML is written; the object's own place if it is not written anywhere. */
export const locatePlain = Effect.fnUntraced(function*(
  reader: Reader,
  manifest: Manifest,
  candidate: Candidate | undefined,
  path: Path
) {
  if (candidate?.source === undefined) return manifest.origin
  const { source, within = [] } = candidate
  const { file } = manifest.origin
  const found = yield* inPiece(reader, file, source, [...within, ...path])
  if (found !== undefined) return found
  // what was written as stringData is judged as data
  const isFolded = path[0] === "data" && at(candidate.value, "stringData") !== undefined
  const folded = isFolded
    ? yield* inPiece(reader, file, source, [...within, "stringData", ...path.slice(1)])
    : undefined
  return folded ?? manifest.origin
})
