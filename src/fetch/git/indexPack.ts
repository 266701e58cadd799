import { setImmediate } from "node:timers/promises"
import { crc32 } from "node:zlib"
import { applyDelta, resultSize } from "./delta.ts"
import { damaged, stalled } from "./GitFailure.ts"
import { entryHead, type GitObject, inflate, objectId, type ObjectType } from "./packEntry.ts"
import type { IndexEntry } from "./packIndex.ts"

interface Delta {
  readonly offset: number
  readonly at: number
  readonly size: number
  readonly crc: number
  /** The inflated bytes, while there is room for them. */
  readonly data: Buffer | undefined
}

interface Whole {
  readonly offset: number
  readonly at: number
  readonly size: number
  readonly type: ObjectType
  readonly id: string
  readonly data: Buffer | undefined
}

export interface IndexLimits {
  /** Of everything in the pack, inflated. */
  readonly bytes: number
  readonly objects: number
}

const headerBytes = 12
const trailerBytes = 20
const keptBytes = 32 * 1024 * 1024
/** Git's own limit of a chain of deltas. */
const maximumChain = 4_095
const slice = 10

const push = <K>(map: Map<K, Array<Delta>>, key: K, delta: Delta) => {
  const list = map.get(key)
  if (list === undefined) map.set(key, [delta])
  else list.push(delta)
}

/**
 * Names every object of a pack, without trusting it: sizes are checked before bytes are made, chains are walked without
 * recursion, and other work gets its turn every few milliseconds. `external` finds bases that a thin pack leaves out.
 */
export const indexPack = async (
  pack: Buffer,
  limits: IndexLimits,
  signal: AbortSignal,
  external: (id: string) => GitObject | undefined = () => undefined
): Promise<ReadonlyArray<IndexEntry>> => {
  if (
    pack.length < headerBytes + trailerBytes || pack.toString("latin1", 0, 4) !== "PACK" || pack.readUInt32BE(4) !== 2
  ) {
    throw damaged("what came is not a pack of version 2")
  }
  const count = pack.readUInt32BE(8)
  if (count > limits.objects) throw stalled(`the pack holds ${count} objects; the limit is ${limits.objects}`)

  let since = performance.now()
  const pause = async () => {
    if (performance.now() - since < slice) return
    await setImmediate()
    signal.throwIfAborted()
    since = performance.now()
  }
  let budget = limits.bytes
  const spend = (bytes: number) => {
    budget -= bytes
    if (budget < 0) throw stalled(`the tree has more than ${limits.bytes} bytes when unpacked`)
  }

  let room = keptBytes
  const kept = (data: Buffer): Buffer | undefined => {
    room -= data.length
    return room >= 0 ? data : undefined
  }

  const entries: Array<IndexEntry> = []
  const wholes: Array<Whole> = []
  const byOffset = new Map<number, Array<Delta>>()
  const byId = new Map<string, Array<Delta>>()
  const body = pack.subarray(0, pack.length - trailerBytes)
  let offset = headerBytes
  for (let index = 0; index < count; index++) {
    const { at, base, size, type } = entryHead(body, offset)
    spend(size)
    const { data, used } = inflate(body.subarray(at), size)
    const crc = crc32(body.subarray(offset, at + used))
    if (type !== undefined) {
      const id = objectId(type, data)
      wholes.push({ offset, at, size, type, id, data: kept(data) })
      entries.push({ id, offset, crc })
    } else if (typeof base === "number") {
      push(byOffset, offset - base, { offset, at, size, crc, data: kept(data) })
    } else if (base !== undefined) {
      push(byId, base, { offset, at, size, crc, data: kept(data) })
    }
    offset = at + used
    await pause()
  }
  if (offset !== body.length) throw damaged("the pack goes on behind its last object")

  // Taken out when they are found: a pack that holds its base a thousand times is still walked once.
  const childrenOf = (from: number, id: string) => {
    const children = [...byOffset.get(from) ?? [], ...byId.get(id) ?? []]
    byOffset.delete(from)
    byId.delete(id)
    return children
  }
  const resolve = async (type: ObjectType, base: () => Buffer, first: Array<Delta>): Promise<void> => {
    if (first.length === 0) return
    const stack = [{ data: base(), left: first }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const delta = top.left.pop()
      if (delta === undefined) {
        stack.pop()
        continue
      }
      if (stack.length > maximumChain) throw damaged("a chain of deltas is longer than Git allows")
      const instructions = delta.data ?? inflate(body.subarray(delta.at), delta.size).data
      spend(resultSize(instructions))
      const data = applyDelta(top.data, instructions)
      const id = objectId(type, data)
      entries.push({ id, offset: delta.offset, crc: delta.crc })
      const left = childrenOf(delta.offset, id)
      if (left.length > 0) stack.push({ data, left })
      await pause()
    }
  }
  for (const { at, data, id, offset, size, type } of wholes) {
    await resolve(type, () => data ?? inflate(body.subarray(at), size).data, childrenOf(offset, id))
  }
  for (const [id, deltas] of byId) {
    const base = external(id)
    if (base !== undefined && byId.delete(id)) await resolve(base.type, () => base.data, deltas)
  }
  if (entries.length !== count) throw damaged("the pack holds deltas without their base")
  return entries
}
