import * as Effect from "effect/Effect"
import type { PolicySet, Violation } from "../domain/Decision.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { groupOf, key } from "../domain/ObjectRef.ts"
import { policySet } from "../domain/policySet.ts"
import { Policy } from "../policy/Policy.ts"
import type { Guards } from "./Guards.ts"

type Kept = Omit<Manifest, "object">

const manifestOf = ({ apiVersion, digest, json, origin, ref }: Kept): Manifest => ({
  ref,
  apiVersion,
  json,
  digest,
  origin,
  object: JSON.parse(json) as JsonObject
})

/** Which rule refuses it: `when`, with a blank before it, if it did not always. */
export const refusal = ({ bundle, message, policy }: Violation, when = ""): string =>
  `${bundle.name === "repository" ? policy : `${policy} of PolicyBundle ${bundle.name}`} refuses it${when}: ${message}`

/** Whether the same rules may say something else by now than when they let objects through: where a waiver may end. */
const isWaived = ({ bundles, waivers }: PolicySet): boolean =>
  waivers.length > 0 || bundles.some((bundle) => bundle.waivers.length > 0)

/**
 * Which of some objects, that were let through before by these policies, are refused by now: why, by the object's key. The
 * platform may have other bundles since, or a waiver has ended. What rules refuse about all that stands (`standing`) keeps
 * every one of them. And who judges changesets for the platform by now; `asks` tells whether there is any rule.
 */
export const refusedNow = (guards: Guards) =>
  Effect.map(
    Policy,
    (policy) =>
      Effect.fnUntraced(
        function*(admittedBy: PolicySet, objects: ReadonlyArray<Kept>, standing: () => Iterable<Kept>) {
          const platform = yield* guards.current
          const judges = platform.length === 0 ? undefined : yield* policy.judges(policySet(platform))
          const own = admittedBy.bundles.filter(({ origin }) => origin === "repository")
          const set = policySet([...platform, ...own], admittedBy.waivers)
          const why = new Map<string, Array<Violation>>()
          if (set.bundles.length === 0) return { why, judges, asks: false }
          const isOther = set.digest !== admittedBy.digest || isWaived(set)
          const all = isOther ? () => [...standing()].map(manifestOf) : undefined
          const { each, together: [denial] } = yield* policy.denials(set, objects.map(manifestOf), all)
          if (denial !== undefined) { for (const { ref } of objects) why.set(key(ref), [denial]) }
          for (const violation of each) {
            const { apiVersion, kind, name, namespace = "" } = violation.object
            const of = key({ group: groupOf(apiVersion), kind, namespace, name })
            why.set(of, [...why.get(of) ?? [], violation])
          }
          return { why, judges, asks: true }
        }
      )
  )
export type RefusedNow = Effect.Success<ReturnType<typeof refusedNow>>
