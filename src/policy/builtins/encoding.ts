import { isArray, RegoObject, RegoSet, type RegoValue, sorted, sortedEntries } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, members, object, text } from "./Builtin.ts"
import { writeJson } from "./json.ts"

const decodeHex = (digits: string): string => {
  if (digits.length % 2 === 1 || /[^0-9a-fA-F]/.test(digits)) throw new BuiltinError("not hexadecimal")
  return Buffer.from(digits, "hex").toString("utf8")
}

/** Go's `url.QueryEscape`. */
const escape = (value: string): string =>
  encodeURIComponent(value.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")

const unescape = (value: string): string => {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) throw new BuiltinError("bad escape")
  const bytes = value.replaceAll("+", " ").replace(
    /%([0-9a-fA-F]{2})|[^%]+/g,
    (part, hex?: string) =>
      hex === undefined ? Buffer.from(part, "utf8").toString("latin1") : String.fromCharCode(Number.parseInt(hex, 16))
  )
  return Buffer.from(bytes, "latin1").toString("utf8")
}

const encodeObject = (query: RegoObject): string =>
  sortedEntries(query).flatMap(([key, value]) => {
    const values = value instanceof RegoSet ? sorted(value.items) : isArray(value) ? members(value) : [value]
    return values.map((item) => `${escape(text(key))}=${escape(text(item))}`)
  }).join("&")

const decodeObject = (query: string): RegoValue => {
  const values = new Map<string, Array<string>>()
  for (const pair of query.split("&").filter((part) => part !== "")) {
    if (pair.includes(";")) throw new BuiltinError("semicolon in a query")
    const [key, ...rest] = pair.split("=")
    const name = unescape(key!)
    values.set(name, [...values.get(name) ?? [], unescape(rest.join("="))])
  }
  return new RegoObject([...values])
}

const marshalWithOptions = (value: RegoValue | undefined, options: RegoObject): string => {
  let [prefix, indent, isPretty, isExplicit] = ["", "\t", false, false]
  for (const [key, option] of options.entries) {
    if (key === "prefix") prefix = text(option)
    else if (key === "indent") indent = text(option)
    else if (key === "pretty" && typeof option === "boolean") isExplicit = true
    else throw new BuiltinError("unknown option")
    if (key !== "pretty" && !isExplicit) isPretty = true
  }
  const pretty = options.get("pretty")
  if (typeof pretty === "boolean") isPretty = pretty
  return isPretty ? prefix + writeJson(value ?? null, indent, `\n${prefix}`) : writeJson(value ?? null)
}

/** Text in other clothes: hexadecimal, base64url, URL queries, JSON with options. */
export const encoding: BuiltinGroup = {
  "base64url.encode_no_pad": (value) => Buffer.from(text(value), "utf8").toString("base64url"),
  "hex.encode": (value) => Buffer.from(text(value), "utf8").toString("hex"),
  "hex.decode": (value) => decodeHex(text(value)),
  "urlquery.encode": (value) => escape(text(value)),
  "urlquery.decode": (value) => unescape(text(value)),
  "urlquery.encode_object": (value) => encodeObject(object(value)),
  "urlquery.decode_object": (value) => decodeObject(text(value)),
  "json.marshal_with_options": (value, options) => marshalWithOptions(value, object(options))
}
