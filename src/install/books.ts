import * as Result from "effect/Result"
import { digest } from "../domain/digest.ts"
import { at, canonical, isJsonObject, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { fromKey, key, type ObjectRef } from "../domain/ObjectRef.ts"

/** On every object that `sluice install` applied: the namespace of the installation. It only selects; the books decide. */
export const installationLabel = "sluice.dev/installation"

const name = "sluice-installation"

/** One object of an installation. */
export interface Part {
  readonly apiVersion: string
  readonly ref: ObjectRef
}

/** What an installation is made of: a ConfigMap beside the agent, written ahead of what it speaks of. */
export interface Books {
  readonly version: string
  readonly overlay: string
  /** The image, where somebody chose another than the version's own. */
  readonly image: string | undefined
  readonly parts: ReadonlyArray<Part>
}

export const booksRef = (namespace: string): ObjectRef => ({ group: "", kind: "ConfigMap", namespace, name })

const line = ({ apiVersion, ref }: Part): string => `${apiVersion} ${key(ref)}`

const partIn = (text: string): Part | undefined => {
  const [apiVersion = "", id = ""] = text.split(" ")
  const ref = fromKey(id)
  return ref === undefined || apiVersion === "" ? undefined : { apiVersion, ref }
}

/** The books as they are applied. */
export const manifestOf = (namespace: string, { image, overlay, parts, version }: Books): Manifest => {
  const object: JsonObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace,
      labels: { "app.kubernetes.io/part-of": "sluice", [installationLabel]: namespace }
    },
    data: {
      version,
      overlay,
      ...image === undefined ? {} : { image },
      parts: `${parts.map(line).sort().join("\n")}\n`
    }
  }
  return {
    ref: booksRef(namespace),
    apiVersion: "v1",
    object,
    json: JSON.stringify(object),
    digest: digest(canonical(object)),
    origin: { file: "the books of the installation" }
  }
}

/** Reads the books; a sentence where somebody changed them so that they say nothing certain. */
export const booksOf = (object: JsonObject): Result.Result<Books, string> => {
  const data = at(object, "data")
  const text = (field: string): string => {
    const value = at(data, field)
    return typeof value === "string" ? value : ""
  }
  const parts = text("parts").split("\n").filter((each) => each !== "").map(partIn)
  if (!isJsonObject(data) || text("version") === "" || parts.includes(undefined)) {
    return Result.fail("its ConfigMap was changed by hand")
  }
  return Result.succeed({
    version: text("version"),
    overlay: text("overlay"),
    image: text("image") === "" ? undefined : text("image"),
    parts: parts.filter((part) => part !== undefined)
  })
}

/** All that is in one of both. */
export const union = (a: ReadonlyArray<Part>, b: ReadonlyArray<Part>): ReadonlyArray<Part> => [
  ...new Map([...a, ...b].map((part) => [key(part.ref), part])).values()
]
