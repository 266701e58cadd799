import { isIPv6 } from "node:net"
import { BuiltinError } from "./Builtin.ts"

/** What Go's `url.Parse` finds in a URL; parts that are not there are empty. */
export interface GoUrl {
  readonly scheme: string
  /** What follows the scheme where that is no path. */
  readonly opaque: string
  readonly hasUser: boolean
  /** With its port. */
  readonly host: string
  readonly path: string
  /** As it was written, where escaping `path` anew would give another text; else empty. */
  readonly rawPath: string
  readonly rawQuery: string
  /** Ends with a question mark that begins no query. */
  readonly forceQuery: boolean
  /** Has an empty host, and a path. */
  readonly omitHost: boolean
  readonly fragment: string
  /** As `rawPath`. */
  readonly rawFragment: string
}

type Part = "path" | "host" | "zone" | "user" | "fragment"

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

/** ASCII characters that may stand in a part as they are (Go's encoding table). */
const allowed: Readonly<Record<Part, RegExp>> = {
  path: /[A-Za-z0-9$&+,\-./:;=@_~]/,
  host: /[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~]/,
  zone: /[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~]/,
  user: /[A-Za-z0-9$&+,\-.;=_~]/,
  fragment: /[A-Za-z0-9!$&()*+,\-./:;=?@_~]/
}

const mayEscape = (escape: string, part: Part): boolean => {
  const byte = Number.parseInt(escape.slice(1), 16)
  if (escape === "%25") return true
  if (part === "host") return byte >= 0x80
  return part !== "zone" || byte === 0x20 || byte < 0x80 && allowed.host.test(String.fromCharCode(byte))
}

/** Undoes percent encoding; bytes that are no UTF-8 become U+FFFD, as in every text of Rego. */
const unescape = (text: string, part: Part): string => {
  for (const [piece] of text.matchAll(/%.{0,2}|[^%]+/gsu)) {
    if (piece.startsWith("%")) {
      if (!/^%[0-9a-fA-F]{2}$/.test(piece) || !mayEscape(piece, part)) fail(`invalid URL escape ${piece}`)
    } else if (part === "host" || part === "zone") {
      const bad = [...piece].find((character) => character < "\x80" && !allowed[part].test(character))
      if (bad !== undefined) fail(`invalid character ${bad} in host name`)
    }
  }
  if (!text.includes("%")) return text
  const parts = text.match(/%[0-9a-fA-F]{2}|[^%]+/g) ?? []
  return Buffer.concat(
    parts.map((piece) =>
      piece.startsWith("%") ? Buffer.of(Number.parseInt(piece.slice(1), 16)) : Buffer.from(piece, "utf8")
    )
  ).toString("utf8")
}

const escape = (text: string, part: Part): string =>
  [...Buffer.from(text, "utf8")].map((byte) => {
    const character = String.fromCharCode(byte)
    return byte < 0x80 && allowed[part].test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }).join("")

const schemeOf = (text: string): readonly [string, string] => {
  if (text.startsWith(":")) return fail("missing protocol scheme")
  const [, scheme, rest] = /^([a-zA-Z][a-zA-Z0-9+\-.]*):(.*)$/s.exec(text) ?? []
  return scheme === undefined ? ["", text] : [scheme.toLowerCase(), rest!]
}

const requirePort = (colonPort: string): void => {
  if (!/^(?::[0-9]*)?$/.test(colonPort)) fail("invalid port after host")
}

const literalOf = (host: string): string => {
  const close = host.lastIndexOf("]")
  if (close < 0) fail("missing ']' in host")
  const colonPort = host.slice(close + 1)
  requirePort(colonPort)
  const inner = host.slice(1, close)
  const zone = inner.indexOf("%25")
  const address = zone < 0
    ? unescape(inner, "host")
    : unescape(inner.slice(0, zone), "host") + unescape(inner.slice(zone), "zone")
  const [number = "", name] = address.split(/%(.*)/s)
  if (!isIPv6(number) || name === "") fail("invalid IP-literal")
  return `[${address}]${colonPort}`
}

const hostOf = (scheme: string, host: string): string => {
  const open = host.lastIndexOf("[")
  if (open > 0) fail("invalid IP-literal")
  if (open === 0) return literalOf(host)
  const isStrict = scheme === "http" || scheme === "https"
  const colon = isStrict ? host.indexOf(":") : host.lastIndexOf(":")
  if (colon >= 0) requirePort(host.slice(colon))
  return unescape(host, "host")
}

const authority = (scheme: string, text: string): Pick<GoUrl, "host" | "hasUser"> => {
  const at = text.lastIndexOf("@")
  const host = hostOf(scheme, text.slice(at + 1))
  if (at >= 0) {
    const user = text.slice(0, at)
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) fail("invalid userinfo")
    unescape(user, "user")
  }
  return { host, hasUser: at >= 0 }
}

/** The text before the first separator, and what follows it. */
const cut = (text: string, separator: string): readonly [string, string] => {
  const index = text.indexOf(separator)
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)]
}

const none: GoUrl = {
  scheme: "",
  opaque: "",
  hasUser: false,
  host: "",
  path: "",
  rawPath: "",
  rawQuery: "",
  forceQuery: false,
  omitHost: false,
  fragment: "",
  rawFragment: ""
}

/** As it was written, where escaping it anew would give another text. */
const rawOf = (written: string, text: string, part: Part): string => escape(text, part) === written ? "" : written

const parseWithoutFragment = (text: string): GoUrl => {
  if (/[\x00-\x1f\x7f]/.test(text)) fail("invalid control character in URL")
  if (text === "*") return { ...none, path: "*" }
  const [scheme, body] = schemeOf(text)
  const [rest, rawQuery] = cut(body, "?")
  const head = { ...none, scheme, rawQuery, forceQuery: body.endsWith("?") && rawQuery === "" }
  if (!rest.startsWith("/") && scheme !== "") return { ...head, opaque: rest }
  if (!rest.startsWith("/") && cut(rest, "/")[0].includes(":")) {
    fail("first path segment in URL cannot contain colon")
  }
  const hasAuthority = rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"))
  const slash = hasAuthority ? rest.indexOf("/", 2) : 0
  const place = hasAuthority ? authority(scheme, rest.slice(2, slash < 0 ? undefined : slash)) : {}
  const written = slash < 0 ? "" : rest.slice(slash)
  const path = unescape(written, "path")
  const omitHost = !hasAuthority && scheme !== ""
  return { ...head, ...place, omitHost, path, rawPath: rawOf(written, path, "path") }
}

/** Go's `url.Parse`; throws a `BuiltinError` where Go returns an error. */
export const parseUrl = (text: string): GoUrl => {
  const [head, written] = cut(text, "#")
  const fragment = unescape(written, "fragment")
  return { ...parseWithoutFragment(head), fragment, rawFragment: rawOf(written, fragment, "fragment") }
}

/** Go's `URL.Hostname` and `URL.Port`. */
export const splitHost = (host: string): readonly [string, string] => {
  const [, name = host, port = ""] = /^(.*):([0-9]*)$/s.exec(host) ?? []
  return [name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name, port]
}
