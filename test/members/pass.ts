import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Chances } from "./chances.ts"
import type { World } from "./World.ts"

const turns = Effect.forEach(Array.from({ length: 10 }), () => Effect.yieldNow, { discard: true })

/** Time goes by in small steps; requests are taken in any order, and watches tell all. */
export const pass = (world: World, chance: Chances, milliseconds: number, step = 20) =>
  Effect.gen(function*() {
    for (let time = 0; time < milliseconds; time += step) {
      for (let round = 0; round < 3; round++) {
        const sent = world.requests.filter((request) => request.isSent && !request.member.isDead)
        while (sent.length > 0) {
          const [request] = sent.splice(chance.below(sent.length), 1)
          if (chance.next() < 0.7) world.take(request!, request!.member.isCut)
        }
        while (world.answers.length > 0) world.answer()
        for (const member of world.members) world.tell(member, 1_000)
        world.settle()
        yield* turns
      }
      yield* TestClock.adjust(step)
    }
  })
