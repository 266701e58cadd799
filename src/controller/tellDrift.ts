import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { DriftFinding } from "../domain/DriftReport.ts"
import { empty } from "../domain/Inventory.ts"
import { parse } from "../domain/Revision.ts"
import { Notify } from "../notify/Notify.ts"

/** Tells the Notifiers of a Delivery, whether it is kept or only watched, what was found; returns at once. */
export const tellDrift = Effect.fnUntraced(function*(
  delivery: Delivery,
  notifiers: ReadonlyArray<Notifier>,
  findings: ReadonlyArray<DriftFinding>
) {
  const [inventories, notify, time] = [yield* InventoryStore, yield* Notify, yield* Clock.currentTimeMillis]
  const { applied } = yield* Effect.orElseSucceed(inventories.load, () => empty)
  const revision = applied === undefined ? undefined : parse(applied.revision)
  const { source: { git: { url } } } = delivery.spec
  yield* notify.tellDrift(delivery, notifiers, { delivery: nameOf(delivery), revision, url, findings, time })
})
