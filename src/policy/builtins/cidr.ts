import { isIPv4, isIPv6 } from "node:net"
import { isArray, RegoObject, RegoSet, type RegoValue, setOf } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, LimitError, members, text } from "./Builtin.ts"
import { display, fromIPv4, fromIPv6 } from "./ipAddress.ts"

/** Addresses as numbers: `first` to `last`, of 32 or 128 bits. */
interface Range {
  readonly bits: 32 | 128
  readonly first: bigint
  readonly last: bigint
}

const maximumAddresses = 65_536n

const mapped = 0xffffn << 32n

const address = (value: string): Range | undefined => {
  if (isIPv4(value)) return { bits: 32, first: fromIPv4(value), last: fromIPv4(value) }
  if (!isIPv6(value) || value.includes("%")) return undefined
  const number = fromIPv6(value)
  return number >> 32n === 0xffffn
    ? { bits: 32, first: number - mapped, last: number - mapped }
    : { bits: 128, first: number, last: number }
}

/** As Go's `ParseCIDR`: IPv4 in IPv6's clothes is IPv4, as long as the prefix leaves the clothes on. */
const network = (value: string): Range | undefined => {
  const [, host = "", digits = ""] = /^([^/]+)\/(\d{1,8})$/.exec(value) ?? []
  const isShort = isIPv4(host)
  if (!isShort && (!isIPv6(host) || host.includes("%"))) return undefined
  const [bits, prefix] = [isShort ? 32 : 128, Number(digits)] as const
  if (prefix > bits) return undefined
  const number = isShort ? fromIPv4(host) : fromIPv6(host)
  const size = 1n << BigInt(bits - prefix)
  const first = number - number % size
  return !isShort && prefix >= 96 && first >> 32n === 0xffffn
    ? { bits: 32, first: first - mapped, last: first - mapped + size - 1n }
    : { bits, first, last: first + size - 1n }
}

const required = (range: Range | undefined): Range => {
  if (range === undefined) throw new BuiltinError("not an address range")
  return range
}

const contains = (outer: Range, inner: Range): boolean =>
  outer.bits === inner.bits && outer.first <= inner.first && inner.last <= outer.last

/** The fewest networks that make up a range. */
const networksOf = ({ bits, first, last }: Range): ReadonlyArray<string> => {
  const networks: Array<string> = []
  let start = first
  while (start <= last) {
    let size = 0
    while (size < bits && start % (1n << BigInt(size + 1)) === 0n && start + (1n << BigInt(size + 1)) - 1n <= last) {
      size++
    }
    networks.push(`${display(bits, start)}/${bits - size}`)
    start += 1n << BigInt(size)
  }
  return networks
}

/** A range on its way to be merged, among all of IPv6; its text as long as it is a network that was given. */
interface Merging {
  readonly first: bigint
  readonly last: bigint
  readonly text: string | undefined
}

const prefixText = ({ bits, first, last }: Range, shown = first): string =>
  `${display(bits, shown)}/${bits - (last - first + 1n).toString(2).length + 1}`

/** An address without prefix stands for the network of its class, as Go's `DefaultMask` says, and keeps its text. */
const mergeable = (value: string): Merging => {
  const single = address(value)
  if (single?.bits === 128) throw new BuiltinError("an IPv6 address needs a prefix length")
  const top = Number((single?.first ?? 0n) >> 24n)
  const mask = top < 128 ? 8 : top < 192 ? 16 : 24
  const range = required(network(single === undefined ? value : `${display(32, single.first)}/${mask}`))
  const base = range.bits === 32 ? mapped : 0n
  return { first: range.first + base, last: range.last + base, text: prefixText(range, single?.first) }
}

const isMapped = (number: bigint): boolean => number >> 32n === 0xffffn

const networksIn = ({ first, last, text }: Merging): ReadonlyArray<string> => {
  if (text !== undefined) return [text]
  return isMapped(first) && isMapped(last)
    ? networksOf({ bits: 32, first: first - mapped, last: last - mapped })
    : networksOf({ bits: 128, first, last })
}

const order = (a: bigint, b: bigint): number => a < b ? -1 : a > b ? 1 : 0

const merge = (values: ReadonlyArray<string>): RegoValue => {
  const ranges = values.map(mergeable).sort((a, b) => order(a.last, b.last) || order(a.first, b.first))
  for (let index = ranges.length - 1; index > 0; index--) {
    const [before, range] = [ranges[index - 1]!, ranges[index]!]
    if (range.first > before.last + 1n) continue
    const first = before.first < range.first ? before.first : range.first
    ranges.splice(index - 1, 2, { first, last: range.last, text: undefined })
  }
  return setOf(ranges.flatMap(networksIn))
}

const expand = (range: Range): RegoValue => {
  if (range.last - range.first >= maximumAddresses) throw new LimitError(`more than ${maximumAddresses} addresses`)
  return new RegoSet(
    Array.from(
      { length: Number(range.last - range.first) + 1 },
      (_, index) => display(range.bits, range.first + BigInt(index))
    )
  )
}

/** Texts by what identifies them: an index, a key, or themselves. */
const identified = (value: RegoValue | undefined): ReadonlyArray<readonly [RegoValue, string]> => {
  const first = (item: RegoValue) => text(isArray(item) ? item[0] : item)
  if (typeof value === "string") return [[value, value]]
  if (value instanceof RegoObject) return value.entries.map(([key, item]) => [key, first(item)])
  if (value instanceof RegoSet) return value.items.map((item) => [item, first(item)])
  return members(value).map((item, index) => [index, first(item)])
}

const matches = (outer: RegoValue | undefined, inner: RegoValue | undefined): RegoValue =>
  setOf(
    identified(outer).flatMap(([outerKey, outerText]) => {
      const range = required(network(outerText))
      return identified(inner)
        .filter(([, innerText]) => contains(range, required(address(innerText) ?? network(innerText))))
        .map(([innerKey]) => [outerKey, innerKey])
    })
  )

/** Address ranges. `net.cidr_expand` ends at 65,536 addresses. */
export const cidr: BuiltinGroup = {
  "net.cidr_is_valid": (value) => typeof value === "string" && network(value) !== undefined,
  "net.cidr_expand": (value) => expand(required(network(text(value)))),
  "net.cidr_merge": (values) => merge(members(values).map(text)),
  "net.cidr_contains_matches": matches,
  "sluice.cidr_contains": (outer, inner) =>
    contains(required(network(text(outer))), required(address(text(inner)) ?? network(text(inner)))),
  "sluice.cidr_intersects": (a, b) => {
    const [one, other] = [required(network(text(a))), required(network(text(b)))]
    return contains(one, other) || contains(other, one)
  }
}
