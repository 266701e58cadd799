import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { uptime } from "../domain/uptime.ts"
import type { Message } from "./Message.ts"

/** A message that waits for others like it. */
export interface Waiting {
  readonly message: Message
  readonly id: string
}

/** Brings together what many deliveries would tell one sink for one reason. */
export interface Gather {
  /**
   * Waits a moment for others with the same key. If more than a few came, one of them tells for all; answers whether
   * this message was told by that. If not, it is told by itself.
   */
  readonly together: <R>(
    key: string,
    waiting: Waiting,
    tellAll: (all: ReadonlyArray<Waiting>) => Effect.Effect<boolean, never, R>
  ) => Effect.Effect<boolean, never, R>
}

/** So many are told one by one. */
const few = 3
/** After one message for many, what follows is held longer: deliveries do not all notice at the same time. */
const longer = 12
const lately = 5 * 60_000

interface Group {
  readonly members: Set<Waiting>
  /** Whether all were told by one message; `again` where the one who would have told was interrupted. */
  readonly told: Deferred.Deferred<boolean | "again">
}

/** Holds messages for `hold` milliseconds. */
export const make = (hold: number): Gather => {
  const groups = new Map<string, Group>()
  const toldAt = new Map<string, number>()

  const holdFor = (key: string, now: number): number => {
    for (const [other, at] of toldAt) if (at + lately < now) toldAt.delete(other)
    return toldAt.has(key) ? hold * longer : hold
  }

  const lead = Effect.fnUntraced(function*<R>(
    key: string,
    group: Group,
    tellAll: (all: ReadonlyArray<Waiting>) => Effect.Effect<boolean, never, R>
  ) {
    yield* Effect.sleep(holdFor(key, yield* uptime))
    groups.delete(key)
    if (group.members.size <= few) return false
    const told = yield* tellAll([...group.members])
    if (told) toldAt.set(key, yield* uptime)
    return told
  })

  const together: Gather["together"] = Effect.fnUntraced(function*(key, waiting, tellAll) {
    for (;;) {
      const open = groups.get(key)
      if (open !== undefined) {
        open.members.add(waiting)
        const told = yield* Effect.onInterrupt(
          Deferred.await(open.told),
          () => Effect.sync(() => open.members.delete(waiting))
        )
        if (told !== "again") return told
      } else {
        const group: Group = { members: new Set([waiting]), told: Deferred.makeUnsafe() }
        groups.set(key, group)
        return yield* Effect.onExit(lead(key, group, tellAll), (exit) => {
          if (groups.get(key) === group) groups.delete(key)
          return Deferred.succeed(group.told, Exit.isSuccess(exit) ? exit.value : "again")
        })
      }
    }
  })

  return { together }
}
