import * as Effect from "effect/Effect"
import type { DeliveryEvent } from "./events.ts"
import { idOf, isWellFormed, type LiveDelivery, type MalformedDelivery, type Registry } from "./Registry.ts"
import { plural } from "./words.ts"

/** Who applies a file applies the Delivery before its Notifier: what is there so soon was never missing. */
const patience = "5 seconds"

const listed = (ids: ReadonlyArray<string>): string => ids.map((id) => id.slice(id.indexOf("/") + 1)).join(", ")

/**
 * Tells, as often as it is run, of the Notifiers that one Delivery names and that are not there: when they go, and when they
 * come. Waits for nothing.
 */
export const make = Effect.fnUntraced(function*(
  registry: Registry,
  current: () => LiveDelivery | MalformedDelivery,
  tell: (events: ReadonlyArray<DeliveryEvent>) => Effect.Effect<void>
) {
  const scope = yield* Effect.scope
  let told: ReadonlySet<string> = new Set()
  let isDue = false

  const changes = () => {
    const live = current()
    // With its namespace everything goes.
    if (!isWellFormed(live) || live.deleting) return { gone: [], come: [], absent: told }
    const named = registry.toldOf(idOf(live))
    const absent = new Set(named.filter((id) => !registry.notifiers.has(id)))
    return {
      absent,
      gone: [...absent].filter((id) => !told.has(id)),
      come: [...told].filter((id) => registry.notifiers.has(id) && named.includes(id))
    }
  }

  const say = Effect.suspend(() => {
    const { absent, come, gone } = changes()
    told = absent
    isDue = false
    const [isOne, isAre] = [gone.length === 1, come.length === 1 ? "is" : "are"]
    return tell([
      ...gone.length === 0 ? [] : [{
        type: "Warning" as const,
        reason: "NotifyFailed",
        action: "notify",
        message: `spec.notify names ${plural(gone.length, "Notifier")} that ${
          isOne ? "is" : "are"
        } not in its namespace: ${listed(gone)}; nobody is told through ${isOne ? "it" : "them"}`
      }],
      ...come.length === 0 ? [] : [{
        type: "Normal" as const,
        reason: "NotifierFound",
        action: "notify",
        message: `${listed(come)}, named by spec.notify, ${isAre} there now`
      }]
    ])
  })

  return Effect.suspend(() => {
    const { absent, come, gone } = changes()
    if (gone.length + come.length === 0) told = absent
    if (isDue || gone.length + come.length === 0) return Effect.void
    isDue = true
    return Effect.asVoid(Effect.forkIn(Effect.delay(say, patience), scope))
  })
})
