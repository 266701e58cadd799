import { createHash } from "node:crypto"
import { deliveryLabel, fieldManager, fingerprint, originAnnotation, pruneAnnotation } from "../domain/ownership.ts"
import { hasGuests, isGuest, ours, stale } from "../domain/stale.ts"
import type { LiveMetadata } from "./KubeReader.ts"

/** What is kept of a live object, some hundred bytes: managedFields are not. */
export interface Seen {
  readonly uid: string
  readonly resourceVersion: string
  readonly deleting: boolean
  /** Of the delivery that the object says it is of. */
  readonly label: string | undefined
  readonly origin: string | undefined
  readonly prune: string | undefined
  readonly fingerprint: string
  /** Whether a field is owned in our name. */
  readonly isOurs: boolean
  /** People's managers that own something inside. */
  readonly intruders: ReadonlyArray<string>
  /** Of what they own; empty if there are none. */
  readonly intrusion: string
  /** Controllers and other tools that hold something of it, status aside, that we do not. */
  readonly guests: ReadonlyArray<string>
  /** Of what they hold, and of when it was last set; empty if there is none. */
  readonly held: string
  /** Of all other ownership. */
  readonly others: string
  /** Whether nobody wrote in a later second than we. */
  readonly isNewest: boolean
  /** Of labels, annotations and generation: what it does not tell is status. Undefined for kinds without generation. */
  readonly content: string | undefined
}

const nobody: ReadonlyArray<string> = []

const sum = (value: unknown): string =>
  createHash("sha1").update(JSON.stringify(value)).digest("base64url").slice(0, 11)

/** What is kept of an object's metadata. */
export const seen = (live: LiveMetadata): Seen => {
  const { annotations, generation, labels, managedFields } = live
  const own = managedFields.filter(({ manager, subresource }) => manager === fieldManager && subresource === undefined)
  const others = managedFields.filter((entry) => !own.includes(entry))
  const written = ours(managedFields)?.time ?? ""
  const strange = stale(managedFields)
  const isHeld = hasGuests(managedFields)
  const held = isHeld ? managedFields.filter(isGuest) : []
  return {
    uid: live.uid,
    resourceVersion: live.resourceVersion,
    deleting: live.deleting,
    label: labels[deliveryLabel],
    origin: annotations[originAnnotation],
    prune: annotations[pruneAnnotation],
    fingerprint: fingerprint(managedFields),
    isOurs: own.length > 0,
    intruders: strange.length === 0 ? nobody : [...new Set(strange.map(({ manager }) => manager))],
    intrusion: strange.length === 0 ? "" : sum(strange),
    guests: isHeld ? [...new Set(held.map(({ manager }) => manager))] : nobody,
    // Times are whole seconds: the second write in one is told by what else counts writes.
    held: isHeld ? sum([generation ?? live.resourceVersion, held]) : "",
    others: sum(others),
    isNewest: others.every(({ time = "" }) => time <= written),
    content: generation === undefined ? undefined : sum([labels, annotations, generation])
  }
}
