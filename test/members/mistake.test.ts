import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { chances } from "./chances.ts"
import { pass } from "./pass.ts"
import { duration, keys, type Member, World } from "./World.ts"

const claimed = (members: ReadonlyArray<Member>) => {
  for (const key of keys) {
    const owners = members.filter(({ members, running }) => members.tends(key) && running.has(key))
    assert.lengthOf(owners, 1, key)
  }
}

describe("a replica that crashes over its Leases", () => {
  // In a request of its rounds, and in a renewal.
  for (const isJoined of [false, true]) {
    it.effect(
      `says so, changes nothing, and begins anew: ${isJoined ? "later" : "at once"}`,
      () =>
        Effect.gen(function*() {
          const said: Array<string> = []
          const logger = Logger.make<unknown, void>((entry) => void said.push(Logger.formatLogFmt.log(entry)))
          yield* Effect.gen(function*() {
            const chance = chances(7)
            const world = new World(yield* Clock.Clock, chance)
            const [a, b] = [yield* world.begin("a", "pod-a"), yield* world.begin("b", "pod-b")]
            if (isJoined) yield* pass(world, chance, 2 * duration)
            if (isJoined) claimed([a, b])
            let request
            while ((request = world.requests.find(({ member }) => member === a)) === undefined) {
              yield* pass(world, chance, 5, 5)
            }
            world.requests.splice(world.requests.indexOf(request), 1)
            request.resume(Effect.die("a mistake"))
            yield* pass(world, chance, 20)
            assert.isTrue(said.some((line) => /this is a mistake in Sluice/u.test(line) && /a mistake/u.test(line)))
            assert.isFalse(world.isOpen(a))
            assert.deepStrictEqual(keys.filter((key) => a.members.tends(key)), [])
            yield* pass(world, chance, 10_000 + 3 * duration)
            assert.isTrue(world.isOpen(a))
            claimed([a, b])
          }).pipe(Effect.provide(Logger.layer([logger])))
        }),
      20_000
    )
  }
})
