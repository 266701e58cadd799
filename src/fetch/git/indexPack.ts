import { setImmediate } from "node:timers/promises"
import { crc32 } from "node:zlib"
import { applyDelta, resultSize } from "./delta.ts"
import { damaged, stalled } from "./GitFailure.ts"
import { entryHead, inflate, objectId, type ObjectType } from "./packEntry.ts"
import type { IndexEntry } from "./packIndex.ts"

interface Delta {
  readonly offset: number
  readonly at: number
  readonly size: number
  readonly crc: number
}

interface Whole {
  readonly offset: number
  readonly at: number
  readonly size: number
  readonly type: ObjectType
  readonly id: string
}

export interface IndexLimits {
  /** Of everything in the pack, inflated. */
  readonly bytes: number
  readonly objects: number
}

const headerBytes = 12
const trailerBytes = 20
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
 * recursion, and other work gets its turn every few milliseconds.
 */
export const indexPack = async (
  pack: Buffer,
  limits: IndexLimits,
  signal: AbortSignal
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
      wholes.push({ offset, at, size, type, id })
      entries.push({ id, offset, crc })
    } else if (typeof base === "number") {
      push(byOffset, offset - base, { offset, at, size, crc })
    } else if (base !== undefined) {
      push(byId, base, { offset, at, size, crc })
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
  for (const whole of wholes) {
    const first = childrenOf(whole.offset, whole.id)
    if (first.length === 0) continue
    const stack = [{ data: inflate(body.subarray(whole.at), whole.size).data, left: first }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const delta = top.left.pop()
      if (delta === undefined) {
        stack.pop()
        continue
      }
      if (stack.length > maximumChain) throw damaged("a chain of deltas is longer than Git allows")
      const { data: instructions } = inflate(body.subarray(delta.at), delta.size)
      spend(resultSize(instructions))
      const data = applyDelta(top.data, instructions)
      const id = objectId(whole.type, data)
      entries.push({ id, offset: delta.offset, crc: delta.crc })
      const left = childrenOf(delta.offset, id)
      if (left.length > 0) stack.push({ data, left })
      await pause()
    }
  }
  if (entries.length !== count) throw damaged("the pack holds deltas without their base")
  return entries
}
