import { assert, describe, it } from "@effect/vitest"
import { isSameView, mostMembers, ownerOf, viewOf } from "../../src/members/rendezvous.ts"

const keys = Array.from({ length: 5_000 }, (_, index) => `team-${index % 40}/delivery-${index}`)
const replicas = (count: number) => Array.from({ length: count }, (_, index) => `sluice-${index}`)
const owners = (view: ReadonlyArray<string>) => keys.map((key) => ownerOf(view, key))

describe("ownerOf", () => {
  it("shares evenly, also among names that differ by a digit", () => {
    for (const count of [2, 3, 5, 8]) {
      const counts = new Map<string, number>()
      for (const owner of owners(replicas(count))) counts.set(owner!, (counts.get(owner!) ?? 0) + 1)
      for (const [member, own] of counts) {
        assert.closeTo(own, keys.length / count, 0.12 * keys.length / count, `${member} of ${count}`)
      }
      assert.strictEqual(counts.size, count)
    }
  })

  it("moves to a member that comes what it has then, and nothing else", () => {
    for (const count of [1, 2, 3, 7]) {
      const [before, after] = [owners(replicas(count)), owners([...replicas(count), "sluice-9"])]
      const moved = keys.flatMap((_, index) => before[index] === after[index] ? [] : [after[index]])
      assert.deepStrictEqual([...new Set(moved)], ["sluice-9"])
      assert.closeTo(moved.length, keys.length / (count + 1), 0.12 * keys.length / (count + 1))
    }
  })

  it("moves away from a member that goes what it had, and nothing else", () => {
    const [before, after] = [owners(replicas(4)), owners(replicas(4).filter((name) => name !== "sluice-2"))]
    keys.forEach((key, index) => {
      if (before[index] === "sluice-2") assert.notStrictEqual(after[index], "sluice-2", key)
      else assert.strictEqual(after[index], before[index], key)
    })
  })

  it("asks for no order of the members, and for some", () => {
    assert.deepStrictEqual(owners(replicas(5)), owners(replicas(5).reverse()))
    assert.isUndefined(ownerOf([], "a/b"))
  })
})

describe("viewOf", () => {
  it("has each once, in order, and no more than fit", () => {
    assert.deepStrictEqual(viewOf(["b", "a", "b"]), ["a", "b"])
    assert.lengthOf(viewOf(replicas(200)), mostMembers)
    assert.isTrue(isSameView(viewOf(["b", "a"]), ["a", "b"]))
    assert.isFalse(isSameView(["a"], ["a", "b"]))
  })
})
