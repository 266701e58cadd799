import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import { digest } from "../domain/digest.ts"
import type { JsonObject } from "../domain/Json.ts"
import { policySet } from "../domain/policySet.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"

const defaultFolder = "policies"
const maximumFiles = 1_000
const maximumBytes = 8 * 1024 * 1024

/** Rego without its tests, and the documents beside it; nothing hidden. */
const isPolicyFile = ({ kind, path }: ArtifactEntry): boolean =>
  kind === "file" && /\.(rego|json|ya?ml)$/.test(path) && !path.endsWith("_test.rego") &&
  !path.split("/").some((part) => part.startsWith("."))

const filesAt = Effect.fnUntraced(function*(artifact: Artifact, reference: string, isRequired: boolean) {
  const path = yield* artifact.resolve("", reference)
  const entry = yield* artifact.entry(path)
  if (entry === undefined && isRequired) {
    return yield* new PolicyUnavailable({
      detail: `spec.policy.paths names ${JSON.stringify(reference)}, and there is no such path at this revision`
    })
  }
  if (entry === undefined) return []
  return (entry.kind === "file" ? [entry] : yield* artifact.walk(path)).filter(isPolicyFile)
})

const tooMuch = (what: string) =>
  new PolicyUnavailable({ detail: `the policies are more than ${what}; name narrower spec.policy.paths` })

const withoutRules = (paths: ReadonlyArray<string>) =>
  new PolicyUnavailable({
    detail: `spec.policy.paths names ${paths.map((path) => JSON.stringify(path)).join(", ")}, ` +
      "and there is no Rego at this revision"
  })

/**
 * Reads the policies that a delivery names, or those of `policies/` at the root if it is there. At most 1,000 files and
 * 8 MiB. A named path that does not exist is an error, and so are named paths without Rego; where none is named, no
 * policies at all are an empty set.
 */
export const load = Effect.fn("Policy.load")(
  function*(delivery: Delivery, artifact: Artifact) {
    const { data, enforcement, paths } = delivery.spec.policy
    const found = yield* Effect.forEach(
      paths ?? [defaultFolder],
      (path) => filesAt(artifact, path, paths !== undefined)
    )
    const names = [...new Set(found.flat().map(({ path }) => path))].sort()
    if (names.length > maximumFiles) return yield* tooMuch(`${maximumFiles} files`)
    const contents = yield* artifact.read(names)
    if (contents.reduce((sum, { length }) => sum + length, 0) > maximumBytes) return yield* tooMuch("8 MiB")
    const files = names.map((path, index) => ({ path, content: contents[index]! }))
    const bundleDigest = digest(...files.flatMap(({ content, path }) => [path, content]))
    const parameters: JsonObject = data
    const hasRules = files.some(({ path }) => path.endsWith(".rego"))
    // A revision may bring policies that nobody asked for; it must not empty those that the delivery names.
    if (paths !== undefined && paths.length > 0 && !hasRules) return yield* withoutRules(paths)
    const bundles = hasRules
      ? [{
        name: "repository",
        digest: bundleDigest,
        origin: "repository" as const,
        enforcement,
        isWaivable: true,
        waivers: [],
        files,
        parameters
      }]
      : []
    return policySet(bundles)
  },
  Effect.catchTags({
    UnsafePath: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    FetchFailed: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message, class: "transient" })),
    AuthFailed: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    InvalidSpec: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    AccessDenied: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message }))
  })
)
