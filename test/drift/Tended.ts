import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import type { Admitted } from "../../src/domain/Decision.ts"
import type { Healed } from "../../src/domain/Drift.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { deliveryValue } from "../../src/domain/ownership.ts"
import { Drift } from "../../src/drift/Drift.ts"
import type { Suspect } from "../../src/kube/Suspect.ts"
import { plan, revision } from "../apply/Subject.ts"

/** Applies a delivery and keeps it as it is, as a lane of the agent does; what becomes of suspects is in the queues. */
export const tend = Effect.fnUntraced(function*(subject: Delivery, objects: ReadonlyArray<JsonObject>) {
  const [apply, drift, store] = [yield* Apply, yield* Drift, yield* InventoryStore]
  const watch = yield* drift.watch({ label: deliveryValue(subject.metadata), ...subject.spec.apply })
  const healed = yield* Queue.unbounded<Healed>()
  const untouched = yield* Queue.unbounded<Healed>()
  const failed = yield* Queue.unbounded<string>()

  const deliver = Effect.fnUntraced(function*(objects: ReadonlyArray<JsonObject>) {
    const changeset = (yield* plan(subject, objects)) as Admitted<Changeset>
    const run = { revision: revision(1), identity: "identity", closure: "closure" }
    yield* Stream.runForEach(
      apply.apply(subject, changeset, yield* store.load, run),
      ({ written }) => written === undefined ? Effect.void : watch.wrote(written.entry, written.resourceVersion)
    )
    yield* watch.follow((yield* store.load).entries)
    return apply.standing(changeset)
  })
  const standing = yield* deliver(objects)

  const lane = yield* Semaphore.make(1)
  const heal = Effect.fnUntraced(function*(suspects: ReadonlyArray<Suspect>) {
    yield* Stream.runForEach(
      // No policy is asked here: what others hold stays.
      apply.heal(subject, standing, { entries: [] }, suspects.filter(({ why }) => why !== "unjudged")),
      (one) =>
        Effect.andThen(
          watch.wrote(one.entry, one.resourceVersion),
          Queue.offer(one.action === "untouched" ? untouched : healed, one)
        )
    ).pipe(Effect.catch(({ message }) => Queue.offer(failed, message)))
  })
  yield* watch.stirred.pipe(
    Effect.andThen(Semaphore.withPermit(lane, Effect.flatMap(watch.take, heal))),
    Effect.forever,
    Effect.forkScoped
  )
  return { watch, standing, healed, untouched, failed, whileNobodyHeals: Semaphore.withPermit(lane) }
})

/** A heal in one line. */
export const line = ({ action, fields, manager, ref }: Healed): string =>
  `${action} ${ref.kind}/${ref.name}: ${fields.join(" ")} by ${manager}`
