import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { problemsOf, written } from "../../api/v1alpha1/problems.ts"
import { at } from "../../domain/Json.ts"
import type { Problem } from "../compileErrors.ts"
import type { Resource } from "./resources.ts"

interface Field {
  readonly path?: ReadonlyArray<string | number>
  /** Whether a field that the schema does not know is a mistake. */
  readonly isExact?: boolean
}

/**
 * Decodes a field of a template or a constraint; all of it, where no path is given. What is wrong is told with its place.
 */
export const decodeResource = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  { object, place }: Resource,
  { isExact = false, path: above = [] }: Field = {}
): Result.Result<S["Type"], ReadonlyArray<Problem>> => {
  const decode = Schema.decodeUnknownResult(schema)
  const decoded = decode(at(object, ...above), { errors: "all", onExcessProperty: isExact ? "error" : "ignore" })
  return Result.mapError(decoded, (error) =>
    problemsOf(error).map(({ message, path: below, what }): Problem => {
      const path = [...above, ...below]
      const name = written(path)
      const told = what === "MissingKey"
        ? `the field ${name} is missing`
        : what === "UnexpectedKey"
        ? `unknown field ${name}`
        : `${name}: ${message}`
      return { message: told, origin: place(path) }
    }))
}
