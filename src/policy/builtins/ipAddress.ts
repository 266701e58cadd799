/** The number that an IPv4 address is. */
export const fromIPv4 = (address: string): bigint =>
  address.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)

/** The number that an IPv6 address is. */
export const fromIPv6 = (address: string): bigint => {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  const low = dotted === null ? 0n : fromIPv4(dotted[2]!)
  const hex = dotted === null ? address : `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
  const [head = "", tail] = hex.split("::")
  const groups = (part: string) => part === "" ? [] : part.split(":")
  const before = groups(head)
  const after = groups(tail ?? "")
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => "0")
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

const longestZeros = (groups: ReadonlyArray<string>): readonly [number, number] => {
  let best: readonly [number, number] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === "0") end++
    if (end - start > best[1] - best[0] && end - start > 1) best = [start, end]
  }
  return best
}

/** The shortest text of an address of 32 or 128 bits. */
export const display = (bits: 32 | 128, number: bigint): string => {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join(".")
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  const [start, end] = longestZeros(groups)
  return start === end ? groups.join(":") : `${groups.slice(0, start).join(":")}::${groups.slice(end).join(":")}`
}

/** Go's text of the bytes of an address, of which there are 4 or 16. */
export const addressText = (bytes: Buffer): string => {
  const number = BigInt(`0x${bytes.toString("hex")}`)
  return bytes.length === 4 || number >> 32n === 0xffffn
    ? display(32, number & 0xffffffffn)
    : display(128, number)
}
