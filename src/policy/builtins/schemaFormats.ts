import { isIPv4, isIPv6 } from "node:net"
import { RE2JS } from "re2js"
import { BuiltinError } from "./Builtin.ts"
import { parse } from "./goLayout.ts"
import { parseUrl } from "./goUrl.ts"

const succeeds = (run: () => unknown): boolean => {
  try {
    run()
    return true
  } catch {
    return false
  }
}

const isTime = (...layouts: ReadonlyArray<string>) => (text: string): boolean =>
  layouts.some((layout) => succeeds(() => parse(layout, text)))

const isUri = (text: string): boolean =>
  !text.includes("\\") && succeeds(() => {
    if (parseUrl(text).scheme === "") throw new BuiltinError("no scheme")
  })

const isReference = (text: string): boolean => !text.includes("\\") && succeeds(() => parseUrl(text))

const isTemplate = (text: string): boolean =>
  isReference(text) && /^[^{]*(?:\{[^}]*\}[^{]*)*$/.test(parseUrl(text).path)

const time = "15:04:05"
const zoned = "15:04:05Z07:00"
const date = "2006-01-02"

/** The formats that OPA checks; text in any other one passes. */
export const formats: Readonly<Record<string, RegExp | ((text: string) => boolean)>> = {
  date: isTime(date),
  time: isTime(time, zoned),
  "date-time": isTime(time, zoned, date, `${date}T${zoned}`),
  hostname: (text) =>
    text.length < 256 &&
    text.split(".").every((label) => /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label)),
  email: /^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?$/,
  "idn-email": /^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?$/,
  ipv4: isIPv4,
  ipv6: isIPv6,
  uri: isUri,
  iri: isUri,
  "uri-reference": isReference,
  "iri-reference": isReference,
  "uri-template": isTemplate,
  uuid: /^[a-fA-F0-9]{8}-(?:[a-fA-F0-9]{4}-){3}[a-fA-F0-9]{12}$/,
  regex: (text) => succeeds(() => RE2JS.compile(text)),
  "json-pointer": /^(?:\/(?:[^~/]|~0|~1)*)*$/,
  "relative-json-pointer": /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~0|~1)*)*)$/
}
