import * as Effect from "effect/Effect"
import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { groupOf, type ObjectRef } from "../domain/ObjectRef.ts"
import { oneLine } from "../domain/plainText.ts"
import type { Given } from "./commandLine.ts"
import { textOf } from "./commandLine.ts"

/** How a verb that reads writes what it read. */
export type Output = "table" | "wide" | "json" | "yaml" | "name"

/** What `-o` says; the choices stand in the table of verbs. */
export const outputOf = (given: Given): Output => (textOf(given, "output") as Output | undefined) ?? "table"

/** What a terminal would obey or reorder, and JSON may hold as it is. */
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** JSON that no terminal obeys, and that says what the value says. */
export const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** One document for machines: JSON, or YAML. */
export const document = (output: "json" | "yaml", value: unknown): Effect.Effect<string> =>
  output === "json"
    ? Effect.succeed(json(value, 2))
    : Effect.map(
      Effect.promise(() => import("yaml")),
      ({ stringify }) => stringify(value, { lineWidth: 0 }).replaceAll("\u001b", "\uFFFD")
    )

/** An object as people write it: without what the API server keeps about fields. */
export const withoutManagers = (object: JsonObject): JsonObject => {
  if (!isJsonObject(object.metadata)) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Several objects as kubectl writes them. */
export const listOf = (items: ReadonlyArray<Json>): JsonObject => ({
  apiVersion: "v1",
  kind: "List",
  metadata: { resourceVersion: "" },
  items
})

/** `deployment.apps/checkout`, as kubectl takes it. */
export const nameLine = ({ group, kind, name }: Pick<ObjectRef, "group" | "kind" | "name">): string =>
  oneLine(`${kind.toLowerCase()}${group === "" ? "" : `.${group}`}/${name}`, 1_000)

/** `delivery.sluice.dev/shop`. */
export const nameLineOf = (object: { readonly apiVersion: string; readonly kind: string; readonly name: string }) =>
  nameLine({ group: groupOf(object.apiVersion), kind: object.kind, name: object.name })
