import * as Effect from "effect/Effect"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Bundle, Waiver } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { canonical } from "../domain/Json.ts"
import { saidBy } from "../domain/policySet.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { library } from "./library.ts"
import { policyFiles } from "./policyFiles.ts"

/** The platform's own may be large. */
const regoBytes = 8 * 1024 * 1024

/** A PolicyBundle that can judge: read, and compiled. */
export interface LoadedBundle {
  readonly bundle: Bundle
  /** The ids of its policies, sorted. */
  readonly policies: ReadonlyArray<string>
}

const filesOf = Effect.fnUntraced(function*(
  { spec: { path = "", source } }: PolicyBundle,
  artifact: Artifact | undefined
) {
  if (source.library !== undefined) return yield* library(source.library)
  if (artifact === undefined) return yield* new PolicyUnavailable({ detail: "its repository was not fetched" })
  const { files, hasRules } = yield* policyFiles(artifact, {
    field: "spec.path",
    paths: [path],
    isRequired: true,
    regoBytes
  })
  if (hasRules) return files
  return yield* new PolicyUnavailable({
    detail: `${
      path === "" ? "the repository" : `${JSON.stringify(path)} of the repository`
    } holds no Rego and no ConstraintTemplate`,
    hint: "Name the folder of the policies in spec.path."
  })
})

/** What a PolicyBundle judges by, out of its repository's tree or, without one, of what comes with Sluice. */
export const loadBundle = Effect.fn("Policy.loadBundle")(function*(
  resource: PolicyBundle,
  artifact: Artifact | undefined
) {
  const { data: parameters = {}, enforcement, regoVersion = "v1", waivers: written = [] } = resource.spec
  const files = yield* filesOf(resource, artifact)
  const waivers = written.map(({ objects = [], owner, policy, reason, until }): Waiver => ({
    policy,
    objects,
    reason,
    owner,
    until
  }))
  const bundle: Bundle = {
    name: resource.metadata.name,
    digest: digest(
      canonical([enforcement, regoVersion, parameters, waivers.map(saidBy)]),
      ...files.flatMap(({ content, path }) => [path, content])
    ),
    origin: "bundle",
    enforcement: enforcement === "audit" ? "audit" : "enforce",
    isWaivable: enforcement !== "mandatory",
    waivers,
    files,
    regoVersion,
    parameters
  }
  return bundle
})
