import { BlockList, isIP } from "node:net"

/** Where a message may not go, whoever asks: metadata services and neighbours on the link, and "this host". */
const linkLocal = new BlockList()
linkLocal.addSubnet("169.254.0.0", 16, "ipv4")
linkLocal.addSubnet("0.0.0.0", 8, "ipv4")
linkLocal.addSubnet("fe80::", 10, "ipv6")
linkLocal.addAddress("::", "ipv6")
// IPv4 behind NAT64.
linkLocal.addSubnet("64:ff9b::a9fe:0", 112, "ipv6")
// The metadata service of a cloud that gave it an address of its own.
linkLocal.addAddress("fd00:ec2::254", "ipv6")

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

const family = (ip: string) => isIP(ip) === 6 ? "ipv6" : "ipv4"

export const isLoopback = (ip: string): boolean => loopback.check(ip, family(ip))

/** Why nothing is sent to an IP address; undefined if it may. IPv4 in IPv6's clothes is recognised. */
export const refusedIp = (ip: string, allowLoopback: boolean): string | undefined =>
  linkLocal.check(ip, family(ip))
    ? "link-local and metadata addresses are refused"
    : !allowLoopback && isLoopback(ip)
    ? "loopback addresses are refused"
    : undefined

/** The IP address that a URL's host is written as, or undefined for a name. */
const literal = (url: URL): string | undefined => {
  const host = url.hostname.replace(/^\[|\]$/gu, "")
  return isIP(host) === 0 ? undefined : host
}

export interface Options {
  readonly allowLoopback: boolean
  /** Whether a credential travels with the request: then https alone will do, but for loopback. */
  readonly carriesToken: boolean
}

/** A URL to send to, or why it is none. The reasons never quote the address: it may be a secret itself. */
export const parseAddress = (
  text: string,
  { allowLoopback, carriesToken }: Options
): { readonly url: URL } | { readonly refused: string } => {
  const trimmed = text.trim()
  if (!URL.canParse(trimmed)) return { refused: "the Secret's address is not a URL" }
  const url = new URL(trimmed)
  if (url.protocol !== "https:" && url.protocol !== "http:") return { refused: "the Secret's address is not https" }
  if (url.username !== "" || url.password !== "") {
    return { refused: "the Secret's address holds credentials; put them under the key token" }
  }
  const ip = literal(url)
  const refused = ip === undefined ? undefined : refusedIp(ip, allowLoopback)
  if (refused !== undefined) return { refused }
  const isLocal = ip === undefined ? url.hostname === "localhost" : isLoopback(ip)
  return carriesToken && url.protocol === "http:" && !isLocal
    ? { refused: "a token is not sent over plain http; use an https address" }
    : { url }
}
