import { isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"

const without = (object: JsonObject, names: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

const shown = (object: JsonObject, hidden: ReadonlyArray<string>): JsonObject => {
  const { metadata, ...rest } = without(object, ["status"])
  const kept: Json | undefined = isJsonObject(metadata) ? without(metadata, hidden) : metadata
  return kept === undefined ? rest : { ...rest, metadata: kept }
}

/** Says how often something was written, and by whom: nothing that a policy could want. */
const bookkeeping = ["managedFields", "resourceVersion", "generation", "selfLink"]

/** A live object as policies see it. */
export const asItIs = (object: JsonObject): JsonObject => shown(object, bookkeeping)

/** The answer to a dry-run as policies see it: the same whenever it is asked for. */
export const asItWouldBe = (object: JsonObject): JsonObject =>
  shown(object, [...bookkeeping, "uid", "creationTimestamp"])
