import { BuiltinError } from "./Builtin.ts"

/** A moment as a calendar and a clock show it somewhere. */
export interface Civil {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly nanosecond: number
  /** Seconds east of Greenwich. */
  readonly offset: number
  readonly zone: string
}

const months = "January February March April May June July August September October November December".split(" ")
const weekdays = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ")

/** The names that OPA takes instead of a layout. */
export const layouts: Readonly<Record<string, string>> = {
  ANSIC: "Mon Jan _2 15:04:05 2006",
  UnixDate: "Mon Jan _2 15:04:05 MST 2006",
  RubyDate: "Mon Jan 02 15:04:05 -0700 2006",
  RFC822: "02 Jan 06 15:04 MST",
  RFC822Z: "02 Jan 06 15:04 -0700",
  RFC850: "Monday, 02-Jan-06 15:04:05 MST",
  RFC1123: "Mon, 02 Jan 2006 15:04:05 MST",
  RFC1123Z: "Mon, 02 Jan 2006 15:04:05 -0700",
  RFC3339: "2006-01-02T15:04:05Z07:00",
  RFC3339Nano: "2006-01-02T15:04:05.999999999Z07:00"
}

const token =
  /January|Jan|Monday|Mon|MST|2006|__2|_2(?!006)|002|0[1-6]|15|PM|pm|[Z-]07:00:00|[Z-]070000|[Z-]07:00|[Z-]0700|[Z-]07|[.,](?:0+|9+)(?!\d)|[1-5]/g

/** In English, as Go names it. */
export const weekdayOf = ({ day, month, year }: Pick<Civil, "year" | "month" | "day">): string => {
  const count = Date.UTC(year, month - 1, day) / 86_400_000
  return weekdays[((count + 4) % 7 + 7) % 7]!
}

const pad = (value: number, width: number, fill = "0") => String(value).padStart(width, fill)

const offsetText = (layout: string, offset: number): string => {
  if (layout.startsWith("Z") && offset === 0) return "Z"
  const seconds = Math.abs(offset)
  const parts = [pad(Math.floor(seconds / 3_600), 2), pad(Math.floor(seconds / 60) % 60, 2), pad(seconds % 60, 2)]
  const wanted = layout.slice(1).replaceAll(":", "").length / 2
  return (offset < 0 ? "-" : "+") + parts.slice(0, wanted).join(layout.includes(":") ? ":" : "")
}

const fractionText = (layout: string, nanosecond: number): string => {
  const digits = pad(nanosecond, 9).slice(0, layout.length - 1)
  if (layout[1] === "0") return layout[0] + digits
  const trimmed = digits.replace(/0+$/, "")
  return trimmed === "" ? "" : layout[0] + trimmed
}

const yearDay = ({ day, month, year }: Civil) => (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 0)) / 86_400_000

const writers: Readonly<Record<string, (time: Civil) => string>> = {
  January: ({ month }) => months[month - 1]!,
  Jan: ({ month }) => months[month - 1]!.slice(0, 3),
  Monday: weekdayOf,
  Mon: (time) => weekdayOf(time).slice(0, 3),
  MST: ({ zone }) => zone,
  "2006": ({ year }) => pad(year, 4),
  "06": ({ year }) => pad(year % 100, 2),
  "01": ({ month }) => pad(month, 2),
  "1": ({ month }) => String(month),
  "02": ({ day }) => pad(day, 2),
  _2: ({ day }) => pad(day, 2, " "),
  "2": ({ day }) => String(day),
  "002": (time) => pad(yearDay(time), 3),
  __2: (time) => pad(yearDay(time), 3, " "),
  "15": ({ hour }) => pad(hour, 2),
  "03": ({ hour }) => pad(hour % 12 || 12, 2),
  "3": ({ hour }) => String(hour % 12 || 12),
  "04": ({ minute }) => pad(minute, 2),
  "4": ({ minute }) => String(minute),
  "05": ({ second }) => pad(second, 2),
  "5": ({ second }) => String(second),
  PM: ({ hour }) => hour < 12 ? "AM" : "PM",
  pm: ({ hour }) => hour < 12 ? "am" : "pm"
}

/** Go's `Time.Format`. */
export const format = (time: Civil, layout: string): string =>
  layout.replace(
    token,
    (part) =>
      writers[part]?.(time) ??
        (/^[Z-]/.test(part) ? offsetText(part, time.offset) : fractionText(part, time.nanosecond))
  )

const readers: Readonly<Record<string, string>> = {
  January: `(?<monthName>${months.join("|")})`,
  Jan: `(?<monthName>${months.map((name) => name.slice(0, 3)).join("|")})`,
  Monday: `(?:${weekdays.join("|")})`,
  Mon: `(?:${weekdays.map((name) => name.slice(0, 3)).join("|")})`,
  MST: "(?<zone>[A-Z]{3,5}|[+-]\\d{2})",
  "2006": "(?<year>\\d{4})",
  "06": "(?<shortYear>\\d{2})",
  "01": "(?<month>\\d{2})",
  "1": "(?<month>\\d{1,2})",
  "02": "(?<day>\\d{2})",
  _2: "(?<day> ?\\d{1,2})",
  "2": "(?<day>\\d{1,2})",
  "002": "(?<yearDay>\\d{3})",
  __2: "(?<yearDay>(?: {2}\\d| \\d{2}|\\d{3}))",
  "15": "(?<hour>\\d{1,2})",
  "03": "(?<hour>\\d{2})",
  "3": "(?<hour>\\d{1,2})",
  "04": "(?<minute>\\d{2})",
  "4": "(?<minute>\\d{1,2})",
  "05": "(?<second>\\d{2})(?:[.,](?<fraction>\\d+))?",
  "5": "(?<second>\\d{1,2})(?:[.,](?<fraction>\\d+))?",
  PM: "(?<half>AM|PM)",
  pm: "(?<half>am|pm)"
}

const offsetReader = (part: string): string => {
  const separator = part.includes(":") ? ":" : ""
  const groups = Array.from({ length: part.slice(1).replaceAll(":", "").length / 2 }, () => "\\d{2}").join(separator)
  return `(?<offset>${part.startsWith("Z") ? "Z|" : ""}[+-]${groups})`
}

const escape = (literal: string) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** A pattern of the layout; each field once. A fraction is read with its second, wherever the layout has it. */
const patternOf = (layout: string): RegExp => {
  let pattern = "^"
  let position = 0
  for (const match of layout.matchAll(token)) {
    const [part] = match
    pattern += escape(layout.slice(position, match.index))
    position = match.index + part.length
    if (/^[Z-]/.test(part)) pattern += offsetReader(part)
    else if (!/^[.,]/.test(part)) pattern += readers[part] ?? refuse(`the field ${part} cannot be read`)
  }
  try {
    return new RegExp(`${pattern}${escape(layout.slice(position))}$`)
  } catch {
    return refuse("a field stands twice in the layout")
  }
}

const refuse = (why: string): never => {
  throw new BuiltinError(why)
}

const secondsOf = (offset: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = (offset.slice(1).match(/\d{2}/g) ?? []).map(Number)
  return (offset.startsWith("-") ? -1 : 1) * (hours * 3_600 + minutes * 60 + seconds)
}

const yearOf = ({ shortYear, year }: Record<string, string | undefined>): number => {
  if (year !== undefined || shortYear === undefined) return Number(year ?? 0)
  return Number(shortYear) + (Number(shortYear) >= 69 ? 1_900 : 2_000)
}

const monthOf = ({ month, monthName }: Record<string, string | undefined>): number =>
  monthName === undefined ? Number(month ?? 1) : months.findIndex((name) => name.startsWith(monthName)) + 1

/** Month and day of a day of the year. */
const dateOf = (year: number, yearDay: string): Pick<Civil, "month" | "day"> => {
  const date = new Date(Date.UTC(year, 0, Number(yearDay)))
  if (Number(yearDay) < 1 || date.getUTCFullYear() !== year) refuse("no such day of the year")
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

const hourOf = ({ half, hour }: Record<string, string | undefined>): number => {
  const number = Number(hour ?? 0)
  if (half === undefined) return number
  return number % 12 + (half.toUpperCase() === "PM" ? 12 : 0)
}

/** Go's `time.Parse`, without the zones that a name alone cannot tell: those count as UTC, as Go has it. */
export const parse = (layout: string, value: string): Civil => {
  const fields: Record<string, string | undefined> = patternOf(layout).exec(value)?.groups ??
    refuse("not in this layout")
  const time: Civil = {
    year: yearOf(fields),
    month: monthOf(fields),
    day: Number(fields.day ?? 1),
    hour: hourOf(fields),
    minute: Number(fields.minute ?? 0),
    second: Number(fields.second ?? 0),
    nanosecond: Number((fields.fraction ?? "0").slice(0, 9).padEnd(9, "0")),
    offset: fields.offset === undefined || fields.offset === "Z" ? 0 : secondsOf(fields.offset),
    zone: fields.zone ?? "UTC",
    ...fields.yearDay === undefined ? {} : dateOf(yearOf(fields), fields.yearDay)
  }
  const length = new Date(Date.UTC(time.year, time.month, 0)).getUTCDate()
  const isPossible = time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= length && time.hour < 24 &&
    time.minute < 60 && time.second < 60
  return isPossible ? time : refuse("no such time")
}
