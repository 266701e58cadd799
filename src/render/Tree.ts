import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import type { Origin } from "../domain/Manifest.ts"
import { type FetchError, FetchFailed, type RenderError, RenderFailed, type UnsafePath } from "../domain/StageError.ts"

const remote =
  /^[a-zA-Z][a-zA-Z0-9+.-]*:|^[^/@\s]+@[^/:\s]+:|^(www\.)?(github|gitlab|bitbucket)\.(com|org)\/|[?&](ref|version)=|[^/]\.git(\/|$)/u

/** An artifact as the render stage reads it: each refusal is a render error that says which file asked for the path. */
export interface Tree {
  /** The path that a file asks for by a reference, relative to its folder. */
  readonly resolve: (folder: string, reference: string, asker: Origin) => Effect.Effect<string, RenderFailed>
  readonly entry: (path: string, asker?: Origin) => Effect.Effect<ArtifactEntry | undefined, RenderError>
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<ArtifactEntry>, RenderError>
  readonly walk: (folder: string) => Effect.Effect<ReadonlyArray<ArtifactEntry>, RenderError>
  readonly read: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Uint8Array>, RenderError>
  readonly text: (path: string) => Effect.Effect<string, RenderError>
}

const decoder = new TextDecoder()
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes)

/** What helps where a reference leaves the tree. */
export const stayInside = "Refer only to files of the same repository, by a relative path."

const unsafe = (path: string, error: UnsafePath, asker: Origin | undefined) =>
  new RenderFailed({
    detail: `${JSON.stringify(path)} is refused: it ${error.why}`,
    hint: stayInside,
    ...asker === undefined ? {} : { origin: asker }
  })

/** Errors of reading keep their meaning where the render stage can say it. */
const told = <A>(effect: Effect.Effect<A, FetchError | UnsafePath>, asker?: Origin): Effect.Effect<A, RenderError> =>
  Effect.mapError(effect, (error) =>
    error._tag === "UnsafePath"
      ? unsafe(error.path, error, asker)
      : error._tag === "FetchFailed"
      ? error
      : new FetchFailed({ detail: error.detail, ...error.hint === undefined ? {} : { hint: error.hint } }))

/** Reads an artifact for one render, up to so many bytes. */
export const make = (artifact: Artifact, maximumBytes: number): Tree => {
  let left = maximumBytes
  const read: Tree["read"] = (paths) =>
    Effect.flatMap(told(artifact.read(paths)), (contents) => {
      left = contents.reduce((bytes, content) => bytes - content.length, left)
      return left >= 0
        ? Effect.succeed(contents)
        : Effect.fail(new RenderFailed({ detail: `its files have more than ${maximumBytes} bytes together` }))
    })
  return {
    resolve: Effect.fnUntraced(function*(folder, reference, asker) {
      if (remote.test(reference)) {
        return yield* new RenderFailed({
          detail: `${JSON.stringify(reference)} is fetched from elsewhere at every build: refused`,
          hint: "Copy it into the repository, so that a revision always renders the same objects.",
          origin: asker
        })
      }
      if (posix.isAbsolute(reference) || reference.includes("\\") || reference.includes("\0")) {
        return yield* new RenderFailed({
          detail: `${JSON.stringify(reference)} leads out of the repository: only relative paths with / are allowed`,
          origin: asker
        })
      }
      const path = posix.join(folder, reference)
      return yield* Effect.mapError(artifact.resolve("", path), (error) => unsafe(reference, error, asker))
    }),
    entry: (path, asker) => told(artifact.entry(path), asker),
    list: (folder) => told(artifact.list(folder)),
    walk: (folder) => told(artifact.walk(folder)),
    read,
    text: (path) => Effect.map(read([path]), ([bytes]) => decode(bytes ?? new Uint8Array()))
  }
}
