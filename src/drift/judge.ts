import type { InventoryEntry } from "../domain/Inventory.ts"
import type { Seen } from "../kube/Seen.ts"
import type { Suspicion } from "../kube/Suspect.ts"

/** What an object should be like: as we left it. */
export interface Expected {
  readonly entry: InventoryEntry
  /** Which delivery it is to say that it is of. */
  readonly label: string | undefined
  /** Of our last write, where this process made it. */
  readonly resourceVersion: string | undefined
  /** When this process last changed it, in milliseconds. */
  readonly writtenAt: number | undefined
  /** What people own inside and may: a heal left it there. */
  readonly accepted: string | undefined
}

/** What speaks against an object; one that is `leaving` has to be gone before it can be put back. */
export type Verdict = Suspicion | "leaving" | undefined

/** Whether something is wrong with an object by itself, without a policy to be asked. */
export const isTaken = (verdict: Verdict): verdict is Exclude<Verdict, undefined | "unjudged"> =>
  verdict !== undefined && verdict !== "unjudged"

/** Whether one resourceVersion is older than another: decimal numbers of any length (Kubernetes KEP 5504). */
export const isOlder = (a: string, b: string): boolean => a.length === b.length ? a < b : a.length < b.length

/**
 * Judges an object by what is seen of it up to a position of its watch. Status updates,
 * foreign labels, other controllers' fields and a scale that is not ours to decide leave it well.
 */
export const judge = (
  { accepted, entry, label, resourceVersion }: Expected,
  now: Seen | "absent",
  position: string | undefined,
  allowed: ReadonlyArray<string>
): Verdict => {
  // Only written ahead: nobody knows yet what it should be like.
  if (entry.fingerprint === undefined) return undefined
  // What we wrote has not come by yet.
  const at = now === "absent" ? position : now.resourceVersion
  if (resourceVersion !== undefined && at !== undefined && isOlder(at, resourceVersion)) return undefined
  if (now === "absent") return "gone"
  if (now.deleting) return "leaving"
  if (now.uid !== entry.uid) return "replaced"
  // Another delivery's write has the same manager, and maybe the same second.
  if (now.label !== label) return "taken"
  if (now.resourceVersion !== resourceVersion && now.fingerprint !== entry.fingerprint) return "changed"
  const isWanted = (manager: string) => allowed.includes(manager)
  if (now.intrusion !== accepted && !now.intruders.every(isWanted)) return "additions"
  return now.guests.every(isWanted) ? undefined : "unjudged"
}

/** Milliseconds after our write until which another in its second may come by. */
const near = 3_000

/**
 * Whether a change that left our ownership as it was may be one in our name, in the second of our own write: times in
 * managedFields are no finer. It is not if it shows in somebody else's ownership, or was but status. (Scaling a field
 * that nobody owns leaves no trace either.)
 */
export const isDoubtful = (
  { entry, resourceVersion, writtenAt }: Expected,
  now: Seen,
  before: Seen | undefined,
  at: number
): boolean =>
  writtenAt !== undefined && at - writtenAt < near &&
  before !== undefined && before.uid === now.uid && before.resourceVersion !== now.resourceVersion &&
  now.resourceVersion !== resourceVersion &&
  now.fingerprint === entry.fingerprint && before.fingerprint === now.fingerprint &&
  before.others === now.others && now.isNewest &&
  (now.content === undefined || now.content !== before.content)
