import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import { join, posix } from "node:path"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Workspace } from "./workspace.ts"

const annotation = "config.kubernetes.io/origin"

/**
 * Writes the kustomization that kustomize is started on. It lies outside the tenant's files and asks for origins; with
 * `resources` there is no way in which it could change an object.
 */
export const writeWrapper = Effect.fnUntraced(
  function*(files: FileSystem.FileSystem, workspace: Workspace, root: string) {
    const wrapper = {
      resources: [posix.join("../tree", root)],
      buildMetadata: ["originAnnotations"],
      sortOptions: { order: "fifo" }
    }
    yield* Effect.mapError(
      files.writeFileString(join(workspace.generated, "kustomization.yaml"), JSON.stringify(wrapper)),
      (error) => new RenderFailed({ detail: `the render folder cannot be kept: ${error.message}`, class: "transient" })
    )
    return ["build", workspace.generated]
  }
)

interface Said {
  readonly path: string | undefined
  readonly configuredIn: string | undefined
}

const fieldOf = (text: string, name: string): string | undefined => {
  const value = new RegExp(`^${name}: (.*)$`, "mu").exec(text)?.[1]?.trim()
  if (value === undefined) return undefined
  const bare = /^(["'])(.*)\1$/u.exec(value)?.[2] ?? value
  return posix.normalize(bare).replace(/^\.\.\/tree\//u, "")
}

interface Told {
  readonly said: Said
  readonly object: Json
}
const nothingSaid: Said = { path: undefined, configuredIn: undefined }

/** An unchanged document of the output stays the same object, so that what was made of it before is found again. */
const told = new WeakMap<JsonObject, Told>()

/** What kustomize says about an object's origin, and the object without that annotation. */
export const withoutOrigin = (value: Json): Told => {
  if (!isJsonObject(value)) return { said: nothingSaid, object: value }
  const result = told.get(value) ?? strip(value)
  told.set(value, result)
  return result
}

const strip = (object: JsonObject): Told => {
  const text = at(object, "metadata", "annotations", annotation)
  if (typeof text !== "string") return { said: nothingSaid, object }
  const metadata = object.metadata as JsonObject
  const { [annotation]: _, ...annotations } = metadata.annotations as JsonObject
  const { annotations: __, ...rest } = metadata
  return {
    said: { path: fieldOf(text, "path"), configuredIn: fieldOf(text, "configuredIn") },
    object: { ...object, metadata: Object.keys(annotations).length === 0 ? rest : { ...rest, annotations } }
  }
}
