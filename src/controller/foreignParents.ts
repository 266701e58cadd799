import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { InventoryStore } from "../apply/InventoryStore.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import { Identity } from "../kube/Identity.ts"
import { Members } from "../members/Members.ts"
import { Rights } from "../pipeline/Rights.ts"
import { conditionOf } from "./conditions.ts"
import { idOf, isWellFormed, type LiveDelivery, type Registry } from "./Registry.ts"

/** How long before a record is read again that could not be, or that does not say yet what is about to be known. */
const again = "1 second"
/** So often, in a row: then what it lists was not made, and its status will say why. */
const most = 10
/** Records that are read at once. */
const atOnce = 16
const deepest = 20

/** Whether a Delivery's run goes on, by its own account. */
const isInProgress = ({ status }: LiveDelivery): boolean =>
  status.stage !== undefined || conditionOf(status, "Ready")?.reason === "InProgress"

/** Whether it is about to be known which object of a name this is: it is listed before it is made. */
const isBegun = ({ ref, uid }: InventoryEntry): boolean => ref.kind === "Delivery" && uid === undefined

/**
 * Keeps known what is owned by Deliveries that another replica tends and a Delivery inherits its source from. Their record
 * says it, and is read again when their status has changed, or when somebody claims to be theirs whom it did not list.
 * `look` is told of a Delivery that is thought about.
 */
export const foreignParents = Effect.fnUntraced(function*(
  registry: Registry,
  concern: (ids: Iterable<string>) => Effect.Effect<void>
) {
  const [inventories, members, rights] = [yield* InventoryStore, yield* Members, yield* Rights]
  /** At which version of a parent its record was asked for, and for whom. */
  const asked = new Map<string, { readonly version: string; readonly claims: Set<string> }>()
  const wanted = yield* Queue.unbounded<string>()

  const read = Effect.fnUntraced(function*(id: string) {
    for (let reads = 1;;) {
      const parent = registry.get(id)
      if (parent === undefined || members.tends(id)) return
      const record = rights.of({ namespace: parent.namespace, name: parent.name }, Identity.Self())
      const loaded = yield* Effect.result(Effect.provide(inventories.load, record))
      // By now a lane of this process may know better.
      if (registry.get(id) === undefined || members.tends(id)) return
      if (Result.isSuccess(loaded)) {
        const { entries } = loaded.success
        const isOpen = reads++ < most && entries.some(isBegun)
        registry.running(id, isOpen || isInProgress(registry.get(id) ?? parent))
        registry.adopt(id, entries)
        yield* concern(registry.inheritorsOf(parent))
        if (!isOpen) return
      }
      yield* Effect.sleep(again)
    }
  })
  yield* Effect.forkScoped(
    Stream.fromQueue(wanted).pipe(
      Stream.mapEffect(
        (id) => Effect.catchDefect(read(id), (defect) => Effect.logError(`${id}: this is a mistake in Sluice`, defect)),
        { concurrency: atOnce, unordered: true }
      ),
      Stream.runDrain
    )
  )

  const want = (parent: LiveDelivery, claim: string): void => {
    const id = idOf(parent)
    const before = asked.get(id)
    const isNews = before?.version !== parent.resourceVersion
    if (!isNews && before.claims.has(claim)) return
    asked.set(id, { version: parent.resourceVersion, claims: (isNews ? new Set<string>() : before.claims).add(claim) })
    // Until it was read nobody is refused who is not listed.
    registry.running(id, true)
    Queue.offerUnsafe(wanted, id)
  }

  return {
    look: (id: string): void => {
      let delivery = registry.deliveries.get(id)
      for (let depth = 0; depth < deepest && delivery !== undefined && isWellFormed(delivery); depth++) {
        const value: string | undefined = delivery.resource.metadata.labels?.[deliveryLabel]
        if (delivery.resource.spec.source !== undefined || value === undefined) return
        const parent = registry.labelled(value)
        if (parent === undefined) return
        if (!members.tends(idOf(parent))) want(parent, delivery.uid)
        else asked.delete(idOf(parent))
        delivery = parent
      }
    }
  }
})
