import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Bundle, PolicySet, Violation, Waiver, WrittenPolicy } from "../domain/Decision.ts"
import { policySet } from "../domain/policySet.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { repositorySet } from "./load.ts"

/** How the repository's policies of the revision before are called, beside its own. */
export const previousName = "repository (in force before)"

const lifting =
  "These are the policies of the revision that is applied: a revision cannot loosen the gate that it has to " +
  "pass. First apply one that changes the policies alone, or lift them: change spec.policy of the Delivery."

/** What was compiled once may not be any more, by a newer Sluice: no commit can mend that. */
export const compiling = ({ origin }: Pick<Bundle, "origin">) => (error: PolicyUnavailable): PolicyUnavailable =>
  origin !== "previous" ? error : new PolicyUnavailable({
    ...error,
    detail: `the policies in force before this revision: ${error.detail}`,
    hint: "Change spec.policy of the Delivery (any field of it) to go on without them."
  })

/** Wherever it is written. */
const textOf = (waivers: ReadonlyArray<Waiver>): string =>
  JSON.stringify(waivers.map(({ objects, owner, policy, reason, until }) => [policy, objects, reason, owner, until]))

/**
 * The set that a revision has to pass: its own, and the policies that were in force before it, with the waivers of then,
 * if they are others.
 */
export const withPrevious = Effect.fnUntraced(
  function*(set: PolicySet, files: ReadonlyArray<WrittenPolicy>, delivery: Delivery) {
    const read = repositorySet(files, delivery.spec.policy)
    const { bundles: [previous] } = yield* Effect.mapError(read, compiling({ origin: "previous" }))
    if (previous === undefined) return set
    const isSame = ({ digest, origin, waivers }: Bundle) =>
      origin === "repository" && digest === previous.digest && textOf(waivers) === textOf(previous.waivers)
    if (set.bundles.some(isSame)) return set
    const bundle: Bundle = { ...previous, name: previousName, origin: "previous" }
    return policySet([...set.bundles, bundle], set.waivers, set.written)
  }
)

const sameness = ({ message, object, package: from, policy, rule }: Violation): string =>
  JSON.stringify([policy, from, rule, message, object])

/** What the policies of before say as well as those of the revision is told once; what they alone say, with a way out. */
export const toldOnce = <A extends Violation>(
  found: ReadonlyArray<{ readonly origin: Bundle["origin"]; readonly violation: A }>
): ReadonlyArray<A> => {
  const own = new Set(found.flatMap(({ origin, violation }) => origin === "repository" ? sameness(violation) : []))
  return found.flatMap(({ origin, violation }) => {
    if (origin !== "previous") return violation
    if (own.has(sameness(violation))) return []
    const remedy = violation.remedy === undefined ? lifting : `${violation.remedy} ${lifting}`
    return { ...violation, message: `${violation.message} (policies in force before this revision)`, remedy }
  })
}
