import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import { chances } from "./chances.ts"
import { pass } from "./pass.ts"
import { duration, World } from "./World.ts"

const begun = Effect.fnUntraced(function*(seed: number) {
  const chance = chances(seed)
  const world = new World(yield* Clock.Clock, chance)
  for (const name of ["a", "b", "c"]) yield* world.begin(name, `pod-${name}`)
  yield* pass(world, chance, 2 * duration)
  assert.lengthOf(world.leases, 3)
  for (const { view } of world.leases) assert.deepStrictEqual(view, ["a", "b", "c"])
  return { chance, world }
})

const cut = (world: World, isCut: boolean) => {
  for (const member of world.members) member.isCut = isCut
}
const uids = (world: World) => world.leases.map(({ instance, uid }) => `${instance} ${uid}`).sort()

const test = (name: string, claim: (seed: number) => Effect.Effect<void>) => {
  for (let seed = 1; seed <= 3; seed++) {
    it.effect(
      `${name}: seed ${seed}`,
      () => Effect.provideService(claim(seed), References.MinimumLogLevel, "None"),
      20_000
    )
  }
}

describe("replicas whose cluster does not answer", () => {
  test("put nobody out who lives, however long it takes", (seed) =>
    Effect.gen(function*() {
      const { chance, world } = yield* begun(seed)
      const before = uids(world)
      for (const length of [0.6, 1, 1.3, 4]) {
        cut(world, true)
        yield* pass(world, chance, length * duration)
        cut(world, false)
        yield* pass(world, chance, 1.5 * duration)
        assert.deepStrictEqual(uids(world), before, `after ${length} Leases`)
      }
    }))

  test("put out who died meanwhile, one Lease after it answers again", (seed) =>
    Effect.gen(function*() {
      const { chance, world } = yield* begun(seed)
      cut(world, true)
      yield* pass(world, chance, duration)
      world.crash(world.members[2]!)
      yield* pass(world, chance, duration)
      cut(world, false)
      yield* pass(world, chance, 0.9 * duration)
      assert.lengthOf(world.leases, 3)
      yield* pass(world, chance, 0.6 * duration)
      for (const { view } of world.leases) assert.deepStrictEqual(view, ["a", "b"])
      assert.lengthOf(world.leases, 2)
    }))

  test("take over as soon as ever where it always answered", (seed) =>
    Effect.gen(function*() {
      const { chance, world } = yield* begun(seed)
      world.crash(world.members[2]!)
      yield* pass(world, chance, 1.1 * duration)
      for (const { view } of world.leases) assert.deepStrictEqual(view, ["a", "b"])
      assert.lengthOf(world.leases, 2)
    }))
})
