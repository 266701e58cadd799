import type { Healed } from "../domain/Drift.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"

/** One object that is being healed again and again. */
export interface Fight {
  /** Who takes it, as far as managedFields tell. */
  readonly manager: string
  readonly fields: ReadonlyArray<string>
  /** How often it was taken back within seconds of being healed. */
  readonly rounds: number
  /** Milliseconds. */
  readonly healedAt: number
  /** When it was first seen to be taken back since. */
  readonly takenAt: number | undefined
}

/** What was healed lately, by object. */
export type Fights = ReadonlyMap<string, Fight>

export const none: Fights = new Map()

/** Milliseconds: what is taken back later than this after a heal is no fight. */
const quick = 5_000
const shortest = 1_000
const longest = 300_000

const pause = (rounds: number): number => rounds === 0 ? 0 : Math.min(longest, shortest * 2 ** (rounds - 1))

/** Notes that objects look taken. */
export const taken = (fights: Fights, refs: ReadonlyArray<ObjectRef>, now: number): Fights => {
  const result = new Map(fights)
  for (const ref of refs) {
    const fight = fights.get(key(ref))
    if (fight === undefined || fight.takenAt !== undefined) continue
    const rounds = now - fight.healedAt <= quick ? fight.rounds + 1 : 0
    result.set(key(ref), { ...fight, rounds, takenAt: now })
  }
  return result
}

/** Milliseconds before an object may be healed: 1 s, 2, 4 … 5 min after the last time, if it was taken back at once. */
export const waitOf = (fights: Fights, ref: ObjectRef, now: number): number => {
  const fight = fights.get(key(ref))
  return fight?.takenAt === undefined ? 0 : Math.max(0, fight.healedAt + pause(fight.rounds) - now)
}

const isSame = (before: ReadonlyArray<string>, now: ReadonlyArray<string>): boolean =>
  before.length === 0 && now.length === 0 || now.some((field) => before.includes(field))

/** Notes what was healed; other fields than last time are another matter. What was quiet for long is forgotten. */
export const healed = (fights: Fights, objects: ReadonlyArray<Healed>, now: number): Fights => {
  const result = new Map(
    [...fights].filter(([, { healedAt, rounds }]) => now - healedAt <= quick + 2 * pause(rounds))
  )
  for (const { action, fields, manager, ref } of objects) {
    if (action === "untouched" || action === "denied") continue
    const before = fights.get(key(ref))
    const rounds = before !== undefined && isSame(before.fields, fields) ? before.rounds : 0
    result.set(key(ref), { manager, fields, rounds, healedAt: now, takenAt: undefined })
  }
  return result
}

/** Who fights about an object, once it is one: taken back twice in a row. */
export const fightOf = (fights: Fights, ref: ObjectRef): Fight | undefined => {
  const fight = fights.get(key(ref))
  return fight !== undefined && fight.rounds >= 2 ? fight : undefined
}
