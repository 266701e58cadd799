import { assert, describe, it } from "@effect/vitest"
import { makeRoom, type Occupant, platform } from "../../src/fetch/room.ts"

const store = (name: string, bytes: number, owners: ReadonlyArray<string>, more: Partial<Occupant> = {}): Occupant => ({
  name,
  bytes,
  owners,
  isRead: false,
  usedAt: 0,
  ...more
})

describe("room on the disk", () => {
  it("is anybody's as long as there is some", () => {
    const all = [store("huge", 90, ["greedy"]), store("small", 10, ["shop"])]
    assert.deepStrictEqual(makeRoom(all, ["greedy"], 100), { _tag: "Free", goes: [] })
  })

  it("is made first of what nobody follows, the longest unused before others, and no more than needed", () => {
    const all = [
      store("shop", 60, ["shop"]),
      store("newer", 30, [], { usedAt: 2 }),
      store("older", 30, [], { usedAt: 1 })
    ]
    assert.deepStrictEqual(makeRoom(all, ["shop"], 100), { _tag: "Free", goes: ["older"] })
  })

  it("is denied to a namespace that has more than its share, and made of what it has for others", () => {
    const all = [
      store("a", 50, ["greedy"]),
      store("b", 40, ["greedy"]),
      store("c", 20, ["greedy"]),
      store("shop", 10, ["shop"])
    ]
    assert.deepStrictEqual(makeRoom(all, ["greedy"], 100), { _tag: "Denied", owner: "greedy", bytes: 110, share: 50 })
    assert.deepStrictEqual(makeRoom(all, ["shop"], 100), { _tag: "Free", goes: ["a"] })
    assert.deepStrictEqual(makeRoom(all, ["newcomer"], 100), { _tag: "Free", goes: ["a"] })
    assert.deepStrictEqual(makeRoom(all, [platform], 100), { _tag: "Free", goes: ["a"] })
  })

  it("counts what several namespaces follow for each in part, and leaves it where one of them is within its share", () => {
    const all = [store("shared", 80, ["greedy", "shop"]), store("own", 60, ["greedy"])]
    assert.deepStrictEqual(makeRoom(all, ["shop"], 100), { _tag: "Free", goes: ["own"] })
    assert.strictEqual(makeRoom(all, ["greedy"], 100)._tag, "Denied")
    assert.strictEqual(makeRoom(all, ["greedy", "shop"], 100)._tag, "Free")
  })

  it("never takes what is read, nor what a PolicyBundle needs", () => {
    const all = [store("a", 90, ["greedy"], { isRead: true }), store("rules", 30, [platform]), store("b", 1, ["shop"])]
    assert.deepStrictEqual(makeRoom(all, ["shop"], 100), { _tag: "Free", goes: [] })
  })
})
