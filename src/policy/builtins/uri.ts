import { RegoObject, type RegoValue } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, text } from "./Builtin.ts"
import { parseUrl, splitHost } from "./goUrl.ts"

const parse = (value: string): RegoValue => {
  const { fragment, host, path, rawPath, rawQuery, scheme } = parseUrl(value)
  const [hostname, port] = splitHost(host)
  const entries: ReadonlyArray<readonly [string, string]> = [
    ["scheme", scheme],
    ["hostname", hostname],
    ["port", port],
    ["path", path],
    ["raw_path", path === "" ? "" : rawPath || path],
    ["raw_query", rawQuery],
    ["fragment", fragment]
  ]
  return new RegoObject(entries.filter(([, part]) => part !== ""))
}

const isValid = (value: RegoValue | undefined): boolean => {
  if (typeof value !== "string" || value === "") return false
  try {
    parseUrl(value)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

/** URIs as Go's `net/url` reads them. */
export const uri: BuiltinGroup = {
  "uri.parse": (value) => parse(text(value)),
  "uri.is_valid": isValid
}
