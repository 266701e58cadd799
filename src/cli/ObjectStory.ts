import type { Health } from "../domain/Health.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { display, key, type ObjectRef, ofObject } from "../domain/ObjectRef.ts"
import { deliveryLabel, deliveryValue, displayValue, fieldManager, originAnnotation } from "../domain/ownership.ts"
import { oneLine } from "../domain/plainText.ts"
import { health } from "../kube/kstatus.ts"
import type { Paint } from "./color.ts"
import { relative } from "./duration.ts"
import { explanation } from "./Explanation.ts"
import { headline, rows } from "./explanationText.ts"
import { mostEntries } from "./ownedTree.ts"
import { nameOf, shortRevision, type ShownDelivery } from "./ShownDelivery.ts"

/** Where an object comes from. The document of `sluice explain KIND/NAME`: `cli.sluice.dev/v1`. */
export interface ObjectStory {
  readonly apiVersion: "cli.sluice.dev/v1"
  readonly kind: "ObjectStory"
  readonly object: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
  }
  readonly health: Pick<Health, "status" | "message">
  /** The value of the label; it only selects. */
  readonly label?: string
  /** `shop/checkout`, where a Delivery's inventory lists the object. */
  readonly delivery?: string
  /**
   * Its Delivery's inventory lists it, or does not (labels get copied); the Delivery is gone; it never had one; or the
   * status does not list all.
   */
  readonly ownedBy: "inventory" | "unlisted" | "orphan" | "nobody" | "unknown"
  readonly origin?: { readonly file: string; readonly revision: string }
  /** Who changed it last, status apart. */
  readonly changes: ReadonlyArray<{ readonly manager: string; readonly time: string }>
}

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

/** `environments/prod/checkout.yaml:23@main@sha1:9f3c…`, as the annotation says it. */
export const originOf = (annotation: string): ObjectStory["origin"] => {
  const match = /^(.+?)@([^@]*@sha(?:1|256):[0-9a-f]+)$/u.exec(annotation)
  return match === null ? undefined : { file: match[1]!, revision: match[2]! }
}

const changesOf = (object: JsonObject): ObjectStory["changes"] => {
  const entries = at(object, "metadata", "managedFields")
  return (Array.isArray(entries) ? entries as ReadonlyArray<Json> : [])
    .filter((entry) => at(entry, "subresource") === undefined)
    .map((entry) => ({ manager: text(at(entry, "manager")), time: text(at(entry, "time")) }))
    .sort((a, b) => a.time < b.time ? 1 : -1)
}

/** The delivery whose label an object carries, among those that there are. */
export const labelled = (label: string, all: ReadonlyArray<ShownDelivery>): ShownDelivery | undefined =>
  all.find((delivery) => deliveryValue(delivery) === label)

const lists = ({ status }: ShownDelivery, ref: ObjectRef): boolean =>
  status.inventory?.entries.some(({ id }) => id === key(ref)) === true

const ownership = (
  ref: ObjectRef,
  label: string | undefined,
  owner: ShownDelivery | undefined
): ObjectStory["ownedBy"] => {
  if (label === undefined) return "nobody"
  if (owner === undefined) return "orphan"
  if (lists(owner, ref)) return "inventory"
  const isPartial = (owner.status.inventory?.entries.length ?? 0) >= mostEntries ||
    owner.unreadable.includes("inventory")
  return isPartial ? "unknown" : "unlisted"
}

/** Tells where a live object comes from; `owner` is the Delivery that its label names, if it is there. */
export const objectStory = (object: JsonObject, owner: ShownDelivery | undefined): ObjectStory => {
  const ref = ofObject(object)
  const { message, status } = health(ref, object)
  const label = at(object, "metadata", "labels", deliveryLabel)
  const value = typeof label === "string" ? label : undefined
  const ownedBy = ownership(ref, value, owner)
  const origin = originOf(text(at(object, "metadata", "annotations", originAnnotation)))
  return {
    apiVersion: "cli.sluice.dev/v1",
    kind: "ObjectStory",
    object: {
      apiVersion: text(object.apiVersion),
      kind: ref.kind,
      ...ref.namespace === "" ? {} : { namespace: ref.namespace },
      name: ref.name
    },
    health: { status, message },
    ...value === undefined ? {} : { label: value },
    ...owner !== undefined && (ownedBy === "inventory" || ownedBy === "unknown") ? { delivery: nameOf(owner) } : {},
    ownedBy,
    ...origin === undefined ? {} : { origin },
    changes: changesOf(object)
  }
}

const foreign = (value: string): string => oneLine(value, 1_000)

const verdict = ({ delivery, label, ownedBy }: ObjectStory): string => {
  const named = foreign(displayValue(label ?? ""))
  switch (ownedBy) {
    case "inventory":
      return `is owned by ${foreign(delivery!)}`
    case "unknown":
      return `carries the label of ${foreign(delivery!)}, whose status does not list all that it owns`
    case "unlisted":
      return `carries the label of ${named}, which does not own it: labels get copied`
    case "orphan":
      return `was applied by ${named}, which is not there any more`
    case "nobody":
      return "was not applied by Sluice: it has no label sluice.dev/delivery"
  }
}

/** Where an object comes from, for people, and how its Delivery does. */
export const storyText = (story: ObjectStory, owner: ShownDelivery | undefined, paint: Paint, now: number): string => {
  const { changes, health, object, origin } = story
  const name = display({ group: "", namespace: "", ...object })
  const ours = changes.find(({ manager }) => manager === fieldManager)
  const others = changes.filter(({ manager }) => manager !== fieldManager).slice(0, 5)
  const told = ({ manager, time }: ObjectStory["changes"][number]) => foreign(`${manager} ${relative(time, now)}`)
  return [
    `${paint("bold", foreign(name))} ${verdict(story)}`,
    ...rows([
      [
        "health",
        `${paint(health.status === "Current" ? "green" : "yellow", health.status)}: ${foreign(health.message)}`
      ],
      ["written", origin === undefined ? "" : `${foreign(origin.file)} at ${foreign(shortRevision(origin.revision))}`],
      ["applied", ours === undefined ? "" : foreign(relative(ours.time, now))],
      ["also by", others.map(told).join(", ")],
      ["delivery", owner === undefined || story.ownedBy === "unlisted" ? "" : headline(explanation(owner, []), paint)]
    ], paint)
  ].join("\n")
}
