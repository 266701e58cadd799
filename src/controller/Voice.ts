import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { DeliveryStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import { Redactions } from "../domain/redact.ts"
import type { DeliveryId } from "../kube/DeliveryWriter.ts"
import { type DeliveryEvent, events } from "./events.ts"
import * as EventWriter from "./EventWriter.ts"
import type { Facts } from "./Facts.ts"
import type { Happening } from "./Happening.ts"
import { after } from "./status.ts"
import * as StatusWriter from "./StatusWriter.ts"

/** What Kubernetes hears of one Delivery: its status and its Events, both made of what happens. */
export interface Voice extends Pick<StatusWriter.StatusWriter, "shown"> {
  readonly say: (
    happening: Happening,
    facts: Pick<Facts, "generation" | "waits" | "requestedAt" | "bundles">
  ) => Effect.Effect<void>
  readonly tell: (events: ReadonlyArray<DeliveryEvent>) => Effect.Effect<void>
  readonly status: Effect.Effect<DeliveryStatus>
}

export const make = Effect.fnUntraced(function*(delivery: DeliveryId, initial: DeliveryStatus, instance: string) {
  const redactions = yield* Redactions
  const writer = yield* StatusWriter.make(delivery, initial)
  const teller = yield* EventWriter.make(delivery, instance)
  const voice: Voice = {
    say: (happening, given) =>
      Effect.gen(function*() {
        const now = DateTime.formatIso(yield* DateTime.now)
        const before = yield* writer.current
        const facts: Facts = { ...given, now, redact: (text) => redactions.redact(text) }
        const status = yield* writer.update((current) => after(current, happening, facts))
        yield* teller.tell(events(before, status, happening))
      }),
    shown: writer.shown,
    tell: teller.tell,
    status: writer.current
  }
  return voice
})
