import * as Effect from "effect/Effect"
import type { Artifact } from "../domain/Artifact.ts"
import type { PolicySet, Violation } from "../domain/Decision.ts"
import { type Excerpt, manifestExcerpt, ruleExcerpts } from "./excerpt.ts"

/** What is written where a violation is, and what the rule says. */
export interface Shown {
  readonly manifest?: Excerpt
  readonly rule: ReadonlyArray<Excerpt>
}

/** Reads a text file; undefined where it cannot be read. */
export type ReadText = (file: string) => Effect.Effect<string | undefined>

const decoder = new TextDecoder()

/** Texts of an artifact; what leads out of it, or is not there, is not read. */
export const ofArtifact = (artifact: Artifact): ReadText =>
  Effect.fnUntraced(
    function*(file) {
      const path = yield* artifact.resolve("", file)
      const entry = yield* artifact.entry(path)
      if (entry?.kind !== "file") return undefined
      const [bytes] = yield* artifact.read([path])
      return bytes === undefined ? undefined : decoder.decode(bytes)
    },
    Effect.orElseSucceed(() => undefined)
  )

/** Texts of the policies of a set, by the digest of their bundle. */
export const ofPolicies = (set: PolicySet) => (violation: Violation): ReadText => (file) =>
  Effect.sync(() => {
    const bundle = set.bundles.find(({ digest }) => digest === violation.bundle.digest)
    const found = bundle?.files.find(({ path }) => path === file)
    return found === undefined ? undefined : decoder.decode(found.content)
  })

/** The lines of each violation's manifest and rule, where they can be read. */
export const shownOf = Effect.fnUntraced(function*(
  violations: ReadonlyArray<Violation>,
  manifests: ReadText,
  policies: (violation: Violation) => ReadText
) {
  const shown = new Map<Violation, Shown>()
  // Many objects break one rule: its file is read once.
  const rules = new Map<string, ReadonlyArray<Excerpt>>()
  const ruleOf = Effect.fnUntraced(function*(violation: Violation) {
    const { bundle, ruleSource } = violation
    if (ruleSource === undefined) return []
    const place = JSON.stringify([bundle.digest, ruleSource])
    const known = rules.get(place)
    if (known !== undefined) return known
    const text = yield* policies(violation)(ruleSource.file)
    const excerpts = text === undefined ? [] : ruleExcerpts(text, ruleSource)
    rules.set(place, excerpts)
    return excerpts
  })
  for (const violation of violations) {
    const { object, source } = violation
    const text = source === undefined || object.kind === "Secret" ? undefined : yield* manifests(source.file)
    const manifest = text === undefined || source === undefined ? undefined : manifestExcerpt(text, source)
    shown.set(violation, {
      ...manifest === undefined ? {} : { manifest },
      rule: yield* ruleOf(violation)
    })
  }
  return shown
})
