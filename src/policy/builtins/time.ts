import { integer, isArray, type RegoValue } from "../regoValue.ts"
import { bigInteger, BuiltinError, type BuiltinGroup, integerOf, text } from "./Builtin.ts"
import { type Civil, format, layouts, parse, weekdayOf } from "./goLayout.ts"
import { zoneName } from "./zoneNames.ts"

const perSecond = 1_000_000_000n

const bounded = (nanoseconds: bigint): RegoValue => {
  if (nanoseconds !== BigInt.asIntN(64, nanoseconds)) throw new BuiltinError("time outside of the valid range")
  return integer(nanoseconds)
}

const zones = new Map<string, Intl.DateTimeFormat>()

const formatter = (zone: string): Intl.DateTimeFormat => {
  const known = zones.get(zone)
  if (known !== undefined) return known
  try {
    const made = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" })
    zones.set(zone, made)
    return made
  } catch {
    throw new BuiltinError(`unknown time zone ${zone}`)
  }
}

/** Seconds east of Greenwich in a zone at a moment. */
const offsetAt = (zone: string, milliseconds: number): number => {
  if (zone === "UTC") return 0
  const name = formatter(zone).formatToParts(milliseconds).find(({ type }) => type === "timeZoneName")?.value ?? "GMT"
  const [, sign = "+", hours = "0", minutes = "0", seconds = "0"] = /([+-])(\d+)(?::(\d+))?(?::(\d+))?/.exec(name) ?? []
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds))
}

const floorDivide = (value: bigint, divisor: bigint): bigint =>
  (value - ((value % divisor) + divisor) % divisor) / divisor

const civil = (nanoseconds: bigint, zone: string): Civil => {
  const seconds = floorDivide(nanoseconds, perSecond)
  const milliseconds = Number(seconds) * 1_000
  const offset = offsetAt(zone, milliseconds)
  const local = new Date(milliseconds + offset * 1_000)
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    nanosecond: Number(nanoseconds - seconds * perSecond),
    offset,
    zone: zone === "UTC" ? "UTC" : zoneName(zone, milliseconds, offset)
  }
}

/** Nanoseconds of what a calendar shows; fields beyond their range carry over. */
const moment = (time: Omit<Civil, "offset" | "zone">, offset: (milliseconds: number) => number): bigint => {
  const date = new Date(0)
  date.setUTCFullYear(time.year, time.month - 1, time.day)
  date.setUTCHours(time.hour, time.minute, time.second)
  const local = date.getTime()
  if (Number.isNaN(local)) throw new BuiltinError("time outside of the valid range")
  const guess = local - offset(local) * 1_000
  return BigInt(local - offset(guess) * 1_000) * 1_000_000n + BigInt(time.nanosecond)
}

interface Operand {
  readonly nanoseconds: bigint
  readonly zone: string
  readonly layout: string
}

/** `ns`, `[ns, zone]` or `[ns, zone, layout]`. */
const operand = (value: RegoValue | undefined): Operand => {
  const [first, zone = "", layout = ""] = value !== undefined && isArray(value) ? value : [value]
  const nanoseconds = bigInteger(first)
  bounded(nanoseconds)
  const name = text(zone)
  return { nanoseconds, zone: name === "" || name === "Local" ? "UTC" : name, layout: text(layout) }
}

const shown = (value: RegoValue | undefined): Civil => {
  const { nanoseconds, zone } = operand(value)
  return civil(nanoseconds, zone)
}

const formatted = (value: RegoValue | undefined): string => {
  const { layout } = operand(value)
  return format(shown(value), layout === "" ? layouts.RFC3339Nano! : layouts[layout] ?? layout)
}

const parsed = (layout: string, value: string): RegoValue => {
  const time = parse(layout, value)
  return bounded(moment(time, () => time.offset))
}

const addDate = (value: RegoValue | undefined, years: number, months: number, days: number): RegoValue => {
  const { zone } = operand(value)
  const time = shown(value)
  const later = { ...time, year: time.year + years, month: time.month + months, day: time.day + days }
  return bounded(moment(later, (milliseconds) => offsetAt(zone, milliseconds)))
}

/** Years, months, days, hours, minutes and seconds between two moments, in the zone of the first. */
const difference = (a: RegoValue | undefined, b: RegoValue | undefined): ReadonlyArray<number> => {
  const { zone } = operand(a)
  offsetAt(operand(b).zone, 0)
  const [early, late] = [operand(a).nanoseconds, operand(b).nanoseconds].sort((x, y) => x < y ? -1 : 1)
  const [from, to] = [civil(early!, zone), civil(late!, zone)]
  const names = ["year", "month", "day", "hour", "minute", "second"] as const
  const result = names.map((name) => to[name] - from[name])
  const daysInMonth = new Date(Date.UTC(from.year, from.month, 0)).getUTCDate()
  for (const [index, length] of [[5, 60], [4, 60], [3, 24], [2, daysInMonth], [1, 12]] as const) {
    if (result[index]! >= 0) continue
    result[index]! += length
    result[index - 1]!--
  }
  return result
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "µs": 1_000n,
  "μs": 1_000n,
  ms: 1_000_000n,
  s: perSecond,
  m: 60n * perSecond,
  h: 3_600n * perSecond,
  d: 86_400n * perSecond,
  w: 7n * 86_400n * perSecond,
  y: 365n * 86_400n * perSecond
}

/** Go's durations, and OPA's days, weeks and years of 365 days. */
const duration = (value: string): RegoValue => {
  const [, sign = "", body = ""] = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|[smhdwy]))+|0)$/.exec(value) ?? []
  if (body === "") throw new BuiltinError("not a duration")
  let total = 0n
  for (const [, amount = "0", unit = "s"] of body.matchAll(/([\d.]+)(ns|us|µs|μs|ms|[smhdwy])/g)) {
    const [whole = "", fraction = ""] = amount.split(".")
    total += BigInt(whole + fraction) * units[unit]! / 10n ** BigInt(fraction.length)
  }
  return bounded(sign === "-" ? -total : total)
}

/** Time in nanoseconds since 1970; zones by their IANA names. */
export const time: BuiltinGroup = {
  "time.parse_ns": (layout, value) => parsed(layouts[text(layout)] ?? text(layout), text(value)),
  "time.parse_rfc3339_ns": (value) => parsed(layouts.RFC3339!, text(value)),
  "time.parse_duration_ns": (value) => duration(text(value)),
  "time.format": formatted,
  "time.date": (value) => [shown(value).year, shown(value).month, shown(value).day],
  "time.clock": (value) => [shown(value).hour, shown(value).minute, shown(value).second],
  "time.weekday": (value) => weekdayOf(shown(value)),
  "time.add_date": (value, years, months, days) => addDate(value, integerOf(years), integerOf(months), integerOf(days)),
  "time.diff": (a, b) => difference(a, b)
}
