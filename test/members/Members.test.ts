import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import { type Chances, chances } from "./chances.ts"
import { duration, keys, World } from "./World.ts"

const count = Number(process.env.SLUICE_SEEDS ?? 5)
/** The first, and those that have found what these do not. */
const seeds = new Set([...Array.from({ length: count }, (_, index) => index + 1), 9, 17, 90])
const steps = 1_000

const turns = (count: number) => Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })

/** Nobody may write what another may write too, or has a write of under way; nor run what it does not tend. */
const claim = (world: World, seed: number, step: number) => {
  for (const key of keys) {
    const writers = world.writersOf(key)
    assert.isAtMost(writers.length, 1, `seed ${seed}, step ${step}: ${key} is written by ${writers.join(" and ")}`)
  }
  for (const member of world.members) {
    const deaf = world.isOpen(member) ? world.deafTo(member).length : 0
    assert.strictEqual(deaf, 0, `seed ${seed}, step ${step}: ${member.name} runs what it does not tend`)
  }
}

/** One thing happens, as chance will have it; and mostly requests are answered, soon. */
const happen = (world: World, chance: Chances, places: { last: number }) =>
  Effect.gen(function*() {
    const alive = world.members.filter(({ isDead }) => !isDead)
    const one = chance.of(alive)
    const roll = chance.next()
    if (roll < 0.01 && alive.length < 4 || alive.length === 0) {
      const free = ["a", "b", "c", "d"].filter((name) => !alive.some((member) => member.name === name))
      // At times another has the name.
      const name = one !== undefined && chance.next() < 0.3 ? one.name : chance.of(free)!
      const ended = world.members.findLast((member) => member.name === name && member.place.name.startsWith("pod"))
      const where = chance.next()
      if (where < 0.4) yield* world.begin(name, `machine-${places.last++}`)
      else if (where < 0.6 && ended?.isDead === true) yield* world.begin(name, ended.place.name)
      else yield* world.begin(name, `pod-${places.last++}`)
    } else if (roll < 0.015 && one !== undefined) {
      world.crash(one)
    } else if (roll < 0.02 && one !== undefined && !one.isPaused) {
      yield* world.release(one)
    } else if (roll < 0.06 && one !== undefined) {
      world.pause(one, !one.isPaused && chance.next() < 0.4)
    } else if (roll < 0.1 && one !== undefined) {
      one.isCut = !one.isCut && chance.next() < 0.4
    } else if (roll < 0.25) {
      yield* TestClock.adjust(1 + chance.below(chance.next() < 0.03 ? 1.5 * duration : duration / 15))
    } else if (roll < 0.45 && one !== undefined) {
      world.write(one, chance.of(keys)!)
    } else {
      const request = chance.of(world.requests.filter(({ isSent }) => isSent))
      if (request !== undefined && chance.next() < 0.02) world.delay(request)
      else if (request !== undefined) world.take(request, request.member.isCut || chance.next() < 0.02)
      if (chance.next() < 0.9) world.answer()
      if (one !== undefined && chance.next() < 0.5) world.tell(one, 1 + chance.below(4))
    }
    world.settle()
    yield* turns(10)
  })

/** Everything is answered at once. */
const calm = (world: World) =>
  Effect.gen(function*() {
    for (let turn = 0; turn < 10; turn++) {
      for (const request of world.requests.slice()) {
        if (request.isSent) world.take(request, false)
        else world.requests.splice(world.requests.indexOf(request), 1)
      }
      while (world.answers.length > 0) world.answer()
      for (const member of world.members) world.tell(member, 1_000)
      world.settle()
      yield* turns(10)
    }
  })

describe("Members, whatever happens", () => {
  for (const seed of seeds) {
    it.effect(`lets nobody write what another may write: seed ${seed}`, () =>
      Effect.gen(function*() {
        const chance = chances(seed)
        const world = new World(yield* Clock.Clock, chance)
        const places = { last: 0 }
        yield* world.begin("a", "machine-a")
        yield* world.begin("b", "pod-b")
        for (let step = 0; step < steps; step++) {
          yield* happen(world, chance, places)
          claim(world, seed, step)
        }
        // All is well again: each is tended by one of those who are left, and all agree.
        for (const member of world.members) {
          member.isCut = false
          world.pause(member, false)
        }
        yield* world.begin("f", "pod-f")
        for (let turn = 0; turn < 60; turn++) {
          yield* calm(world)
          claim(world, seed, steps + turn)
          yield* TestClock.adjust(duration / 10)
        }
        const alive = world.members.filter(({ isDead }) => !isDead)
        const names = alive.map(({ name }) => name).sort()
        assert.isAbove(alive.length, 0, "nobody is left")
        assert.deepStrictEqual(world.leases.map(({ instance }) => instance).sort(), names)
        for (const lease of world.leases) assert.deepStrictEqual(lease.view, names)
        for (const key of keys) {
          const owners = alive.filter(({ members, running }) => members.tends(key) && running.has(key))
          assert.lengthOf(owners, 1, `${key} of ${names}`)
        }
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None")), 20_000)
  }
})
