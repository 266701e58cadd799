import * as Effect from "effect/Effect"
import type { Bundle, PolicySet } from "../domain/Decision.ts"
import { displayOrigin, type Origin } from "../domain/Manifest.ts"
import { nearest } from "../domain/nearest.ts"
import { oneLine } from "../domain/plainText.ts"
import { Policy } from "../policy/Policy.ts"
import { type Remark, remarks } from "../policy/remarks.ts"
import type { Rule } from "../policy/Rule.ts"
import * as print from "./print.ts"

/** What no verdict tells: what is most likely a mistake of who wrote the policies, and who judges elsewhere. */
export interface Advice {
  readonly remarks: ReadonlyArray<Pick<Remark, "help" | "says"> & { readonly origin?: Origin }>
  /** The policies that judge what would change. */
  readonly later: ReadonlyArray<string>
}

export const noAdvice: Advice = { remarks: [], later: [] }

const named = 3

const unknownWaivers = ({ waivers }: PolicySet, policies: ReadonlyArray<string>, isWhole: boolean): Advice["remarks"] =>
  waivers.flatMap(({ policy, where }) => {
    const near = policies.includes(policy) ? undefined : nearest(policy, policies)
    if (policies.includes(policy) || near === undefined && !isWhole) return []
    return [{
      ...where === undefined ? {} : { origin: where },
      says: `the waiver names ${JSON.stringify(policy)}, and no policy here has that id`,
      help: near === undefined ? "Remove it, or mend the name." : `Did you mean ${JSON.stringify(near)}?`
    }]
  })

/** The folder that all of some files are in. */
const folderOf = (paths: ReadonlyArray<string>): string => {
  const folders = paths.map((path) => path.split("/").slice(0, -1))
  const [first = []] = folders
  const length = first.findIndex((part, index) => folders.some((other) => other[index] !== part))
  return first.slice(0, length === -1 ? first.length : length).join("/") || "."
}

const silent = (bundle: Bundle, rules: ReadonlyArray<Rule>): Advice["remarks"] =>
  rules.length > 0 ? [] : [{
    origin: { file: folderOf(bundle.files.map(({ path }) => path)) },
    says: "none of the rules here reports anything, so nothing is judged by them",
    help: "Rules that report are named deny, violation or warn; what follows an underscore is yours: deny_latest."
  }]

/**
 * Of the repository's own policies: the platform's are mended elsewhere. Whether all that judge are known (`isWhole`)
 * decides whether a waiver may name one that is not there.
 */
export const adviceOn = Effect.fn("advice")(function*(set: PolicySet, isWhole: boolean) {
  const policy = yield* Policy
  const all = yield* Effect.forEach(
    set.bundles,
    (bundle) => Effect.map(policy.rules(bundle), (rules) => ({ bundle, rules }))
  )
  const rules = all.flatMap((one) => one.rules)
  const own = all.filter(({ bundle }) => bundle.origin === "repository")
  return {
    remarks: [
      ...own.flatMap(({ bundle, rules }) => silent(bundle, rules).concat(remarks(bundle.files, rules))),
      ...unknownWaivers(set, [...new Set(rules.map((rule) => rule.policy))], isWhole)
    ],
    later: [...new Set(rules.filter(({ judges }) => judges === "changeset").map((rule) => rule.policy))]
  } satisfies Advice
})

/** On stderr: each mistake once, and in one line whom `diff` and `run` ask. */
export const tell = Effect.fnUntraced(function*(all: ReadonlyArray<Advice>) {
  const told = new Map(
    all.flatMap(({ remarks }) => remarks).map(({ help, origin, says }) =>
      [`${origin === undefined ? "" : `${displayOrigin(origin)}: `}${says}`, help] as const
    )
  )
  for (const [text, help] of told) yield* print.warning(text, help)
  const later = [...new Set(all.flatMap((one) => one.later))].sort()
  if (later.length === 0) return
  const rest = later.length - named
  const names = oneLine([...later.slice(0, named), ...rest > 0 ? [`${rest} more`] : []].join(", "), 1_000)
  yield* print.aside(
    `note: without a cluster nobody can say what would change, so ${
      later.length === 1 ? "one policy was" : `${later.length} policies were`
    } not asked: ${names}\n  help: sluice diff -f and sluice run ask; sluice test runs the tests, and sluice check FILE judges a changeset that is written down.`
  )
})
