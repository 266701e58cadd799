import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { at } from "../domain/Json.ts"
import type { Given } from "./commandLine.ts"
import { patch } from "./resources.ts"
import { answeredInTime } from "./scope.ts"
import { selected } from "./selection.ts"
import { nameOf, type ShownDelivery } from "./ShownDelivery.ts"
import { steer, type Steered, warnOfGit } from "./steering.ts"
import { suspensionText } from "./suspensionText.ts"

const one = Effect.fnUntraced(function*(delivery: ShownDelivery) {
  const now = yield* Clock.currentTimeMillis
  const name = nameOf(delivery)
  const isLeftOver = at(delivery.object, "spec", "suspension") !== undefined
  if (!delivery.isSuspended && !isLeftOver) {
    const known: Steered = { text: `${name} is not suspended`, object: delivery.object }
    return known
  }
  yield* warnOfGit(delivery)
  const object = yield* patch(delivery.namespace, delivery.name, { spec: { suspend: null, suspension: null } })
  const was = suspensionText(delivery, now)
  const steered: Steered = { text: `${name} goes on${was === "" ? "" : `; it was suspended ${was}`}`, object }
  return steered
})

/** Takes `spec.suspend` away, and what was said of it. What is not suspended stays as it is. */
export const resume = Effect.fn("resume")(function*(given: Given) {
  const all = yield* answeredInTime(given, selected(given))
  return yield* steer(given, all, one)
})
