import { createHash } from "node:crypto"
import { damaged } from "./GitFailure.ts"

export interface IndexEntry {
  readonly id: string
  readonly offset: number
  readonly crc: number
}

const magic = Buffer.from("ff744f6300000002", "hex")
const fanout = 8
const names = fanout + 1_024
const hashBytes = 20

/** An index as Git writes it (gitformat-pack, version 2), for packs below 2 GiB. */
export const encodeIndex = (entries: ReadonlyArray<IndexEntry>, packSum: Buffer): Buffer => {
  const unique = [...new Map(entries.map((entry) => [entry.id, entry])).values()]
  const sorted = unique.sort((a, b) => a.id < b.id ? -1 : 1)
  const count = sorted.length
  const result = Buffer.alloc(names + count * (hashBytes + 8) + 2 * hashBytes)
  magic.copy(result)
  let below = 0
  for (let byte = 0; byte < 256; byte++) {
    while (below < count && Number.parseInt(sorted[below]!.id.slice(0, 2), 16) <= byte) below++
    result.writeUInt32BE(below, fanout + byte * 4)
  }
  for (const [index, { crc, id, offset }] of sorted.entries()) {
    result.write(id, names + index * hashBytes, "hex")
    result.writeUInt32BE(crc, names + count * hashBytes + index * 4)
    result.writeUInt32BE(offset, names + count * (hashBytes + 4) + index * 4)
  }
  packSum.copy(result, result.length - 2 * hashBytes)
  createHash("sha1").update(result.subarray(0, -hashBytes)).digest().copy(result, result.length - hashBytes)
  return result
}

export interface PackIndex {
  readonly packSum: Buffer
  /** Where the object starts, or undefined if the pack lacks it. */
  readonly find: (id: string) => number | undefined
  /** Where the entry that starts at an offset ends. */
  readonly endOf: (offset: number) => number
}

/** Reads an index that we wrote; what a crash left of one is `damaged`. */
export const decodeIndex = (bytes: Buffer, packLength: number): PackIndex => {
  const count = bytes.length < names ? -1 : bytes.readUInt32BE(names - 4)
  const isWhole = count >= 0 && bytes.length === names + count * (hashBytes + 8) + 2 * hashBytes &&
    bytes.subarray(0, 8).equals(magic) &&
    createHash("sha1").update(bytes.subarray(0, -hashBytes)).digest().equals(bytes.subarray(-hashBytes))
  if (!isWhole) throw damaged("an index of the cache is broken")
  const offsets = names + count * (hashBytes + 4)
  const starts = Uint32Array.from({ length: count }, (_, index) => bytes.readUInt32BE(offsets + index * 4)).sort()
  return {
    packSum: bytes.subarray(-2 * hashBytes, -hashBytes),
    find: (id) => {
      const wanted = Buffer.from(id, "hex")
      const first = wanted[0] ?? 0
      let low = first === 0 ? 0 : bytes.readUInt32BE(fanout + (first - 1) * 4)
      let high = bytes.readUInt32BE(fanout + first * 4)
      while (low < high) {
        const middle = (low + high) >>> 1
        const order = bytes.compare(wanted, 0, hashBytes, names + middle * hashBytes, names + (middle + 1) * hashBytes)
        if (order === 0) return bytes.readUInt32BE(offsets + middle * 4)
        if (order < 0) low = middle + 1
        else high = middle
      }
      return undefined
    },
    endOf: (offset) => {
      let low = 0
      let high = starts.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (starts[middle]! <= offset) low = middle + 1
        else high = middle
      }
      return starts[low] ?? packLength - hashBytes
    }
  }
}
