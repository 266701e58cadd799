import { clip } from "../domain/plainText.ts"

interface About {
  /** `<namespace>/<name>`. */
  readonly delivery: string
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** `850ms`, `18s`, `4m`, `2h5m`. */
export const seconds = (milliseconds: number): string => {
  const total = Math.round(milliseconds / 1_000)
  if (total < 1) return `${Math.max(0, Math.round(milliseconds))}ms`
  if (total < 120) return `${total}s`
  const minutes = Math.floor(total / 60)
  return minutes < 120
    ? `${minutes}m${total % 60 === 0 ? "" : `${total % 60}s`}`
    : `${Math.floor(minutes / 60)}h${minutes % 60 === 0 ? "" : `${minutes % 60}m`}`
}

/** The name of a delivery, and its namespace. */
export const nameOf = (message: About): string => message.delivery.slice(message.delivery.indexOf("/") + 1)
export const namespaceOf = (message: About): string => message.delivery.slice(0, message.delivery.indexOf("/"))

/** What could not be done, by its stage. */
export const verbs = {
  fetch: "fetch",
  render: "render",
  policy: "judge",
  diff: "compare",
  apply: "apply",
  notify: "tell"
} as const

/** What follows for whom no run can start. */
export const untilMended = "goes on by itself once that is mended; until then no drift is put back"

export const firstLine = (text: string): string => clip(text.split("\n", 1)[0]!, 160)
export const sentence = (text: string): string => /[.!?…]$/u.test(text) ? text : `${text}.`
