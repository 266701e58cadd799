import { assert, describe, it } from "vitest"
import { ObjectCache } from "../../../src/fetch/git/ObjectCache.ts"

const blob = (length: number) => ({ type: "blob" as const, data: Buffer.alloc(length) })

describe("ObjectCache", () => {
  it("holds what all stores together may, the newest, and nothing that is large", () => {
    const cache = new ObjectCache(1_000)
    for (let index = 0; index < 30; index++) cache.keep(`${index % 3}:${index}`, blob(100))
    assert.strictEqual(cache.bytes, 1_000)
    assert.isUndefined(cache.get("1:19"))
    assert.isDefined(cache.get("2:20"))
    cache.keep("0:large", blob(200))
    assert.isUndefined(cache.get("0:large"))
  })

  it("forgets one store", () => {
    const cache = new ObjectCache(1_000)
    cache.keep("1:0", blob(10))
    cache.keep("11:0", blob(20))
    cache.forget("1:")
    assert.strictEqual(cache.bytes, 20)
    assert.isDefined(cache.get("11:0"))
  })
})
