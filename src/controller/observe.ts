import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { milliseconds, nameOf } from "../api/v1alpha1/Delivery.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { deliveryValue } from "../domain/ownership.ts"
import * as Ulid from "../domain/Ulid.ts"
import { Drift } from "../drift/Drift.ts"
import { Notify } from "../notify/Notify.ts"
import { Rights } from "../pipeline/Rights.ts"
import type { Decided } from "./decide.ts"
import type { Registry } from "./Registry.ts"
import { looked, suspicion } from "./suspicion.ts"
import { tellDrift } from "./tellDrift.ts"

/** How long before an inventory that could not be read is read again. */
const again = "10 seconds"

/**
 * Tells drift of a Delivery that is suspended, unless it is to be ignored, and touches nothing. What was still to be told
 * of it when it was suspended is told as well.
 */
export const observe = Effect.fnUntraced(function*(
  { delivery, identity }: Decided & { readonly _tag: "Suspended" },
  registry: Registry,
  hear: (event: RunEvent) => Effect.Effect<void>
) {
  const { apply: { allowManagers, drift: mode }, source } = delivery.spec
  const [rights, drifts, inventories, notify] = [yield* Rights, yield* Drift, yield* InventoryStore, yield* Notify]
  const own = rights.of(delivery.metadata, identity)
  const notifiers = Effect.sync(() => registry.notifiersIn(delivery.metadata.namespace))
  yield* Effect.provide(notify.resume(delivery, yield* notifiers), own)
  if (mode === "ignore") return
  const watching = Effect.gen(function*() {
    const { entries } = yield* inventories.load
    const drift = yield* drifts.watch({
      label: deliveryValue(delivery.metadata),
      allowManagers,
      interval: milliseconds(source.interval)
    })
    yield* drift.follow(entries)
    for (;;) {
      const suspects = (yield* drift.suspects).filter(({ why }) => why !== "doubt" && why !== "unjudged")
      if (suspects.length === 0) continue
      const findings = yield* Effect.forEach(
        suspects,
        (suspect) => Effect.map(looked(suspect), (one) => suspicion(one, delivery.spec.apply))
      )
      const [run, now] = [yield* Ulid.make, yield* DateTime.now]
      yield* hear({
        _tag: "DriftFound",
        time: DateTime.formatIso(now),
        delivery: nameOf(delivery),
        run,
        findings
      })
      yield* tellDrift(delivery, yield* notifiers, findings)
    }
  }).pipe(Effect.provide(own), Effect.scoped)
  yield* watching.pipe(
    Effect.tapError(({ message }) => Effect.logWarning(`${nameOf(delivery)}: its drift is not seen: ${message}`)),
    Effect.retry(Schedule.spaced(again))
  )
})
