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

const network = (value: string): Range | undefined => {
  const [, host = "", prefix = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(value) ?? []
  const base = address(host)
  if (base === undefined || Number(prefix) > base.bits) return undefined
  const size = 1n << BigInt(base.bits - Number(prefix))
  const first = base.first - base.first % size
  return { bits: base.bits, first, last: first + size - 1n }
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

/** An address without prefix stands for the network of its class, as Go's `DefaultMask` says. */
const mergeable = (value: string): Range => {
  const single = address(value)
  if (single === undefined) return required(network(value))
  if (single.bits === 128) throw new BuiltinError("an IPv6 address needs a prefix length")
  const top = Number(single.first >> 24n)
  return required(network(`${display(32, single.first)}/${top < 128 ? 8 : top < 192 ? 16 : 24}`))
}

const merge = (values: ReadonlyArray<string>): RegoValue => {
  const order = (range: Range) => range.bits === 32 ? range.first + mapped : range.first
  const ranges = values.map(mergeable).sort((a, b) => order(a) < order(b) ? -1 : 1)
  const merged: Array<Range> = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last === undefined || last.bits !== range.bits || range.first > last.last + 1n) merged.push(range)
    else merged[merged.length - 1] = { ...last, last: range.last > last.last ? range.last : last.last }
  }
  return setOf(merged.flatMap(networksOf))
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
  "net.cidr_contains_matches": matches
}
