// Each knows the short names of the zones of its own country; all others are `GMT+1` to it.
const locales = "en-US en-GB en-AU en-CA en-IN en-NZ en-ZA en-IE en-HK fr-FR es-MX ja-JP".split(" ")

const everywhere = (name: string, ...zones: ReadonlyArray<string>) => zones.map((zone) => [zone, name] as const)

/** Where no locale says what the time zone database says; an empty name stands for the offset. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ...everywhere("CST", "Asia/Macau", "Asia/Shanghai", "Asia/Taipei"),
  ...everywhere("KST", "Asia/Pyongyang", "Asia/Seoul"),
  ...everywhere("MSK", "Europe/Kirov", "Europe/Moscow", "Europe/Simferopol", "Europe/Volgograd"),
  ...everywhere("MST", "America/Dawson", "America/Hermosillo", "America/Mazatlan", "America/Whitehorse"),
  ...everywhere("WIB", "Asia/Jakarta", "Asia/Pontianak"),
  ...everywhere("SST", "Pacific/Midway", "Pacific/Pago_Pago"),
  ...everywhere("ChST", "Pacific/Guam", "Pacific/Saipan"),
  ...everywhere("PKT", "Asia/Karachi"),
  ...everywhere("PST", "Asia/Manila"),
  ...everywhere("WIT", "Asia/Jayapura"),
  ...everywhere("WITA", "Asia/Makassar"),
  ...everywhere("", "America/Miquelon", "Antarctica/Casey", "Antarctica/Troll", "Asia/Colombo", "Asia/Dubai"),
  ...everywhere("", "Asia/Muscat", "Australia/Eucla", "Australia/Lord_Howe", "Pacific/Chatham")
])

/** Zones with another name in summer, by their offset in hours. */
const seasonal: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  "America/Adak": { [-10]: "HST", [-9]: "HDT" },
  "America/Havana": { [-5]: "CST", [-4]: "CDT" },
  "Asia/Jerusalem": { 2: "IST", 3: "IDT" },
  "Europe/Guernsey": { 1: "BST" },
  "Europe/Isle_of_Man": { 1: "BST" },
  "Europe/Jersey": { 1: "BST" }
}

const formatters = new Map<string, ReadonlyArray<Intl.DateTimeFormat>>()
const maximumFormatters = 100

const formattersOf = (zone: string): ReadonlyArray<Intl.DateTimeFormat> => {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  const made = locales.map((locale) => new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short" }))
  if (formatters.size >= maximumFormatters) formatters.clear()
  formatters.set(zone, made)
  return made
}

const offsetName = (offset: number): string => {
  const minutes = Math.abs(Math.trunc(offset / 60))
  const two = (number: number) => String(number).padStart(2, "0")
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${minutes % 60 === 0 ? "" : two(minutes % 60)}`
}

/** Go's short name of a zone at a moment (milliseconds, offset in seconds): `CET`, or `-03` where there is none. */
export const zoneName = (zone: string, milliseconds: number, offset: number): string => {
  const exception = seasonal[zone]?.[offset / 3_600] ?? exceptions.get(zone)
  if (exception !== undefined) return exception === "" ? offsetName(offset) : exception
  for (const formatter of formattersOf(zone)) {
    const name = formatter.formatToParts(milliseconds).find(({ type }) => type === "timeZoneName")?.value
    if (name !== undefined && !/^(?:GMT|UTC)[+\-\u2212]/.test(name)) return name
  }
  return offsetName(offset)
}
