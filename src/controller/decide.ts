import * as Data from "effect/Data"
import * as Result from "effect/Result"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { AccessDenied, InvalidSpec, type StageError } from "../domain/StageError.ts"
import { Identity } from "../kube/Identity.ts"
import { wrongDependencies } from "./dependencies.ts"
import { guardsOf } from "./guards.ts"
import { sourceOwner, unknown } from "./inheritance.ts"
import { idOf, isWellFormed, type LiveDelivery, type MalformedDelivery, type Registry } from "./Registry.ts"

/** Whose source a Delivery uses, and as whom it is read. */
export interface Owner {
  readonly namespace: string
  readonly name: string
  readonly identity: Identity
}

/** What is to be done about one Delivery. */
export type Decided = Data.TaggedEnum<{
  /** Nothing may run. Not even drift is healed: nobody could say what is right. */
  Refused: {
    readonly error: StageError
    /**
     * As whom its Notifiers are told; undefined where nobody can read whom it would tell. Also an account that is missing:
     * it may what its name is bound to, and that is at most to read the Secret of a Notifier.
     */
    readonly identity: Identity | undefined
  }
  /** What stands stays as it is: what decides is about to be known. */
  Awaits: Record<never, never>
  /** Watched, not touched. */
  Suspended: { readonly delivery: Delivery; readonly identity: Identity }
  Runs: { readonly delivery: Delivery; readonly identity: Identity; readonly source: Owner }
  /** It is being deleted, and its objects with it (or not). */
  Leaves: { readonly delivery: LiveDelivery | MalformedDelivery; readonly identity: Identity | undefined }
}>
export const Decided = Data.taggedEnum<Decided>()

export interface Rules {
  /** Deliveries in here may act as the agent itself. */
  readonly agentNamespace: string
  readonly allowCrossNamespace: boolean
}

/** The account that a Delivery acts as outside the agent's own namespace, if it names none. */
export const defaultAccount = "sluice"

/** As whom a Delivery wants to act. */
const wanted = ({ namespace, resource }: LiveDelivery, rules: Rules): Identity => {
  const named = resource.spec.apply.serviceAccountName
  return named === undefined && namespace === rules.agentNamespace
    ? Identity.Self()
    : Identity.ServiceAccount({ namespace, name: named ?? defaultAccount })
}

/** As whom a Delivery acts. Without an identity it touches nothing. */
export const identityOf = (
  delivery: LiveDelivery,
  known: Registry,
  rules: Rules
): Result.Result<Identity, AccessDenied> => {
  const { namespace, resource } = delivery
  const named = resource.spec.apply.serviceAccountName
  const identity = wanted(delivery, rules)
  if (identity._tag === "Self" || known.accounts.has(idOf(identity))) return Result.succeed(identity)
  return Result.fail(
    new AccessDenied({
      detail: named === undefined
        ? `acts as ServiceAccount ${defaultAccount} of namespace ${namespace}, which does not exist`
        : `spec.apply.serviceAccountName: there is no ServiceAccount ${named} in namespace ${namespace}`,
      hint: `Create the ServiceAccount with a RoleBinding to what this Delivery may do, or name another in ` +
        "spec.apply.serviceAccountName; it goes on the moment the account is there."
    })
  )
}

/** A suspension ends by itself at `until`. */
export const isSuspended = ({ spec }: Pick<Delivery, "spec">, now: number): boolean => {
  const until = Date.parse(spec.suspension?.until ?? "")
  return spec.suspend && !(until <= now)
}

const resolved = ({ resource }: LiveDelivery, owner: LiveDelivery): Delivery => ({
  ...resource,
  spec: { ...resource.spec, source: owner.resource.spec.source! }
})

const decideLive = (
  delivery: LiveDelivery,
  known: Registry,
  rules: Rules,
  now: number
): Result.Result<Decided, StageError | typeof unknown> =>
  Result.gen(function*() {
    const wrong = wrongDependencies(known, delivery, rules.allowCrossNamespace)
    if (wrong !== undefined) return yield* Result.fail(wrong)
    const identity = yield* identityOf(delivery, known, rules)
    const owner = yield* sourceOwner(known, delivery)
    const reader = owner === delivery ? identity : yield* identityOf(owner, known, rules)
    const whole = resolved(delivery, owner)
    if (isSuspended(whole, now)) return Decided.Suspended({ delivery: whole, identity })
    // Which they are is no part of the decision: a lane goes on with others. That one cannot judge is.
    yield* guardsOf(delivery, known)
    const source = { namespace: owner.namespace, name: owner.name, identity: reader }
    return Decided.Runs({ delivery: whole, identity, source })
  })

/** What is to be done about a Delivery, read off all that is known. Undefined: there is no such Delivery. */
export const decide = (known: Registry, rules: Rules, id: string, now: number): Decided | undefined => {
  const delivery = known.deliveries.get(id)
  if (delivery === undefined) return undefined
  if (!isWellFormed(delivery)) {
    if (delivery.deleting) return Decided.Leaves({ delivery, identity: undefined })
    const hint = "Mend the fields that are named; `kubectl explain delivery.spec` lists them."
    return Decided.Refused({
      error: new InvalidSpec({ detail: delivery.problems.join("; "), hint }),
      identity: undefined
    })
  }
  if (delivery.deleting) {
    const identity = identityOf(delivery, known, rules)
    return Decided.Leaves({ delivery, identity: Result.isSuccess(identity) ? identity.success : undefined })
  }
  const decided = decideLive(delivery, known, rules, now)
  if (Result.isSuccess(decided)) return decided.success
  if (decided.failure === unknown) return Decided.Awaits()
  return Decided.Refused({ error: decided.failure, identity: wanted(delivery, rules) })
}
