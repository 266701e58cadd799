import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { at, type JsonObject } from "../domain/Json.ts"
import { confirmAnnotation, requestAnnotation } from "../domain/ownership.ts"
import { oneLine } from "../domain/plainText.ts"
import { exitCodeOf, HealthTimeout, InvalidSpec, type StageError } from "../domain/StageError.ts"
import { isAnswered } from "./asked.ts"
import { type Paint, painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import { changesText } from "./history.ts"
import * as print from "./print.ts"
import { helpOf } from "./reasons.ts"
import { deliveries, follow, patch } from "./resources.ts"
import { durationOf, within } from "./scope.ts"
import { selected } from "./selection.ts"
import { conditionOf, nameOf, read, shortened, shortRevision, type ShownDelivery, stateOf } from "./ShownDelivery.ts"
import { type Steered, tell } from "./steering.ts"
import { suspensionText } from "./suspensionText.ts"

/** So long nothing may stir before it is said that perhaps nobody listens. */
const silence = "10 seconds"

const lastRunText = ({ status: { history } }: ShownDelivery): string => {
  const [run] = history ?? []
  const text = run === undefined ? "" : changesText(run) || run.message || ""
  return text === "" ? "" : `: ${oneLine(shortened(text), 500)}`
}

/** How a run that was asked for ended, for people. */
export const outcomeText = (delivery: ShownDelivery, paint: Paint): string => {
  const { message, ready, reason } = stateOf(delivery)
  const name = nameOf(delivery)
  const on = oneLine(shortRevision(delivery.status.lastAppliedRevision), 200)
  if (ready === "True") {
    return `${paint("green", "✔")} ${name} is ready${on === "" ? "" : ` on ${on}`}${lastRunText(delivery)}`
  }
  const help = helpOf(reason)
  const isHelpNews = help !== undefined && !message.includes(help)
  return [
    `${paint("red", "✗")} ${name} is not ready: ${
      [reason, message].map((text) => oneLine(text, 1_000)).filter((text) => text !== "").join(": ")
    }`,
    ...isHelpNews ? [`  ${paint("cyan", "help")} ${help}`] : [],
    `  ${paint("cyan", "more")} sluice explain ${name}`
  ].join("\n")
}

/** 0 ready; 3 where the run itself timed out, 1 else. */
export const exitCode = (delivery: ShownDelivery): number => {
  const { ready, reason } = stateOf(delivery)
  return ready === "True" ? 0 : reason === "HealthTimeout" || reason === "DependencyNotReady" ? 3 : 1
}

const version = (object: JsonObject) => at(object, "metadata", "resourceVersion")

/** The stage that an agent says it is at. A wait for health may be long, and nothing is written meanwhile. */
const stageOf = (delivery: ShownDelivery): string | undefined =>
  conditionOf(delivery, "Reconciling")?.status === "True" ? delivery.status.stage : undefined

/** What is said of a Delivery that is not waited for any longer. */
export const late = (delivery: ShownDelivery, isStirring: boolean, waited: string): HealthTimeout => {
  const name = nameOf(delivery)
  const stage = stageOf(delivery)
  if (stage === undefined && !isStirring) {
    return HealthTimeout.make({
      detail: `${name}: nothing stirred for ${waited}; no agent seems to look after it`,
      hint: "Look whether `sluice agent` runs for this cluster, and what it logs."
    })
  }
  const what = stage === undefined ? `has no outcome after ${waited}` : `still at ${oneLine(stage, 60)} after ${waited}`
  return HealthTimeout.make({
    detail: `${name}${stage === undefined ? "" : ":"} ${what}: ${oneLine(stateOf(delivery).message, 500)}`,
    hint: `It goes on without us: sluice explain ${name}`
  })
}

/** Follows one Delivery, telling its stages, until the agent has answered. */
const answer = Effect.fnUntraced(function*(asked: JsonObject, value: string, timeout: number, given: Given) {
  const before = read(asked)
  const { name, namespace } = before
  let last = before
  let stage: string | undefined
  const isStirring = () => version(last.object) !== version(asked)
  const current = follow(deliveries, { namespace, fields: `metadata.name=${name}` }).pipe(
    Stream.filter((event) => event._tag !== "Bookmark"),
    Stream.map((event) =>
      event._tag === "Listed" ? event.objects[0] : event._tag === "Changed" ? event.object : undefined
    )
  )
  const gone = () =>
    InvalidSpec.make({ detail: `${nameOf(before)} was deleted meanwhile`, hint: "There is nothing to wait for." })
  const stopped = (delivery: ShownDelivery) =>
    InvalidSpec.make({
      detail: `${nameOf(delivery)} was suspended meanwhile${suspendedText(delivery)}`,
      hint: `sluice resume ${name} -n ${namespace}`,
      exitCode: 1
    })
  const ended = current.pipe(
    Stream.mapEffect((object): Effect.Effect<ShownDelivery, StageError> => {
      if (object === undefined) return Effect.fail(gone())
      last = read(object)
      if (last.isSuspended) return Effect.fail(stopped(last))
      const { stage: now } = last.status
      if (now === stage || now === undefined) return Effect.succeed(last)
      stage = now
      return Effect.as(print.aside(`${nameOf(last)}: ${oneLine(now, 60)}`), last)
    }),
    Stream.filter((delivery) => isAnswered(delivery, value, before.status.lastHandledReconcileAt)),
    Stream.runHead
  )
  const wondering = Effect.delay(
    Effect.suspend(() =>
      isStirring() || stageOf(last) !== undefined
        ? Effect.void
        : print.aside(`${nameOf(before)}: nothing has stirred yet; does an agent run?`)
    ),
    silence
  )
  const orElse = () => Effect.fail(late(last, isStirring(), textOf(given, "timeout") ?? "5m"))
  const head = yield* Effect.scoped(
    Effect.andThen(Effect.forkScoped(wondering), Effect.timeoutOrElse(ended, { duration: timeout, orElse }))
  )
  return Option.getOrElse(head, () => last)
})

const suspendedText = (delivery: ShownDelivery, now = 0): string => {
  const text = suspensionText(delivery, now)
  return text === "" ? "" : ` ${text}`
}

/** Asks the agent for a run of each, and tells how each ended. Answers with the worst of their exit codes. */
export const reconcile = Effect.fn("reconcile")(function*(given: Given) {
  const timeout = yield* durationOf(given, "timeout", "5m")
  // --timeout is for the outcome; that the cluster is slow to answer is another thing.
  const all = yield* within("1m", selected(given))
  const now = yield* DateTime.now
  const value = DateTime.formatIso(now)
  const confirm = textOf(given, "confirm")
  const paint = painting(process.stdout)

  const ask = (delivery: ShownDelivery) => {
    const { name, namespace } = delivery
    if (delivery.isSuspended) {
      return InvalidSpec.make({
        detail: `${nameOf(delivery)} is suspended${suspendedText(delivery, DateTime.toEpochMillis(now))}`,
        hint: `Nothing is run until then: sluice resume ${name} -n ${namespace}`,
        exitCode: 1
      })
    }
    const annotations = { [requestAnnotation]: value, ...confirm === undefined ? {} : { [confirmAnnotation]: confirm } }
    return patch(namespace, name, { metadata: { annotations } })
  }
  const one = Effect.fnUntraced(function*(delivery: ShownDelivery) {
    const asked = yield* ask(delivery)
    if (given.switches.has("no-wait")) {
      const steered: Steered = { text: `${nameOf(delivery)} is asked for`, object: asked }
      return { steered, code: 0 }
    }
    if (delivery.status.conditions === undefined) {
      yield* print.aside(`${nameOf(delivery)}: no agent has ever said anything about it`)
    }
    const live = yield* answer(asked, value, timeout, given)
    const steered: Steered = { text: outcomeText(live, paint), object: live.object }
    return { steered, code: exitCode(live) }
  })

  const ended = yield* Effect.forEach(all, (delivery) => Effect.result(one(delivery)), { concurrency: "unbounded" })
  const answers = ended.flatMap((each) => Result.isSuccess(each) ? [each.success] : [])
  const errors = ended.flatMap((each) => Result.isFailure(each) ? [each.failure] : [])
  yield* tell(given, answers.map(({ steered }) => steered))
  if (errors.length > 0) yield* print.errors(errors)
  return Math.max(0, ...answers.map(({ code }) => code), ...errors.map(exitCodeOf))
})
