import * as Effect from "effect/Effect"
import { isJsonObject, type JsonObject } from "../domain/Json.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"

const conflict = new PolicyUnavailable({ detail: "the data files hold a document `sluice`, a name that Sluice needs" })

/**
 * What policies find under `data`: the documents beside them, and `data.parameters` of the delivery over those.
 *
 * The text is only parsed where it has to be: big integers survive elsewhere.
 */
export const documents = (text: string, parameters: JsonObject): Effect.Effect<Uint8Array, PolicyUnavailable> => {
  if (!/"(parameters|sluice)"/.test(text)) {
    const rest = text.trim().slice(1)
    const own = `{"parameters":${JSON.stringify(parameters)}`
    return Effect.succeed(Buffer.from(own + (rest.trim() === "}" ? "" : ",") + rest))
  }
  const parsed = JSON.parse(text) as JsonObject
  if (Object.hasOwn(parsed, "sluice")) return Effect.fail(conflict)
  const defaults = isJsonObject(parsed.parameters) ? parsed.parameters : {}
  return Effect.succeed(Buffer.from(JSON.stringify({ ...parsed, parameters: { ...defaults, ...parameters } })))
}
