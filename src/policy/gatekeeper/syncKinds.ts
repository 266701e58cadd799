import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Problem } from "../compileErrors.ts"
import type { Resource } from "./resources.ts"

const annotation = "metadata.gatekeeper.sh/requires-sync-data"

/** Kinds that a template looks for among other objects. */
export const SyncKind = Schema.Struct({
  groups: Schema.Array(Schema.String),
  versions: Schema.Array(Schema.String),
  kinds: Schema.Array(Schema.String)
})
export type SyncKind = typeof SyncKind.Type

const Requirements = Schema.fromJsonString(Schema.Array(Schema.Array(SyncKind)))

/** In the library the JSON stands in quotes that are part of the text. */
const unquoted = (text: string): string => {
  const trimmed = text.trim()
  return trimmed.startsWith(`"`) && trimmed.endsWith(`"`) ? trimmed.slice(1, -1) : trimmed
}

/**
 * What `requires-sync-data` says, every alternative of every requirement. A template that reads the inventory and says
 * nothing is shown all objects: with none it would pass everything.
 */
export const syncKinds = (
  annotations: Readonly<Record<string, string>>,
  resource: Resource
): Result.Result<ReadonlyArray<SyncKind> | "all", ReadonlyArray<Problem>> => {
  const text = annotations[annotation]
  if (text === undefined) return Result.succeed("all")
  return Schema.decodeUnknownResult(Requirements)(unquoted(text)).pipe(
    Result.map((requirements) => requirements.flat()),
    Result.mapError(() => [{
      message: `${annotation} is not JSON such as [[{"groups": [""], "versions": ["v1"], "kinds": ["Service"]}]]`,
      origin: resource.place(["metadata", "annotations", annotation])
    }])
  )
}
