import * as Schema from "effect/Schema"
import type { DriftFinding, DriftTold } from "../domain/DriftReport.ts"
import { key, ObjectRef } from "../domain/ObjectRef.ts"
import { Revision } from "../domain/Revision.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** What comes so soon after the first belongs to the same message. */
const together = 10 * second
/** How long nothing more is told after the first message, the second, …: while the drift goes on, ever longer. */
const quiet = [minute, 5 * minute, 15 * minute, hour]
/** A fight is over when its object was left alone for so long: twice the longest wait between two heals. */
const calm = 10 * minute
/** What a message names one by one; the rest is counted. */
const named = 20
const fieldsNamed = 5
/** Objects that are fought over at the same time; more are told as changes. */
const fightsKnown = 100

/** Changes of the same fields of one object by the same manager. */
export const Finding = Schema.Struct({
  object: ObjectRef,
  manager: Schema.String,
  /** The first of them. */
  fields: Schema.Array(Schema.String),
  fieldCount: Schema.Int,
  /** Without fields: that it was not deleted. */
  isThere: Schema.optionalKey(Schema.Boolean),
  /** When somebody last changed them, and when we last saw it: milliseconds since the epoch. */
  time: Schema.optionalKey(Schema.Finite),
  seen: Schema.Finite,
  action: Schema.Literals(
    ["healed", "reported", "backing off", "denied"] satisfies ReadonlyArray<DriftFinding["action"]>
  ),
  /** What the policy says that denies it. */
  why: Schema.optionalKey(Schema.String),
  times: Schema.Int
})
export type Finding = typeof Finding.Type

const Fight = Schema.Struct({
  ...Finding.fields,
  since: Schema.Finite,
  /** When people hear of it next; absent until they were told that it began. */
  next: Schema.optionalKey(Schema.Finite)
})
type Fight = typeof Fight.Type

/** What was seen of a delivery's drift and is not told yet, and how long to be quiet. Bounded, whatever happens. */
export const DriftDigest = Schema.Struct({
  url: Schema.String,
  revision: Schema.optionalKey(Revision),
  held: Schema.Array(Finding),
  /** All changes that are held, also those that are not named. */
  changes: Schema.Int,
  /** When the first of them was seen. */
  since: Schema.Finite,
  /** When they are told. */
  due: Schema.Finite,
  /** Messages since it was last calm. */
  told: Schema.Int,
  quietUntil: Schema.Finite,
  fights: Schema.Array(Fight)
})
export type DriftDigest = typeof DriftDigest.Type

/** One message that is due. */
export interface Saying {
  readonly phase: "changes" | "fighting" | "still fighting" | "over"
  readonly findings: ReadonlyArray<Finding>
  readonly changes: number
  /** Objects or changes that are not among the findings. */
  readonly more: number
  readonly since: number
  /** When it was due: the same however often it is worked out. */
  readonly at: number
}

export const nothing: DriftDigest = {
  url: "",
  held: [],
  changes: 0,
  since: 0,
  due: 0,
  told: 0,
  quietUntil: 0,
  fights: []
}

const wait = (told: number): number => quiet[Math.min(Math.max(told, 1), quiet.length) - 1]!

const isOf = (object: ObjectRef) => (other: Finding): boolean =>
  other.object.name === object.name && key(other.object) === key(object)

const isLike = (finding: Finding) => (other: Finding): boolean =>
  isOf(finding.object)(other) && other.manager === finding.manager && other.action === finding.action &&
  other.fields.join() === finding.fields.join()

const again = <F extends Finding>(before: F, next: Finding): F => {
  const { time: _, ...rest } = before
  const { seen, time } = next
  return { ...rest, seen, ...time === undefined ? {} : { time }, times: before.times + next.times } as F
}

const found = (finding: DriftFinding, seen: number, clean: (text: string) => string): Finding => {
  const time = finding.time === undefined ? Number.NaN : Date.parse(finding.time)
  return {
    object: {
      group: clean(finding.object.group),
      kind: clean(finding.object.kind),
      namespace: clean(finding.object.namespace),
      name: clean(finding.object.name)
    },
    manager: clean(finding.manager),
    fields: finding.fields.slice(0, fieldsNamed).map(clean),
    fieldCount: finding.fields.length,
    ...finding.isThere === undefined ? {} : { isThere: finding.isThere },
    ...Number.isNaN(time) ? {} : { time },
    seen,
    action: finding.action,
    ...finding.why === undefined ? {} : { why: clean(finding.why) },
    times: 1
  }
}

const hold = (digest: DriftDigest, finding: Finding): DriftDigest => {
  const known = digest.held.findIndex(isLike(finding))
  const held = known >= 0
    ? digest.held.with(known, again(digest.held[known]!, finding))
    : digest.held.length < named
    ? [...digest.held, finding]
    : digest.held
  if (digest.changes > 0) return { ...digest, held, changes: digest.changes + finding.times }
  const isCalm = finding.seen >= digest.quietUntil + wait(digest.told)
  return {
    ...digest,
    held,
    changes: finding.times,
    since: finding.seen,
    due: Math.max(finding.seen + together, isCalm ? 0 : digest.quietUntil),
    told: isCalm ? 0 : digest.told
  }
}

/** What was to be told of the object as a change is told as a fight. */
const begin = (digest: DriftDigest, finding: Finding): DriftDigest => {
  const before = digest.held.filter(isOf(finding.object))
  const times = before.reduce((sum, other) => sum + other.times, 0)
  const held = digest.held.filter((other) => !before.includes(other))
  const fight = { ...finding, times: times + finding.times, since: before[0]?.seen ?? finding.seen }
  return { ...digest, held, changes: digest.changes - times, fights: [...digest.fights, fight] }
}

const add = (digest: DriftDigest, finding: Finding): DriftDigest => {
  const fought = digest.fights.findIndex(isOf(finding.object))
  if (fought >= 0) return { ...digest, fights: digest.fights.with(fought, again(digest.fights[fought]!, finding)) }
  return finding.action === "backing off" && digest.fights.length < fightsKnown
    ? begin(digest, finding)
    : hold(digest, finding)
}

/** The digest with what was just seen. `clean` bounds and redacts somebody else's text. */
export const take = (digest: DriftDigest, told: DriftTold, clean: (text: string) => string): DriftDigest => {
  const { revision: _, ...rest } = digest
  return told.findings.reduce((result, finding) => add(result, found(finding, told.time, clean)), {
    ...rest,
    url: told.url,
    ...told.revision === undefined ? {} : { revision: told.revision }
  })
}

/** Fights end together rather than one by one. */
const over = ({ fights }: DriftDigest): number =>
  Math.min(...fights.filter(({ next }) => next !== undefined).map(({ seen }) => seen + calm + minute))

const begun = ({ fights }: DriftDigest): number =>
  Math.min(...fights.filter(({ next }) => next === undefined).map(({ since }) => since + together))

const reminder = ({ fights }: DriftDigest): number => Math.min(...fights.map(({ next }) => next ?? Infinity))

/** When something is to be said next, or undefined. */
export const due = (digest: DriftDigest): number | undefined => {
  const next = Math.min(
    digest.changes > 0 ? digest.due : Infinity,
    begun(digest),
    over(digest),
    reminder(digest)
  )
  return next === Infinity ? undefined : next
}

const total = (findings: ReadonlyArray<Finding>): number => findings.reduce((sum, { times }) => sum + times, 0)

const findingOf = (fight: Fight): Finding => {
  const { next: _, since: __, ...finding } = fight
  return finding
}

const ofFights = (phase: Saying["phase"], fights: ReadonlyArray<Fight>, at: number): ReadonlyArray<Saying> =>
  fights.length === 0 ? [] : [{
    phase,
    findings: fights.slice(0, named).map(findingOf),
    changes: total(fights),
    more: Math.max(0, fights.length - named),
    since: Math.min(...fights.map(({ since }) => since)),
    at
  }]

const sayChanges = (digest: DriftDigest, now: number): readonly [DriftDigest, ReadonlyArray<Saying>] => {
  if (digest.changes === 0 || digest.due > now) return [digest, []]
  const { changes, due, held, since, told } = digest
  return [
    { ...digest, held: [], changes: 0, told: told + 1, quietUntil: now + wait(told + 1) },
    [{ phase: "changes", findings: held, changes, more: changes - total(held), since, at: due }]
  ]
}

const sayFights = (digest: DriftDigest, now: number): readonly [DriftDigest, ReadonlyArray<Saying>] => {
  const [began, ended, reminded] = [begun(digest), over(digest), reminder(digest)]
  const isNew = (fight: Fight) => began <= now && fight.next === undefined
  const isOver = (fight: Fight) => ended <= now && fight.next !== undefined && fight.seen + calm <= now
  // What would be told within minutes is told with it.
  const isOld = (fight: Fight) => reminded <= now && fight.next !== undefined && fight.next <= now + 5 * minute
  const gone = digest.fights.filter(isOver)
  const left = digest.fights.filter((fight) => !gone.includes(fight))
  const fights = left.map((fight) => isNew(fight) || isOld(fight) ? { ...fight, next: now + hour } : fight)
  return [{ ...digest, fights }, [
    ...ofFights("fighting", left.filter(isNew), began),
    ...ofFights("over", gone, ended),
    ...ofFights("still fighting", left.filter(isOld), reminded)
  ]]
}

/** What is due by now, and the digest without it. */
export const say = (digest: DriftDigest, now: number): readonly [DriftDigest, ReadonlyArray<Saying>] => {
  const [first, changes] = sayChanges(digest, now)
  const [second, fights] = sayFights(first, now)
  return [second, [...changes, ...fights]]
}
