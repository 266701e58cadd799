/** What one repository takes of the disk. */
export interface Occupant {
  readonly name: string
  readonly bytes: number
  /** The namespaces that follow it; `platform` for who has none. */
  readonly owners: ReadonlyArray<string>
  /** Somebody reads it now: it cannot go. */
  readonly isRead: boolean
  /** Milliseconds since the epoch. */
  readonly usedAt: number
}

/** Whose repositories go last, and are never denied: a PolicyBundle is of the whole cluster. */
export const platform = ""

/** What has to go before a download may begin, or who has to make room by itself. */
export type Room =
  | { readonly _tag: "Free"; readonly goes: ReadonlyArray<string> }
  | { readonly _tag: "Denied"; readonly owner: string; readonly bytes: number; readonly share: number }

/** Bytes of each namespace: a repository of several counts for each in part. */
const taken = (occupants: ReadonlyArray<Occupant>): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  for (const { bytes, owners } of occupants) {
    for (const owner of owners) sums.set(owner, (sums.get(owner) ?? 0) + bytes / owners.length)
  }
  sums.delete(platform)
  return sums
}

/**
 * Makes room for a download of `asking`. As long as all together are within the limit, everybody may take what it likes.
 * Beyond, what nobody follows goes, then the largest repositories of namespaces that have more than their share (equal
 * parts); who asks and has more than its share is denied. What is read stays, also where that is too much.
 */
export const makeRoom = (occupants: ReadonlyArray<Occupant>, asking: ReadonlyArray<string>, limit: number): Room => {
  let total = occupants.reduce((sum, { bytes }) => sum + bytes, 0)
  if (total <= limit) return { _tag: "Free", goes: [] }
  const goes = new Set<Occupant>()
  const drop = (some: ReadonlyArray<Occupant>) => {
    for (const one of some) {
      if (total <= limit) return
      goes.add(one)
      total -= one.bytes
    }
  }
  const idle = occupants.filter(({ isRead }) => !isRead)
  drop(idle.filter(({ owners }) => owners.length === 0).sort((a, b) => a.usedAt - b.usedAt))
  const left = () => occupants.filter((one) => !goes.has(one))
  const share = limit / Math.max(1, taken(left()).size)
  const isGreedy = (sums: ReadonlyMap<string, number>) => (owner: string) => (sums.get(owner) ?? 0) > share
  if (total > limit && asking.length > 0 && asking.every(isGreedy(taken(left())))) {
    const [owner = platform] = asking
    return { _tag: "Denied", owner, bytes: taken(left()).get(owner) ?? 0, share }
  }
  for (const one of idle.filter(({ owners }) => owners.length > 0).sort((a, b) => b.bytes - a.bytes)) {
    if (one.owners.every(isGreedy(taken(left())))) drop([one])
  }
  return { _tag: "Free", goes: [...goes].map(({ name }) => name) }
}
