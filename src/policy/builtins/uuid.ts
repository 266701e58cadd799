import { integer, RegoObject, type RegoValue } from "../regoValue.ts"
import { type BuiltinGroup, text } from "./Builtin.ts"

const pattern = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i

/** The 36 characters of a UUID that came as a URN, between any two characters (Go takes them for braces), or bare. */
const bare = (value: string): string => {
  if (value.length === 45) return value.replace(/^urn:uuid:/i, "")
  if (value.length === 38) return value.slice(1, -1)
  return value.length === 32 ? value.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") : value
}

/** Between 15 October 1582, where UUIDs count from, and 1970, in units of 100 ns. */
const epoch = 122_192_928_000_000_000n

const variantOf = (bits: number): string =>
  (bits & 0xc0) === 0x80
    ? "RFC4122"
    : (bits & 0xe0) === 0xc0
    ? "Microsoft"
    : (bits & 0xe0) === 0xe0
    ? "Future"
    : "Reserved"

const macOf = (first: number): string =>
  `${(first & 2) === 0 ? "global" : "local"}:${(first & 1) === 0 ? "unicast" : "multicast"}`

const parse = (value: string): RegoValue | undefined => {
  const match = pattern.exec(bare(value))?.slice(1)
  if (match === undefined) return undefined
  const [low, middle, high, sequence, node] = match as [string, string, string, string, string]
  const version = Number.parseInt(high[0]!, 16)
  const bits = Number.parseInt(sequence.slice(0, 2), 16)
  const entries: Array<readonly [string, RegoValue]> = [["version", version], ["variant", variantOf(bits)]]
  if (version === 1 || version === 2) {
    const ticks = BigInt(`0x${high.slice(1)}${middle}${low}`)
    entries.push(
      ["time", integer((ticks - epoch) * 100n)],
      ["nodeid", node.toLowerCase().match(/../g)!.join("-")],
      ["macvariables", macOf(Number.parseInt(node.slice(0, 2), 16))],
      ["clocksequence", Number.parseInt(sequence, 16) & 0x3fff]
    )
  }
  if (version === 2) {
    const domain = Number.parseInt(sequence.slice(2), 16)
    entries.push(["id", Number.parseInt(low, 16)], ["domain", ["Person", "Group", "Org"][domain] ?? `Domain${domain}`])
  }
  return new RegoObject(entries)
}

/** What a UUID says of itself (RFC 4122). */
export const uuid: BuiltinGroup = {
  "uuid.parse": (value) => parse(text(value))
}
