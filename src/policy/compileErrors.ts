import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { displayOrigin, type Origin } from "../domain/Manifest.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { originOf, type Source, withPaths } from "./sources.ts"

const Report = Schema.fromJsonString(Schema.Struct({
  errors: Schema.Array(Schema.Struct({
    message: Schema.String,
    location: Schema.optionalKey(
      Schema.NullOr(Schema.Struct({ file: Schema.String, row: Schema.Int, col: Schema.optionalKey(Schema.Int) }))
    )
  }))
}))

export interface Problem {
  readonly message: string
  readonly origin?: Origin | undefined
}

const maximumTold = 10

const hints: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /`?(?:if|contains)`? keyword is required|rule name.*keyword/,
    "These policies are Rego v0. `opa fmt --write --v0-v1 policies` turns them into v1; they judge as they are with " +
    "spec.policy.regoVersion: v0 (sluice check --rego-version v0)."
  ],
  [
    /undefined ref: (?!data\b)/,
    "Its schema in METADATA has no such field (sluice generate schemas DIR writes the schemas). A field of your own kinds " +
    "is read by object.get(input, \"name\", null)."
  ],
  [
    /undefined function data\./,
    "Mend its name, or have the folder of the policy that defines it compiled as well (--policy DIR, spec.policy.paths)."
  ],
  [
    /undefined function/,
    "Mend its name. Policies decide on what they are given alone: no built-in reaches the network, the environment or chance."
  ]
]

/** The error of a set that does not compile: its first problem's place, and at most ten problems. */
export const compileError = (problems: ReadonlyArray<Problem>): PolicyUnavailable => {
  const [first, ...rest] = problems
  const tell = ({ message, origin }: Problem) => origin === undefined ? message : `${displayOrigin(origin)}: ${message}`
  const others = rest.slice(0, maximumTold - 1).map(tell)
  const more = problems.length > maximumTold ? [`and ${problems.length - maximumTold} more`] : []
  // What would help with the first problem: it is the one whose place is told.
  const hint = hints.find(([pattern]) => pattern.test(first?.message ?? ""))?.[1]
  return new PolicyUnavailable({
    detail: [first?.message ?? "the policies do not compile", ...others, ...more].join("; "),
    ...first?.origin === undefined ? {} : { origin: first.origin },
    ...hint === undefined ? {} : { hint }
  })
}

/** By file and line: of a bundle, OPA tells them in no order. */
const inOrder = (errors: typeof Report.Type["errors"]) =>
  [...errors].sort(({ location: a }, { location: b }) =>
    (a?.file ?? "") < (b?.file ?? "") ? -1 : (a?.file ?? "") > (b?.file ?? "") ? 1 : (a?.row ?? 0) - (b?.row ?? 0)
  )

/** Reads what `opa check -f json` or, failing that, the last lines of its stderr say. */
export const problemsOf = (report: string, stderr: string, known: ReadonlyArray<Source>) =>
  Schema.decodeUnknownEffect(Report)(report).pipe(
    Effect.map(({ errors }) =>
      inOrder(errors).map(({ location, message }): Problem => ({
        message: withPaths(known, message),
        origin: location == null ? undefined : originOf(known, location.file, location.row, location.col)
      }))
    ),
    Effect.orElseSucceed((): ReadonlyArray<Problem> => [
      { message: withPaths(known, stderr.trim().split("\n").slice(-5).join("; ")) || "opa says no more" }
    ])
  )
