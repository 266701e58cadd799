import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../../domain/Json.ts"
import type { Problem } from "../compileErrors.ts"
import { decodeResource } from "./decodeResource.ts"
import { type Action, actionOf, enforcementFields } from "./enforcement.ts"
import { Match } from "./match.ts"
import type { Resource } from "./resources.ts"

const Written = Schema.Struct({
  kind: Schema.String,
  metadata: Schema.Struct({ name: Schema.NonEmptyString }),
  spec: Schema.optionalKey(Schema.NullOr(Schema.Struct({
    match: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json))),
    parameters: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json))),
    ...enforcementFields
  })))
})

/** A constraint: which objects a template judges, with which parameters. */
export interface Constraint {
  /** Of its template. */
  readonly kind: string
  readonly name: string
  readonly match: Match
  readonly parameters: JsonObject
  /** Undefined if it is enforced elsewhere only. */
  readonly action: Action | undefined
  readonly resource: Resource
}

export const readConstraint = (resource: Resource): Result.Result<Constraint, ReadonlyArray<Problem>> =>
  Result.gen(function*() {
    const { kind, metadata, spec } = yield* decodeResource(Written, resource)
    if (spec?.enforcementAction === "scoped" && spec.scopedEnforcementActions === undefined) {
      const message = "enforcementAction is scoped, and there are no scopedEnforcementActions"
      return yield* Result.fail([{ message, origin: resource.place(["spec", "enforcementAction"]) }])
    }
    // An API server prunes unknown fields in silence; a match without the field that was meant is another match.
    const match = spec?.match
      ? yield* decodeResource(Match, resource, { path: ["spec", "match"], isExact: true })
      : {}
    return {
      kind,
      name: metadata.name,
      match,
      parameters: spec?.parameters ?? {},
      action: actionOf(spec ?? {}),
      resource
    }
  })
