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

/** Milliseconds before a record is read again that does not say yet what is about to be known; at first, where it failed. */
const again = 1_000
/** So often, in a row: then what it lists was not made, and its status will say why. */
const most = 10
const longestRetry = 30_000
/** Records that are read at once. */
const atOnce = 16
const deepest = 20

/** Whether a Delivery's run goes on, by its own account. */
const isInProgress = ({ status }: LiveDelivery): boolean =>
  status.stage !== undefined || conditionOf(status, "Ready")?.reason === "InProgress"

/** Whether it is about to be known which object of a name this is: it is listed before it is made. */
const isBegun = ({ ref, uid }: InventoryEntry): boolean => ref.kind === "Delivery" && uid === undefined

/** What was asked for of a parent's record. */
interface Asked {
  /** Of the parent; with it, who claimed to be its own. */
  version: string
  claims: Set<string>
  /** Whether it is read, or waits for that: by one at a time, whatever comes meanwhile. */
  isUnderWay: boolean
  isNews: boolean
  reads: number
  failures: number
}

/**
 * Keeps known what is owned by Deliveries that another replica tends and a Delivery inherits its source from. Their record
 * says it, and is read again when their status has changed, or when somebody claims to be theirs whom it did not list.
 * `look` is told of a Delivery that is thought about. Who waits for a record that cannot be read keeps nobody else waiting.
 */
export const foreignParents = Effect.fnUntraced(function*(
  registry: Registry,
  concern: (ids: Iterable<string>) => Effect.Effect<void>
) {
  const [inventories, members, rights] = [yield* InventoryStore, yield* Members, yield* Rights]
  const scope = yield* Effect.scope
  const asked = new Map<string, Asked>()
  const wanted = yield* Queue.unbounded<string>()

  /** A parent whose record this process may need; undefined once it is gone, or a lane of this process knows better. */
  const parentOf = (id: string): LiveDelivery | undefined => {
    const parent = registry.get(id)
    return parent === undefined || members.tends(id) ? undefined : parent
  }

  /** Milliseconds until it is to be read again, if so. */
  const read = Effect.fnUntraced(function*(id: string, about: Asked) {
    const parent = parentOf(id)
    if (parent === undefined) return undefined
    about.isNews = false
    const record = rights.of({ namespace: parent.namespace, name: parent.name }, Identity.Self())
    const loaded = yield* Effect.result(Effect.provide(inventories.load, record))
    const now = parentOf(id)
    if (now === undefined) return undefined
    if (Result.isFailure(loaded)) return Math.min(longestRetry, again * 2 ** about.failures++)
    const { entries } = loaded.success
    const isOpen = ++about.reads < most && entries.some(isBegun)
    about.failures = 0
    registry.running(id, isOpen || isInProgress(now))
    registry.adopt(id, entries)
    yield* concern(registry.inheritorsOf(parent))
    return isOpen ? again : about.isNews ? 0 : undefined
  })

  const serve = Effect.fnUntraced(function*(id: string) {
    const about = asked.get(id)
    if (about === undefined) return
    const inMs = yield* Effect.catchDefect(
      read(id, about),
      (defect) => Effect.as(Effect.logError(`${id}: this is a mistake in Sluice`, defect), longestRetry)
    )
    if (inMs === undefined) {
      about.isUnderWay = false
      about.reads = 0
      if (parentOf(id) === undefined) asked.delete(id)
      return
    }
    // It is waited for beside the others.
    yield* Effect.forkIn(Effect.delay(Queue.offer(wanted, id), inMs), scope)
  })
  yield* Effect.forkScoped(
    Stream.fromQueue(wanted).pipe(
      Stream.mapEffect(serve, { concurrency: atOnce, unordered: true }),
      Stream.runDrain
    )
  )

  const begun = (id: string): Asked => {
    for (const [other, { isUnderWay }] of asked) if (!isUnderWay && parentOf(other) === undefined) asked.delete(other)
    const about = { version: "", claims: new Set<string>(), isUnderWay: false, isNews: false, reads: 0, failures: 0 }
    asked.set(id, about)
    return about
  }

  const want = (parent: LiveDelivery, claim: string): void => {
    const id = idOf(parent)
    const about = asked.get(id) ?? begun(id)
    const isChanged = about.version !== parent.resourceVersion
    if (!isChanged && about.claims.has(claim)) return
    if (isChanged) about.claims.clear()
    about.version = parent.resourceVersion
    about.claims.add(claim)
    about.isNews = true
    // Until it was read nobody is refused who is not listed.
    registry.running(id, true)
    if (about.isUnderWay) return
    about.isUnderWay = true
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
        delivery = parent
      }
    }
  }
})
