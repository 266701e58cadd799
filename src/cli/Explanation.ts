import type { DeliveryStatus, PastRun } from "../api/v1alpha1/DeliveryStatus.ts"
import { askedOf } from "./asked.ts"
import { because, helpOf, nextOf, stageOf } from "./reasons.ts"
import { conditionOf, type ShownDelivery, type State, stateOf } from "./ShownDelivery.ts"

/** A Delivery that has to be ready first, and whom it waits for itself. */
export interface Dependency {
  readonly namespace: string
  readonly name: string
  readonly ready: State["ready"] | "Missing" | "Unreadable"
  readonly message: string
  readonly waitsFor: ReadonlyArray<Dependency>
}

/** A revision, and as much as the status tells of its commit. */
export interface Told {
  readonly revision: string
  readonly author?: string
  readonly subject?: string
  readonly time?: string
}

/** Everything that is known of why a Delivery is as it is. The document of `sluice explain`: `cli.sluice.dev/v1`. */
export interface Explanation {
  readonly apiVersion: "cli.sluice.dev/v1"
  readonly kind: "Explanation"
  readonly delivery: { readonly namespace: string; readonly name: string }
  readonly ready: State
  /** Where something is wrong: the stage whose error it is, what would help, and what happens next. */
  readonly stage?: string
  readonly help?: string
  readonly next?: string
  /** Of the run that goes on. */
  readonly running?: string
  readonly suspended?: ShownDelivery["suspension"]
  readonly isDeleting: boolean
  /** Whether the agent has seen the Delivery as it is now. */
  readonly isObserved: boolean
  readonly source?: NonNullable<DeliveryStatus["source"]>
  readonly ref?: string
  readonly path: string
  readonly applied?: Told
  readonly attempted?: Told
  readonly healthy?: State
  readonly policy?: NonNullable<DeliveryStatus["policy"]>
  readonly lastRun?: PastRun & { readonly because: string }
  readonly waitsFor: ReadonlyArray<Dependency>
  /** The Notifiers that it names and that are not there. */
  readonly missingNotifiers: ReadonlyArray<string>
  readonly drift: { readonly mode: string } & Partial<NonNullable<DeliveryStatus["drift"]>>
  /** A run that somebody asked for and that has not ended. */
  readonly asked?: string
  /** Fields of the status that could not be read. */
  readonly unreadable: ReadonlyArray<string>
}

type Present<A> = { [K in keyof A]: Exclude<A[K], undefined> }

/** Leaves out what is not known. */
const known = <A extends object>(fields: A): Partial<Present<A>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Present<A>>

/** The source tells of the newest revision, the history of those before. */
const toldOf = ({ history, source }: DeliveryStatus, revision: string | undefined): Told | undefined => {
  if (revision === undefined) return undefined
  const run = source?.revision === revision ? source : history?.find((run) => run.revision === revision)
  return {
    revision,
    ...known({
      author: run?.author,
      subject: run?.subject,
      time: source?.revision === revision ? source.time : undefined
    })
  }
}

/** In the agent's words, `Tried again in 12s (attempt 4): …`, where it goes on by itself. */
const nextFor = (delivery: ShownDelivery, reason: string): string | undefined => {
  const reconciling = conditionOf(delivery, "Reconciling")
  return reconciling?.status === "True" && reconciling.reason === reason
    ? reconciling.message.split(": ")[0]
    : nextOf(reason)
}

const healthOf = (delivery: ShownDelivery): State | undefined => {
  const healthy = conditionOf(delivery, "Healthy")
  return healthy === undefined
    ? undefined
    : { ready: healthy.status, reason: healthy.reason, message: healthy.message }
}

/** Explains a Delivery by what the agent says of it. Pure: the rest was looked up before. */
export const explanation = (
  delivery: ShownDelivery,
  waitsFor: ReadonlyArray<Dependency>,
  missingNotifiers: ReadonlyArray<string> = []
): Explanation => {
  const { isDeleting, isObserved, isSuspended, path, source, status, suspension, unreadable } = delivery
  const ready = stateOf(delivery)
  const [lastRun] = status.history ?? []
  const isWell = ready.ready === "True"
  const help = isWell ? undefined : helpOf(ready.reason)
  return {
    apiVersion: "cli.sluice.dev/v1",
    kind: "Explanation",
    delivery: { namespace: delivery.namespace, name: delivery.name },
    ready,
    isDeleting,
    isObserved,
    path,
    waitsFor,
    missingNotifiers,
    drift: { mode: delivery.drift, ...status.drift },
    unreadable,
    ...known({
      stage: isWell ? undefined : stageOf(ready.reason),
      help: help !== undefined && ready.message.includes(help) ? undefined : help,
      next: ready.ready === "False" ? nextFor(delivery, ready.reason) : undefined,
      running: status.stage,
      suspended: isSuspended ? suspension : undefined,
      source: status.source ?? (source === undefined ? undefined : { url: source.url, revision: "" }),
      ref: source?.ref,
      applied: toldOf(status, status.lastAppliedRevision),
      attempted: toldOf(status, status.lastAttemptedRevision),
      healthy: healthOf(delivery),
      policy: status.policy,
      lastRun: lastRun === undefined ? undefined : { ...lastRun, because: because(lastRun.why) },
      asked: askedOf(delivery)
    })
  }
}
