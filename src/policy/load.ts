import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Bundle, WrittenPolicy } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { policySet } from "../domain/policySet.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { hasRules, policyFiles } from "./policyFiles.ts"
import { repositoryWaivers } from "./repositoryWaivers.ts"

const defaultFolder = "policies"
const regoBytes = 1024 * 1024

const withoutRules = (paths: ReadonlyArray<string>) =>
  new PolicyUnavailable({
    detail: `spec.policy.paths names ${paths.map((path) => JSON.stringify(path)).join(", ")}, ` +
      "and there is no Rego and no ConstraintTemplate at this revision",
    hint: "Put policies there, or leave spec.policy.paths out: then policies/ at the root judges, if it is there."
  })

/** The repository's own policies as a set, out of their files: the rules as its delivery wants them asked, and the waivers. */
export const repositorySet = Effect.fnUntraced(
  function*(
    written: ReadonlyArray<WrittenPolicy>,
    { data: parameters, enforcement, regoVersion }: Delivery["spec"]["policy"]
  ) {
    const [rules, waiving] = [false, true].map((is) => written.filter(({ isWaivers }) => isWaivers === is))
    const files = rules!.map(({ content, path }) => ({ path, content }))
    const waivers = (yield* Effect.forEach(
      waiving!,
      ({ content, path }) => Effect.fromResult(repositoryWaivers(path, content))
    )).flat()
    const bundle: Bundle = {
      name: "repository",
      digest: digest(regoVersion, ...files.flatMap(({ content, path }) => [path, content])),
      origin: "repository",
      enforcement,
      isWaivable: true,
      waivers,
      files,
      regoVersion,
      parameters
    }
    return policySet(hasRules(files) ? [bundle] : [], waivers, written)
  }
)

/**
 * Reads the policies that a delivery names, or those of `policies/` at the root if it is there, and the waivers beside
 * them. At most 1,000 files and 8 MiB, 1 MiB of Rego. A named path that does not exist is an error, and so are named paths
 * without Rego; where none is named, no policies at all are an empty set.
 */
export const load = Effect.fn("Policy.load")(function*(delivery: Delivery, artifact: Artifact) {
  const { paths } = delivery.spec.policy
  const place = {
    field: "spec.policy.paths",
    paths: paths ?? [defaultFolder],
    isRequired: paths !== undefined,
    regoBytes
  }
  const { files, waivers } = yield* policyFiles(artifact, place)
  // A revision may bring policies that nobody asked for; it must not empty those that the delivery names.
  if (paths !== undefined && paths.length > 0 && !hasRules(files)) return yield* withoutRules(paths)
  const written = [
    ...files.map(({ content, path }) => ({ path, content, isWaivers: false })),
    ...waivers.map(({ content, path }) => ({ path, content, isWaivers: true }))
  ]
  return yield* repositorySet(written, delivery.spec.policy)
})
