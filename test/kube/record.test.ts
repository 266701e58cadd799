import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { digest } from "../../src/domain/digest.ts"
import { isOwnRecord } from "../../src/domain/ownRecord.ts"
import { chunkName, decode, encode, headOf, type Identification, pack } from "../../src/kube/record.ts"

const of: Identification = { delivery: "shop/web", part: "inventory", namespace: "shop" }
const written = Effect.fnUntraced(function*(bytes: Uint8Array) {
  const chunks = encode(of, "g1", digest(bytes), yield* pack(bytes))
  return { chunks, head: Result.getOrThrow(headOf(chunks[0]!)) }
})
const noise = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 2_654_435_761) >>> (index % 24))

describe("record", () => {
  it.effect("reads what it wrote", () =>
    Effect.forEach([0, 1, 1_000, 3_000_000], (length) =>
      Effect.gen(function*() {
        const bytes = noise(length)
        const { chunks, head } = yield* written(bytes)
        assert.deepStrictEqual(new Uint8Array(yield* decode(head, chunks)), bytes)
      })))

  it.effect("never reads a record in part", () =>
    Effect.gen(function*() {
      const { chunks, head } = yield* written(noise(3_000_000))
      const other = yield* written(noise(2_999_999))
      assert.isAbove(chunks.length, 1)
      assert.strictEqual(yield* Effect.flip(decode(head, chunks.slice(1))), "it is incomplete")
      assert.strictEqual(yield* Effect.flip(decode(head, [...chunks.slice(1), chunks[0]!])), "it is damaged")
      assert.strictEqual(yield* Effect.flip(decode(head, other.chunks)), "it is damaged")
      const small = yield* written(noise(10))
      assert.strictEqual(yield* Effect.flip(decode({ ...small.head, digest: "x" }, small.chunks)), "it is damaged")
      assert.strictEqual(yield* Effect.flip(decode(small.head, [{ binaryData: { record: "AAAA" } }])), "it is damaged")
    }))

  it("has names that nobody else may give", () => {
    const ref = (kind: string, name: string) => ({ group: "", kind, namespace: "shop", name })
    for (const delivery of ["shop/web", "other/web", `shop/${"long-".repeat(49)}name`]) {
      for (const part of ["inventory", "outbox", "policies"]) {
        for (const index of [0, 1, 127]) {
          const name = chunkName({ delivery, part, namespace: "shop" }, "1h5k2z", index)
          assert.isTrue(isOwnRecord(ref("ConfigMap", name)), name)
          assert.isFalse(isOwnRecord(ref("Secret", name)))
        }
      }
      assert.isTrue(isOwnRecord(ref("Secret", chunkName({ delivery, part: "key", namespace: "shop" }, "", 0))))
    }
    for (
      const name of [
        "sluice-web",
        "sluice-inventory-0",
        "sluice-web-inventory",
        "web-inventory-0",
        "sluice-web-policies-1"
      ]
    ) assert.isFalse(isOwnRecord(ref("ConfigMap", name)), name)
    assert.isFalse(isOwnRecord({ ...ref("ConfigMap", "sluice-web-inventory-0"), group: "example.dev" }))
    assert.isFalse(isOwnRecord(ref("constructor", "sluice-web-inventory-0")))
  })

  it("refuses a head that somebody changed", () => {
    for (const annotations of [{}, { "sluice.dev/chunks": "1e9" }, { "sluice.dev/chunks": "-1" }]) {
      assert.isTrue(Result.isFailure(headOf({ metadata: { annotations } })))
    }
  })

  it("keeps names apart, short and valid", () => {
    const names = [
      of,
      { ...of, part: "outbox" },
      { ...of, namespace: "default" },
      { ...of, delivery: "other/web", namespace: "default" },
      { ...of, delivery: `shop/${"a".repeat(230)}.${"b".repeat(20)}` },
      { ...of, delivery: `shop/${"a".repeat(230)}.${"c".repeat(20)}` }
    ].flatMap((each) => [chunkName(each, "g", 0), chunkName(each, "2gosa7pa2gw", 11)])
    assert.strictEqual(names[0], "sluice-web-inventory-0")
    assert.lengthOf(new Set(names), names.length)
    for (const name of names) {
      assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u)
      assert.isAtMost(name.length, 253)
    }
  })
})
