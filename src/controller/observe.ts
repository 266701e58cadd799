import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { nameOf } from "../api/v1alpha1/Delivery.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import * as Ulid from "../domain/Ulid.ts"
import { Drift } from "../drift/Drift.ts"
import { Rights } from "../pipeline/Rights.ts"
import type { Decided } from "./decide.ts"
import { suspicion } from "./suspicion.ts"

/** Tells drift of a Delivery that is suspended, and touches nothing. */
export const observe = Effect.fnUntraced(function*(
  { delivery, identity }: Decided & { readonly _tag: "Suspended" },
  hear: (event: RunEvent) => Effect.Effect<void>
) {
  const [rights, drifts, inventories] = [yield* Rights, yield* Drift, yield* InventoryStore]
  const own = yield* Layer.build(rights.of(delivery.metadata, identity))
  yield* Effect.gen(function*() {
    const { entries } = yield* inventories.load
    const drift = yield* drifts.watch({ allowManagers: delivery.spec.apply.allowManagers })
    yield* drift.follow(entries)
    for (;;) {
      const findings = (yield* drift.suspects).filter(({ why }) => why !== "doubt").map(suspicion)
      if (findings.length === 0) continue
      const [run, now] = [yield* Ulid.make, yield* DateTime.now]
      yield* hear({
        _tag: "DriftFound",
        time: DateTime.formatIso(now),
        delivery: nameOf(delivery),
        run,
        findings
      })
    }
  }).pipe(Effect.provide(own))
})
