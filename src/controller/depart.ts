import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { finalizer } from "../domain/ownership.ts"
import { DeliveryWriter } from "../kube/DeliveryWriter.ts"
import { Identity } from "../kube/Identity.ts"
import { Notify } from "../notify/Notify.ts"
import { Rights } from "../pipeline/Rights.ts"
import type { Decided } from "./decide.ts"
import type { DeliveryEvent } from "./events.ts"
import { type Farewell, finalize } from "./finalize.ts"
import { idOf, isWellFormed, type Registry } from "./Registry.ts"

const told = 5

const eventOf = ({ behind, deleted, why }: Farewell): DeliveryEvent => {
  const more = why.length > told ? `; and ${why.length - told} more` : ""
  const reasons = why.length === 0 ? "" : `: ${why.slice(0, told).join("; ")}${more}`
  return behind === 0
    ? { type: "Normal", reason: "Deleted", action: "delete", message: `${deleted} objects deleted` }
    : {
      type: "Warning",
      reason: "Orphaned",
      action: "delete",
      message: `${deleted} objects deleted, ${behind} stay behind${reasons}`
    }
}

/** What becomes of a Delivery that nobody can read: its objects stay, since nobody knows what was wanted. */
const unread: Farewell = { deleted: 0, behind: 0, why: ["its spec cannot be read: what it owns stays behind"] }

/** Sees a Delivery off that is being deleted: its objects go with it, or stay, and then nothing holds it any more. */
export const depart = Effect.fnUntraced(function*(
  { delivery, identity }: Decided & { readonly _tag: "Leaves" },
  registry: Registry,
  tell: (events: ReadonlyArray<DeliveryEvent>) => Effect.Effect<void>
) {
  const { finalizers, name, namespace, uid } = delivery
  if (!finalizers.includes(finalizer)) return
  const [notify, rights, writer] = [yield* Notify, yield* Rights, yield* DeliveryWriter]
  const farewell = !isWellFormed(delivery) ? unread : yield* finalize({
    delivery,
    helpless: identity === undefined ? "the ServiceAccount that it acts as is gone" : undefined,
    terminating: registry.namespaces.get(namespace)?.terminating ?? true
  }).pipe(Effect.provide(rights.of(delivery, identity ?? Identity.Self())))
  if (isWellFormed(delivery)) yield* notify.forget(delivery.resource)
  yield* tell([eventOf(farewell)])
  // Whoever else has a finalizer keeps it: what is there now counts, not what was there when this began.
  yield* Effect.suspend(() => {
    const now = registry.deliveries.get(idOf(delivery))
    if (now === undefined || now.uid !== uid || !now.finalizers.includes(finalizer)) return Effect.void
    const values = now.finalizers.filter((other) => other !== finalizer)
    return writer.patchMetadata({ namespace, name, uid }, {
      finalizers: { values, resourceVersion: now.resourceVersion }
    })
  }).pipe(
    Effect.retry(($) =>
      $(Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("30 seconds")])).pipe(
        Schedule.while(({ input }) => input.status !== 404 && input.status !== 422)
      )
    ),
    Effect.ignore({ log: "Warn", message: `${idOf(delivery)} keeps its finalizer` })
  )
})
