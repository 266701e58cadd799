/** `31 ms`, `1.2 s`. */
export const duration = (milliseconds: number): string =>
  milliseconds < 1_000 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`

const units = [["y", 31_536_000], ["d", 86_400], ["h", 3_600], ["m", 60]] as const

/** How long ago a time of the API server was, as kubectl says it: `45s`, `3m`, `30h`, `4d`; `-` where it is no time. */
export const age = (time: string | undefined, now: number): string => span(now - Date.parse(time ?? ""))

const span = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000))
  if (Number.isNaN(seconds)) return "-"
  const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? ["s", 1]
  return `${Math.floor(seconds / length)}${unit}`
}

/** `3m ago`, `in 2h`; the text itself where it is no time. */
export const relative = (time: string, now: number): string => {
  const at = Date.parse(time)
  if (Number.isNaN(at)) return time
  return at > now ? `in ${span(at - now)}` : `${age(time, now)} ago`
}
