import * as Effect from "effect/Effect"
import type { HealthStatus } from "../domain/Health.ts"
import { at, type JsonObject } from "../domain/Json.ts"
import { fromKey, key, type ObjectRef } from "../domain/ObjectRef.ts"
import { originAnnotation } from "../domain/ownership.ts"
import { Identity } from "../kube/Identity.ts"
import { health } from "../kube/kstatus.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import * as reader from "../kube/reader.ts"
import { deliveries } from "./resources.ts"
import { read, type ShownDelivery } from "./ShownDelivery.ts"

/** One object that a Delivery owns; a Delivery has what it owns below it. */
export interface Node {
  readonly apiVersion: string
  readonly ref: ObjectRef
  /** `Unreadable` where this person may not read it. */
  readonly status: HealthStatus | "Unreadable"
  readonly message: string
  /** The file and the revision that last changed it. */
  readonly origin?: string
  readonly owns?: ReadonlyArray<Node>
}

/** The mirror in the status holds no more. */
export const mostEntries = 1_000
const concurrency = 16

const group = "sluice.dev"

const byPlace = (a: ObjectRef, b: ObjectRef): number => {
  const [left, right] = [a, b].map((ref) => [ref.namespace, ref.kind, ref.name].join("\u0000"))
  return left! < right! ? -1 : left! > right! ? 1 : 0
}

/** What a Delivery says that it owns. */
const entriesOf = ({ status }: ShownDelivery) =>
  (status.inventory?.entries ?? []).flatMap(({ id, v }) => {
    const ref = fromKey(id)
    return ref === undefined ? [] : [{ ref, apiVersion: ref.group === "" || v.includes("/") ? v : `${ref.group}/${v}` }]
  }).sort((a, b) => byPlace(a.ref, b.ref))

const text = (object: JsonObject, ...path: ReadonlyArray<string>): string | undefined => {
  const value = at(object, ...path)
  return typeof value === "string" ? value : undefined
}

/** The health of everything that a Delivery owns, and so on down; each Delivery is followed once. */
export const ownedBy = Effect.fnUntraced(function*(root: ShownDelivery) {
  const { get } = reader.make(yield* KubeClient, Identity.Self())
  const met = new Set([key({ group, kind: deliveries.kind, namespace: root.namespace, name: root.name })])

  const node = (apiVersion: string, ref: ObjectRef): Effect.Effect<Node> =>
    Effect.matchEffect(get(apiVersion, ref), {
      onFailure: ({ detail, status }) =>
        Effect.succeed<Node>({
          apiVersion,
          ref,
          status: "Unreadable",
          message: status === 403 ? "you may not read it" : detail
        }),
      onSuccess: (live) => {
        const { message, status } = health(ref, live)
        const origin = live === undefined ? undefined : text(live, "metadata", "annotations", originAnnotation)
        const self: Node = { apiVersion, ref, status, message, ...origin === undefined ? {} : { origin } }
        if (live === undefined || ref.group !== group || ref.kind !== deliveries.kind) return Effect.succeed(self)
        if (met.has(key(ref))) return Effect.succeed({ ...self, message: `${message} (shown above)` })
        met.add(key(ref))
        return Effect.map(below(read(live)), (owns) => ({ ...self, owns }))
      }
    })
  const below = (delivery: ShownDelivery): Effect.Effect<ReadonlyArray<Node>> =>
    Effect.forEach(entriesOf(delivery), ({ apiVersion, ref }) => node(apiVersion, ref), { concurrency })

  return yield* below(root)
})

/** Every object of a tree. */
export const flat = (nodes: ReadonlyArray<Node>): ReadonlyArray<Node> =>
  nodes.flatMap((node) => [node, ...flat(node.owns ?? [])])
