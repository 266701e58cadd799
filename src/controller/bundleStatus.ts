import type { PolicyBundleStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import { classOf, hintOf } from "../domain/StageError.ts"
import type { GuardState } from "../pipeline/guarding.ts"
import { type Claim, no, type Type, unknown, withConditions, yes } from "./conditions.ts"
import { line, plural } from "./words.ts"

/** What the status of a PolicyBundle is made of. */
export interface BundleFacts {
  readonly generation: number
  /** RFC 3339. */
  readonly now: string
  /** Sees every text of somebody else's before it is cut to size. */
  readonly redact: (text: string) => string
  /** What cannot be read of it. */
  readonly problems: ReadonlyArray<string>
  readonly state: GuardState | undefined
  readonly waivers: NonNullable<PolicyBundle["spec"]["waivers"]>
  /** How many Deliveries it judges. */
  readonly deliveries: number
}

/** Warnings that are told one by one. */
const mostWarnings = 20

const claims = (facts: BundleFacts): Partial<Record<Type, Claim | undefined>> => {
  const { problems, state } = facts
  const { error, guard } = state ?? {}
  if (problems.length > 0) {
    const why = line(problems.join("; "), facts)
    return { Ready: no("InvalidSpec", why), Reconciling: undefined, Stalled: yes("InvalidSpec", why) }
  }
  if (error === undefined) {
    if (guard === undefined) {
      const message = "It is being loaded"
      return { Ready: unknown("InProgress", message), Reconciling: yes("InProgress", message), Stalled: undefined }
    }
    const of = guard.revision === undefined ? "that come with Sluice" : `of ${guard.revision}`
    const judges = guard.policies.length === 1 ? "judges" : "judge"
    const message = line(`${plural(guard.policies.length, "policy")} ${of} ${judges}`, facts)
    return { Ready: yes("Succeeded", message), Reconciling: undefined, Stalled: undefined }
  }
  const meanwhile = guard === undefined
    ? "Nothing that it selects is applied"
    : `${guard.revision ?? "What was loaded before"} judges meanwhile`
  const said = `${error.message}${/[.!?…]$/u.test(error.message) ? "" : "."} ${hintOf(error)} ${meanwhile}`
  const why = line(said, facts)
  const goesOn = classOf(error) === "transient"
  return {
    Ready: no(error._tag, why),
    Reconciling: goesOn ? yes(error._tag, "Tried again by itself") : undefined,
    Stalled: goesOn ? undefined : yes(error._tag, why)
  }
}

const warnings = ({ now, redact, state, waivers }: BundleFacts): ReadonlyArray<string> => {
  const policies = state?.guard?.policies
  const clean = (text: string) => line(text, { redact }, 300)
  return waivers.flatMap(({ owner, policy, until }) => [
    ...policies === undefined || policies.includes(policy)
      ? []
      : [clean(`spec.waivers: no policy of this bundle is called ${policy}`)],
    ...Date.parse(until) <= Date.parse(now)
      ? [clean(`spec.waivers: the waiver of ${policy} by ${owner} expired on ${until}: it denies again`)]
      : []
  ]).slice(0, mostWarnings)
}

/** What is said of a PolicyBundle; the same object where that is what it says already. */
export const bundleStatus = (before: PolicyBundleStatus, facts: BundleFacts): PolicyBundleStatus => {
  const { conditions, observedGeneration } = withConditions(before, claims(facts), facts)
  const { guard } = facts.problems.length > 0 ? {} : facts.state ?? {}
  const warned = warnings(facts)
  return {
    ...observedGeneration === undefined ? {} : { observedGeneration },
    ...conditions === undefined ? {} : { conditions },
    ...guard?.revision === undefined ? {} : { revision: guard.revision },
    ...guard === undefined ? {} : { digest: guard.bundle.digest, policies: guard.policies.length },
    deliveries: facts.deliveries,
    ...warned.length === 0 ? {} : { warnings: warned }
  }
}
