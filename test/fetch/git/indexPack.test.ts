import { assert, describe, it } from "@effect/vitest"
import { createHash } from "node:crypto"
import { deflateSync } from "node:zlib"
import { GitError } from "../../../src/fetch/git/GitFailure.ts"
import { indexPack } from "../../../src/fetch/git/indexPack.ts"
import { decodeIndex, encodeIndex } from "../../../src/fetch/git/packIndex.ts"

const limits = { bytes: 1_000_000, objects: 10_000 }
const signal = new AbortController().signal

const head = (type: number, size: number): Buffer => {
  const bytes: Array<number> = []
  let byte = (type << 4) | (size & 15)
  let left = Math.floor(size / 16)
  while (left > 0) {
    bytes.push(byte | 128)
    byte = left & 127
    left = Math.floor(left / 128)
  }
  return Buffer.from([...bytes, byte])
}

const pack = (entries: ReadonlyArray<Buffer>, count = entries.length): Buffer => {
  const top = Buffer.alloc(12)
  top.write("PACK")
  top.writeUInt32BE(2, 4)
  top.writeUInt32BE(count, 8)
  const body = Buffer.concat([top, ...entries])
  return Buffer.concat([body, createHash("sha1").update(body).digest()])
}

const blob = (data: Buffer, claimed = data.length) => Buffer.concat([head(3, claimed), deflateSync(data)])
const idOf = (data: Buffer) => createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex")
const size = (value: number): Buffer =>
  value < 128
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 127) | 128]), size(Math.floor(value / 128))])
/** A delta that copies the base's first byte so many times. */
const repeat = (base: string, baseSize: number, times: number) => {
  const delta = Buffer.concat([
    size(baseSize),
    size(times),
    ...Array.from({ length: times }, () => Buffer.from([0x90, 1]))
  ])
  return Buffer.concat([head(7, delta.length), Buffer.from(base, "hex"), deflateSync(delta)])
}

const refused = async (bytes: Buffer, expected: RegExp) => {
  const error = await indexPack(bytes, limits, signal).then(() => undefined, (error: unknown) => error)
  assert.instanceOf(error, GitError)
  assert.match(error.message, expected)
}

describe("indexPack", () => {
  it("names whole objects and deltas, and finds them by the index", async () => {
    const base = Buffer.from("abc")
    const made = Buffer.from("aaaa")
    const bytes = pack([blob(base), repeat(idOf(base), 3, 4), repeat(idOf(made), 4, 2)])
    const entries = await indexPack(bytes, limits, signal)
    assert.deepStrictEqual(entries.map(({ id }) => id).sort(), [base, made, Buffer.from("aa")].map(idOf).sort())
    const index = decodeIndex(encodeIndex(entries, bytes.subarray(-20)), bytes.length)
    for (const { id, offset } of entries) assert.strictEqual(index.find(id), offset)
    assert.isUndefined(index.find("f".repeat(40)))
    assert.isUndefined(index.find("0".repeat(40)))
    assert.strictEqual(index.endOf(12), entries.find(({ id }) => id === idOf(made))!.offset)
  })

  it("refuses bombs before it makes their bytes", async () => {
    await refused(pack([blob(Buffer.alloc(50_000_000), 1_000)]), /does not inflate to the size it claims/u)
    await refused(pack([blob(Buffer.alloc(2_000_000))]), /more than 1000000 bytes/u)
    await refused(pack([Buffer.concat([head(3, 2 ** 39), deflateSync(Buffer.alloc(1))])]), /more than 1000000 bytes/u)
    const base = Buffer.from("a")
    const delta = Buffer.concat([size(1), size(2 ** 31), Buffer.from([0x90, 1])])
    await refused(
      pack([blob(base), Buffer.concat([head(7, delta.length), Buffer.from(idOf(base), "hex"), deflateSync(delta)])]),
      /more than 1000000 bytes/u
    )
    await refused(pack([], 4_000_000_000), /4000000000 objects; the limit is 10000/u)
  })

  it("walks long chains without recursion and refuses endless ones", async () => {
    const chain = (length: number) => {
      const entries = [blob(Buffer.from("start"))]
      let base = Buffer.from("start")
      for (let index = 0; index < length; index++) {
        const text = Buffer.from(`${index}`)
        const delta = Buffer.concat([size(base.length), size(text.length), Buffer.from([text.length]), text])
        entries.push(Buffer.concat([head(7, delta.length), Buffer.from(idOf(base), "hex"), deflateSync(delta)]))
        base = text
      }
      return pack(entries)
    }
    assert.lengthOf(await indexPack(chain(3_000), limits, signal), 3_001)
    await refused(chain(5_000), /longer than Git allows/u)
  })

  it("refuses what is cut off, put together wrongly or lacks its base", async () => {
    const whole = pack([blob(Buffer.from("abc"))])
    for (const length of [0, 10, 31, whole.length - 21]) {
      await refused(whole.subarray(0, length), /pack|inflate|object/u)
    }
    await refused(pack([blob(Buffer.from("abc"))], 2), /pack|inflate|ends/u)
    await refused(pack([blob(Buffer.from("abc")), Buffer.from("more")], 1), /goes on behind its last object/u)
    await refused(pack([repeat("0".repeat(40), 3, 4)]), /without their base/u)
    await refused(pack([Buffer.concat([head(5, 0), deflateSync(Buffer.alloc(0))])]), /unknown type 5/u)
  })

  it("handles a base that is there a thousand times once", async () => {
    const base = Buffer.from("abc")
    const deltas = Array.from({ length: 1_000 }, (_, index) => repeat(idOf(base), 3, 1 + index % 20))
    const entries = await indexPack(
      pack([...Array.from({ length: 1_000 }, () => blob(base)), ...deltas]),
      limits,
      signal
    )
    assert.lengthOf(entries, 2_000)
  })
})
