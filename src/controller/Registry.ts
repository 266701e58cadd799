import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { DeliveryStatus, PlainStatus, PolicyBundleStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type * as live from "../api/v1alpha1/live.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import type { Match, PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { InventoryEntry } from "../domain/Inventory.ts"
import { deliveryLabel, deliveryValue } from "../domain/ownership.ts"
import type { GuardState } from "../pipeline/guarding.ts"

/** A Delivery as it stands in the cluster. */
export interface LiveDelivery extends live.LiveDelivery {
  readonly namespace: string
  readonly name: string
}

/** A Delivery that cannot be read: it stalls itself, never its kind. */
export type MalformedDelivery = live.Malformed<DeliveryStatus>

/** A Notifier as it stands in the cluster. */
export interface LiveNotifier extends live.LiveNotifier {
  readonly namespace: string
  readonly name: string
}

/** A Notifier that cannot be read: what is to be told to it waits. */
export type MalformedNotifier = live.Malformed<PlainStatus>

/** A PolicyBundle as it stands in the cluster. */
export interface Guardrail {
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly status: PolicyBundleStatus
  /** Whom it judges; what cannot be read selects all: the gate fails closed. */
  readonly match: Match
  /** What it says, or what is wrong with it: then it cannot judge. */
  readonly resource: PolicyBundle | undefined
  readonly problems: ReadonlyArray<string>
  /** Undefined until it was looked at for the first time. */
  readonly state: GuardState | undefined
}

type Labels = Readonly<Record<string, string>>

/** Ids under a key: who depends on something. */
class Index {
  readonly #ids = new Map<string, Set<string>>()

  add(key: string, id: string): void {
    const ids = this.#ids.get(key)
    if (ids === undefined) this.#ids.set(key, new Set([id]))
    else ids.add(id)
  }

  remove(key: string, id: string): void {
    const ids = this.#ids.get(key)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(key)
  }

  get(key: string): ReadonlySet<string> {
    return this.#ids.get(key) ?? nobody
  }
}
const nobody: ReadonlySet<string> = new Set()

/** What the controller knows of the cluster: the state that decisions are read off. Keys are `<namespace>/<name>`. */
export class Registry {
  readonly deliveries = new Map<string, LiveDelivery | MalformedDelivery>()
  readonly notifiers = new Map<string, LiveNotifier | MalformedNotifier>()
  readonly bundles = new Map<string, Guardrail>()
  readonly namespaces = new Map<string, { readonly labels: Labels; readonly terminating: boolean }>()
  readonly accounts = new Set<string>()
  /** The Deliveries that a Delivery's inventory lists, with their uids. */
  readonly children = new Map<string, ReadonlyMap<string, string>>()
  /** The Deliveries whose run goes on: what they are about to own is not known before it ends. */
  readonly #running = new Set<string>()
  /** By the value of the label that stands on what a Delivery applied. */
  readonly #labelled = new Map<string, string>()
  readonly #inheritors = new Index()
  readonly #dependents = new Index()
  readonly #subscribers = new Index()
  /** By the same: who waits for a Delivery to be gone. */
  readonly #departures = new Map<string, Latch.Latch>()
  readonly #inNamespace = new Index()

  set(delivery: LiveDelivery | MalformedDelivery): void {
    const id = idOf(delivery)
    this.#forget(id)
    this.deliveries.set(id, delivery)
    this.#labelled.set(deliveryValue(delivery), id)
    this.#inNamespace.add(delivery.namespace, id)
    this.#links(delivery, (index, key) => index.add(key, id))
  }

  remove(id: string): void {
    const delivery = this.deliveries.get(id)
    if (delivery === undefined) return
    this.#forget(id)
    const value = deliveryValue(delivery)
    this.#labelled.delete(value)
    this.#departures.get(value)?.openUnsafe()
    this.#departures.delete(value)
    this.#inNamespace.remove(delivery.namespace, id)
    this.deliveries.delete(id)
    this.children.delete(id)
    this.#running.delete(id)
  }

  get(id: string): LiveDelivery | undefined {
    const found = this.deliveries.get(id)
    return found !== undefined && isWellFormed(found) ? found : undefined
  }

  /** The Delivery that a label's value names. */
  labelled(value: string): LiveDelivery | undefined {
    return this.get(this.#labelled.get(value) ?? "")
  }

  /** Whether a label's value names a Delivery that is there. */
  isLiving(value: string): boolean {
    return this.#labelled.has(value)
  }

  /** Returns when the Delivery that a label's value names is gone. */
  departed(value: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#labelled.has(value)) return Effect.void
      const latch = this.#departures.get(value) ?? Latch.makeUnsafe()
      this.#departures.set(value, latch)
      return latch.await
    })
  }

  /** The Deliveries of a namespace. */
  in(namespace: string): ReadonlySet<string> {
    return this.#inNamespace.get(namespace)
  }

  /** The Deliveries that may inherit the source of this one. */
  inheritorsOf(delivery: { readonly namespace: string; readonly name: string }): ReadonlySet<string> {
    return this.#inheritors.get(deliveryValue(delivery))
  }

  /** The Deliveries that wait for this one. */
  dependentsOf(id: string): ReadonlySet<string> {
    return this.#dependents.get(id)
  }

  /** Notes what a Delivery owns; answers whether other Deliveries are concerned, because they are among it now or no more. */
  adopt(id: string, entries: ReadonlyArray<InventoryEntry>): boolean {
    // A run that ends after its Delivery has gone.
    if (!this.deliveries.has(id)) return false
    const children = new Map(
      entries.flatMap(({ ref, uid }) =>
        ref.kind === "Delivery" && ref.group === "sluice.dev" && uid !== undefined ? [[idOf(ref), uid] as const] : []
      )
    )
    const before = this.children.get(id)
    const isSame = before?.size === children.size && [...children].every(([child, uid]) => before.get(child) === uid)
    if (!isSame) this.children.set(id, children)
    return !isSame
  }

  /** Whether what a Delivery owns is about to be known: it was not read yet, or its run goes on. */
  isWriting(id: string): boolean {
    return !this.children.has(id) || this.#running.has(id)
  }

  /** Notes that a run of a Delivery goes on, or has ended. */
  running(id: string, isRunning: boolean): void {
    this.#running[isRunning && this.deliveries.has(id) ? "add" : "delete"](id)
  }

  /** The Notifiers of a namespace that can be read. */
  notifiersIn(namespace: string): ReadonlyArray<Notifier> {
    return [...this.notifiers.values()].flatMap((notifier) =>
      notifier.namespace === namespace && "resource" in notifier ? [notifier.resource] : []
    )
  }

  /** The Deliveries that name a Notifier. */
  subscribersOf(notifier: string): ReadonlySet<string> {
    return this.#subscribers.get(notifier)
  }

  /** The Notifiers that a Delivery names, whether they are there or not. */
  toldOf(id: string): ReadonlyArray<string> {
    const delivery = this.get(id)
    return delivery === undefined ? [] : notifiersOf(delivery)
  }

  #forget(id: string): void {
    const before = this.deliveries.get(id)
    if (before !== undefined) this.#links(before, (index, key) => index.remove(key, id))
  }

  #links(delivery: LiveDelivery | MalformedDelivery, each: (index: Index, key: string) => void): void {
    if (!isWellFormed(delivery)) return
    const { metadata: { labels = {} }, spec } = delivery.resource
    const parent = labels[deliveryLabel]
    if (spec.source === undefined && parent !== undefined) each(this.#inheritors, parent)
    for (const notifier of notifiersOf(delivery)) each(this.#subscribers, notifier)
    for (const dependency of spec.dependsOn) {
      each(this.#dependents, idOf({ namespace: dependency.namespace ?? delivery.namespace, name: dependency.name }))
    }
  }
}

const notifiersOf = ({ namespace, resource }: LiveDelivery): ReadonlyArray<string> =>
  resource.spec.notify.map(({ name }) => idOf({ namespace, name }))

export const idOf = ({ name, namespace }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`

export const isWellFormed = (delivery: LiveDelivery | MalformedDelivery): delivery is LiveDelivery =>
  "resource" in delivery
