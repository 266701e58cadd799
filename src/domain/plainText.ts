/** What would hide or reorder text, or break out of a line: controls, bidirectional marks, invisible characters. */
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu

/** At most `limit` code points; `…` where something was cut. */
export const clip = (text: string, limit: number): string => {
  if (text.length <= limit) return text
  const points = Array.from(text.slice(0, 2 * limit + 2))
  return points.length <= limit ? points.join("") : `${points.slice(0, limit - 1).join("").trimEnd()}…`
}

/** Somebody else's text on one line. */
export const oneLine = (text: string, limit: number): string =>
  clip(text.toWellFormed().slice(0, 100_000).replace(/[\s\u2028\u2029]+/gu, " ").replace(hidden, "").trim(), limit)

/** A line of somebody else's code: its spaces stay, a tab is two. */
export const codeLine = (text: string, limit: number): string =>
  clip(
    text.toWellFormed().slice(0, 100_000).replace(/\t/gu, "  ").replace(/[\n\r\u2028\u2029]+/gu, " ").replace(
      hidden,
      ""
    ),
    limit
  ).trimEnd()

/** Somebody else's text with its line breaks. */
export const lines = (text: string, limit: number): string =>
  clip(
    text.toWellFormed().slice(0, 100_000).replace(/\r\n?|[\u2028\u2029]/gu, "\n").replace(/\t/gu, "  ").replace(
      hidden,
      ""
    )
      .replace(/\n{3,}/gu, "\n\n").trim(),
    limit
  )
