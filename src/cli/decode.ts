import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { problemsOf, written } from "../api/v1alpha1/problems.ts"
import { at, type Json } from "../domain/Json.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { suggestion } from "./suggestion.ts"
import type { YamlDocument } from "./yamlDocuments.ts"

/** The fields that may stand at a path of a schema, as people write them. */
const fieldsAt = (ast: SchemaAST.AST, path: ReadonlyArray<PropertyKey>): ReadonlyArray<string> => {
  const [step, ...rest] = path
  switch (ast._tag) {
    case "Union":
      return ast.types.flatMap((type) => fieldsAt(type, path))
    case "Arrays":
      return step === undefined ? [] : [...ast.elements, ...ast.rest].flatMap((type) => fieldsAt(type, rest))
    case "Objects": {
      if (step === undefined) return ast.propertySignatures.map(({ name }) => String(name))
      const field = ast.propertySignatures.find(({ name }) => name === step)
      return field === undefined ? [] : fieldsAt(field.type, rest)
    }
    default:
      return []
  }
}

/** Decodes one document; every field that is unknown, missing or wrong is told with its place. Values are never told. */
export const decode = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  document: YamlDocument
): Result.Result<S["Type"], ReadonlyArray<InvalidSpec>> => {
  const encoded = SchemaAST.toEncoded(schema.ast)
  const kind = at(document.value as Json, "kind")
  // The page of errors knows of Deliveries alone.
  const mend = typeof kind !== "string" || kind === "Delivery" ? {} : { hint: `Mend the ${kind}.` }
  return Result.mapError(
    Schema.decodeUnknownResult(schema)(document.value, { errors: "all", onExcessProperty: "error" }),
    (error) =>
      problemsOf(error).map(({ message, path, what }) => {
        const name = String(path.at(-1) ?? "")
        const parent = path.slice(0, -1)
        const where = parent.length === 0 ? "" : ` in ${written(parent)}`
        const origin = document.place(path)
        if (what === "UnexpectedKey") {
          const hint = suggestion(name, fieldsAt(encoded, parent))
          return InvalidSpec.make({ detail: `unknown field ${JSON.stringify(name)}${where}`, hint, origin })
        }
        if (what === "MissingKey") {
          return InvalidSpec.make({ detail: `the field ${JSON.stringify(name)} is missing${where}`, ...mend, origin })
        }
        return InvalidSpec.make({ detail: `${written(path)}: ${message}`, ...mend, origin })
      })
  )
}
