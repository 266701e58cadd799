import * as Effect from "effect/Effect"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import { mayHoldResources } from "../policy/gatekeeper/resources.ts"

const isHidden = ({ path }: ArtifactEntry): boolean => path.split("/").some((part) => part.startsWith("."))

const isRego = ({ path }: ArtifactEntry): boolean => path.endsWith(".rego") && !path.endsWith("_test.rego")

/** Rego, or Gatekeeper's templates. A path that may not be read counts: whoever loads it tells why, and nothing passes unjudged. */
export const mayHoldPolicies = Effect.fnUntraced(function*(artifact: Artifact, folder: string) {
  const entry = yield* artifact.entry(folder)
  if (entry?.kind !== "folder") return false
  const entries = (yield* artifact.walk(folder)).filter((one) => !isHidden(one))
  if (entries.some(isRego)) return true
  const paths = entries.map(({ path }) => path).filter((path) => /\.(json|ya?ml)$/u.test(path))
  const contents = yield* artifact.read(paths)
  return paths.some((path, index) => mayHoldResources({ path, content: contents[index]! }))
}, Effect.catchTag("UnsafePath", () => Effect.succeed(true)))

/** `policies/` with policies in it, in a folder or the nearest one above it, up to the root. */
export const nearestPolicies = Effect.fnUntraced(function*(artifact: Artifact, path: string) {
  const steps = path === "" ? [] : path.split("/")
  for (let depth = steps.length; depth >= 0; depth--) {
    const candidate = [...steps.slice(0, depth), "policies"].join("/")
    if (yield* mayHoldPolicies(artifact, candidate)) return candidate
  }
  return undefined
})
