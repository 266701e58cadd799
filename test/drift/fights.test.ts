import { assert, describe, it } from "@effect/vitest"
import type { Healed } from "../../src/domain/Drift.ts"
import { fightOf, healed, none, taken, waitOf } from "../../src/drift/fights.ts"

const ref = { group: "", kind: "ConfigMap", namespace: "shop", name: "a" }
const heal = (fields: ReadonlyArray<string>, action: Healed["action"] = "healed"): Healed => ({
  ref,
  action,
  manager: "other-controller",
  fields,
  time: undefined,
  entry: { ref, apiVersion: "v1" },
  resourceVersion: "1"
})

describe("fights", () => {
  it("heals at once, then waits longer with every time that it is taken back at once", () => {
    let [fights, now] = [none, 0]
    const waits: Array<number> = []
    for (let round = 0; round < 12; round++) {
      fights = taken(fights, [ref], now += 10)
      waits.push(waitOf(fights, ref, now))
      now += waitOf(fights, ref, now)
      assert.strictEqual(waitOf(fights, ref, now), 0)
      fights = healed(fights, [heal(["data.key"])], now)
    }
    assert.deepStrictEqual(waits, [0, 990, 1990, 3990, 7990, 15990, 31990, 63990, 127990, 255990, 299990, 299990])
    assert.strictEqual(fightOf(fights, ref)?.manager, "other-controller")
  })

  it("is no fight if it comes later, elsewhere, or was nothing", () => {
    const once = healed(none, [heal(["data.key"])], 0)
    assert.strictEqual(waitOf(taken(once, [ref], 5_001), ref, 5_001), 0)
    const twice = healed(taken(once, [ref], 10), [heal(["data.other"])], 1_000)
    assert.strictEqual(twice.get("shop_a__ConfigMap")?.rounds, 0)
    assert.isUndefined(fightOf(twice, ref))
    assert.strictEqual(healed(none, [heal([], "untouched")], 0).size, 0)
  })

  it("forgets after a quiet spell", () => {
    const fights = healed(taken(healed(none, [heal(["a"])], 0), [ref], 10), [heal(["a"])], 1_000)
    assert.strictEqual(healed(fights, [], 7_000).size, 1)
    assert.strictEqual(healed(fights, [], 60_000).size, 0)
  })
})
