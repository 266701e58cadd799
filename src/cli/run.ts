import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { exitCodeOf } from "../domain/StageError.ts"
import { Identity } from "../kube/Identity.ts"
import { Notify } from "../notify/Notify.ts"
import { Guards } from "../pipeline/Guards.ts"
import { logDecision } from "../pipeline/logDecision.ts"
import { pipeline } from "../pipeline/Pipeline.ts"
import type { Request } from "../pipeline/Request.ts"
import { ownIdentity, type Right, Rights } from "../pipeline/Rights.ts"
import type { Stages } from "../pipeline/Stages.ts"
import * as DeliveryFile from "./DeliveryFile.ts"
import { secretsNamespace } from "./fileGuards.ts"
import { keptGuards } from "./keptGuards.ts"
import * as print from "./print.ts"
import { runDocument } from "./RunDocument.ts"
import { RunView } from "./RunView.ts"

export interface RunInput {
  readonly file: string
  readonly once: boolean
  /** Digest of the changeset whose deletions the person behind the keyboard has seen. */
  readonly confirm: string | undefined
  readonly output: "text" | "json"
}

/** A source that fails for so many attempts ends `--once`; without it Sluice never gives up. */
const attempts = 4

/** Wakes a delivery now and then at its interval, up to a tenth early, so that many do not poll as one. */
const polling = (delivery: Delivery): Stream.Stream<Request> => {
  const interval = milliseconds(delivery.spec.source.interval)
  const pause = Effect.flatMap(Random.next, (chance) => Effect.sleep(Duration.millis(interval * (1 - chance / 10))))
  return Stream.concat(
    Stream.make({ why: "started" as const }),
    Stream.fromEffectRepeat(Effect.as(pause, { why: "interval" as const }))
  )
}

const once: Stream.Stream<Request> = Stream.concat(Stream.make({ why: "manual" as const }), Stream.never)

/** Nothing more will come of this request: it is settled, refused, or given up. */
const isFinal = (event: RunEvent): boolean =>
  event._tag === "RunEnded" && event.outcome._tag !== "Interrupted" && event.details.next === undefined

const exitCode = (event: RunEvent | undefined): number => {
  if (event?._tag !== "RunEnded") return 0
  switch (event.outcome._tag) {
    case "Denied":
      return 1
    case "Failed":
      return exitCodeOf(event.outcome.error)
    default:
      return 0
  }
}

const confirmed = (delivery: Delivery, digest: string | undefined): Delivery =>
  digest === undefined ? delivery : {
    ...delivery,
    metadata: {
      ...delivery.metadata,
      annotations: { ...delivery.metadata.annotations, "sluice.dev/confirm": digest }
    }
  }

/** The loop in the foreground, for every Delivery of a file: for ever, or `--once`. Answers with the exit code. */
export const run = Effect.fn("run")(function*(input: RunInput) {
  const file = yield* DeliveryFile.read(input.file)
  const { deliveries, notifiers, secrets, warnings } = file
  for (const warning of warnings) yield* print.warning(warning)
  const [notify, rights] = [yield* Notify, yield* Rights]
  const view = new RunView()
  const ended = new Map<string, RunEvent>()
  const guarded = yield* keptGuards(
    file,
    (bundle) => rights.of({ namespace: secretsNamespace(bundle), name: bundle.metadata.name }, Identity.Self(), secrets)
  )

  const lane = (delivery: Delivery) => {
    const granted = rights.of(delivery.metadata, ownIdentity(delivery), secrets)
    const { guards, requests } = guarded(delivery)
    const events = Stream.callback<RunEvent, never, Stages | Right>((queue) =>
      pipeline({
        delivery,
        notifiers: Effect.succeed(notifiers),
        requests: input.once ? once : Stream.merge(polling(delivery), requests),
        attempts: input.once ? attempts : undefined,
        hear: (event) => Effect.asVoid(Queue.offer(queue, event))
      })
    )
    return Stream.fromEffectDrain(notify.resume(delivery, notifiers)).pipe(
      Stream.concat(input.once ? Stream.takeUntil(events, isFinal) : events),
      Stream.provideService(Guards, guards),
      Stream.provide(granted)
    )
  }
  const running = deliveries.filter(({ spec }) => !spec.suspend).map((delivery) => confirmed(delivery, input.confirm))
  for (const delivery of deliveries.filter(({ spec }) => spec.suspend)) {
    yield* print.aside(`${nameOf(delivery)} is suspended`)
  }
  if (!input.once && input.output === "text" && running.length > 0) {
    const names = running.length > 3 ? `${running.length} deliveries` : running.map(nameOf).join(", ")
    yield* print.aside(`Keeping ${names} true; Ctrl-C ends it and leaves the cluster as it is.`)
  }
  yield* Stream.mergeAll(running.map(lane), { concurrency: "unbounded" }).pipe(
    Stream.runForEach((event) => {
      if (event._tag === "PolicyDecided") return logDecision("Debug", event)
      if (event._tag === "RunEnded") ended.set(event.delivery, event)
      return input.output === "json" ? print.result(runDocument(event)) : view.show(event)
    })
  )
  yield* notify.flush
  return Math.max(0, ...[...ended.values()].map(exitCode))
}, Effect.scoped)
