import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { milliseconds } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import { retryDelay } from "../domain/retry.ts"
import type { ApplyError } from "../domain/StageError.ts"
import { uptime } from "../domain/uptime.ts"
import { KubeStatus } from "../kube/KubeStatus.ts"
import type { LiveDelivery } from "./Registry.ts"

/** What became of the objects of a Delivery that went. */
export interface Farewell {
  /** So many were deleted, or were gone. */
  readonly deleted: number
  /** So many stay behind. */
  readonly behind: number
  /** Why they stay, one sentence each. */
  readonly why: ReadonlyArray<string>
}

interface Leaving {
  readonly delivery: LiveDelivery
  /** Why nobody can act for it any more, if so: its account is gone. */
  readonly helpless: string | undefined
  /** Its namespace goes too, and its account's rights may have gone before it. */
  readonly terminating: boolean
}

/** What stays refused may be so for ever; what is out of reach comes back. */
const isRefused = (error: ApplyError): boolean => error._tag === "AccessDenied"

/**
 * Deletes what a Delivery owns, as its own identity, or leaves it behind, and forgets its record. It never fails and never
 * hangs: where nobody may delete (the account or its rights are gone), or after `spec.apply.timeout` with a cluster that
 * answers, what is left stays.
 */
export const finalize = Effect.fnUntraced(function*({ delivery, helpless, terminating }: Leaving) {
  const [apply, inventories, record] = [yield* Apply, yield* InventoryStore, yield* KubeStatus]
  const { apply: { timeout }, deletion } = delivery.resource.spec
  let deadline = (yield* uptime) + milliseconds(timeout)

  /** Nothing can be deleted, and the Delivery cannot be let go either: that is no time in which anybody hung. */
  const isOutOfReach = Effect.match(record.load("inventory"), {
    onSuccess: () => false,
    onFailure: ({ status }) => status === 0 || status === 429 || status >= 500
  })

  /** While this process may change nothing: that is no such time either. */
  const turn = Effect.gen(function*() {
    const since = yield* uptime
    yield* apply.mayChange
    deadline += (yield* uptime) - since
  })

  const insist = Effect.gen(function*() {
    for (let attempt = 0;; attempt++) {
      yield* turn
      const tried = yield* Effect.result(
        Effect.flatMap(inventories.load, (inventory) => apply.leave(delivery, inventory))
      )
      if (Result.isSuccess(tried)) return tried
      const pause = yield* retryDelay(tried.failure, attempt)
      yield* turn
      const now = yield* uptime
      if (now >= deadline && (yield* isOutOfReach)) deadline = now + milliseconds(timeout)
      if ((terminating && isRefused(tried.failure)) || pause === undefined || now >= deadline) return tried
      yield* Effect.sleep(Math.min(pause, 10_000, deadline - now))
    }
  })

  const inventory = yield* Effect.orElseSucceed(inventories.load, () => undefined)
  const owned = inventory?.entries.length ?? 0
  const farewell: Farewell = yield* Effect.gen(function*() {
    if (owned === 0 && inventory !== undefined) return { deleted: 0, behind: 0, why: [] }
    if (deletion === "orphan") return { deleted: 0, behind: owned, why: ["spec.deletion is orphan"] }
    if (helpless !== undefined) return { deleted: 0, behind: owned, why: [helpless] }
    const left = yield* insist
    if (Result.isFailure(left)) return { deleted: 0, behind: owned, why: [left.failure.message] }
    const stays = left.success.flatMap(({ stays }) => stays ?? [])
    return { deleted: left.success.length - stays.length, behind: stays.length, why: stays }
  })
  yield* apply.mayChange
  yield* Effect.ignore(record.forget, { log: "Warn", message: `the record of ${delivery.name} stays behind` })
  return farewell
})
