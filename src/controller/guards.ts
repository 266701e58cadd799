import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { selects } from "../api/v1alpha1/selector.ts"
import type { Bundle } from "../domain/Decision.ts"
import { InvalidSpec, PolicyUnavailable } from "../domain/StageError.ts"
import { unguarded } from "../pipeline/guarding.ts"
import { unknown } from "./inheritance.ts"
import type { Guardrail, LiveDelivery, Registry } from "./Registry.ts"

/** Whether a bundle judges a Delivery. */
export const isGuarding = ({ match }: Guardrail, { namespace, resource }: LiveDelivery, known: Registry): boolean =>
  selects(match.namespaceSelector, known.namespaces.get(namespace)?.labels ?? {}) &&
  selects(match.deliverySelector, resource.metadata.labels ?? {})

/** The PolicyBundles that judge a Delivery, by name. */
export const guardrailsOf = (delivery: LiveDelivery, known: Registry): ReadonlyArray<Guardrail> =>
  [...known.bundles.values()]
    .filter((guardrail) => isGuarding(guardrail, delivery, known))
    .sort((a, b) => a.name < b.name ? -1 : 1)

/** Why a bundle that was looked at cannot judge. */
const reasonOf = ({ problems, state }: Guardrail) =>
  problems.length > 0 ? new InvalidSpec({ detail: problems.join("; "), hint: "Mend the PolicyBundle." }) : state?.error

/**
 * What the bundles judge by that select a Delivery; the first that cannot judge fails, for the gate is closed then. One
 * that was never looked at is about to be.
 */
export const guardsOf = (
  delivery: LiveDelivery,
  known: Registry
): Result.Result<ReadonlyArray<Bundle>, PolicyUnavailable | typeof unknown> => {
  // Of a namespace that was not seen yet nobody can tell who selects it: it is about to be.
  if (known.bundles.size > 0 && !known.namespaces.has(delivery.namespace)) return Result.fail(unknown)
  const guardrails = guardrailsOf(delivery, known)
  const bundles: Array<Bundle> = []
  let isUnknown = false
  for (const guardrail of guardrails) {
    const { guard } = guardrail.state ?? {}
    const error = reasonOf(guardrail)
    if (guard !== undefined && guardrail.problems.length === 0) bundles.push(guard.bundle)
    else if (error !== undefined) return Result.fail(unguarded(guardrail.name, error))
    else isUnknown = true
  }
  return isUnknown ? Result.fail(unknown) : Result.succeed(bundles)
}

/** Two prints of one text are the same guards. */
export const printOf = (delivery: LiveDelivery, known: Registry): string => {
  const guards = guardsOf(delivery, known)
  return Result.isSuccess(guards) ? guards.success.map(({ digest, name }) => `${name}@${digest}`).join(" ") : ""
}

/** The guards of a Delivery at the moment that they are asked for. Where that cannot be told nothing is let through. */
export const guardsNow = (
  known: Registry,
  id: string
): Effect.Effect<ReadonlyArray<Bundle>, PolicyUnavailable> =>
  Effect.suspend(() => {
    const delivery = known.get(id)
    const guards = delivery === undefined ? undefined : guardsOf(delivery, known)
    if (guards !== undefined && Result.isSuccess(guards)) return Effect.succeed(guards.success)
    if (guards !== undefined && guards.failure !== unknown) return Effect.fail(guards.failure)
    return Effect.fail(
      new PolicyUnavailable({
        detail: "a PolicyBundle that selects this Delivery is being loaded",
        hint: "It goes on when that is done.",
        class: "transient"
      })
    )
  })
