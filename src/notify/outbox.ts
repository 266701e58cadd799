import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { digest } from "../domain/digest.ts"
import { canonical } from "../domain/Json.ts"
import { DriftDigest, nothing } from "./driftDigest.ts"
import { DriftMessage } from "./DriftMessage.ts"
import { Message, revisionOf } from "./Message.ts"
import { Thread } from "./slack.ts"
import { Told, type Transition } from "./transition.ts"

/** More than this many transitions are never kept for a sink that does not answer; the oldest go first. */
const most = 20
/** Nor more messages about drift, which push out none of the others. */
const mostDrift = 5

/** One message and the notifiers that still have to get it. */
const Pending = Schema.Struct({
  message: Schema.Union([Message, DriftMessage]),
  to: Schema.Array(Schema.Struct({ notifier: Schema.String, id: Schema.String }))
})
export type Pending = typeof Pending.Type

/** What was told of a delivery and what is still to be sent. Holds neither addresses nor tokens. */
export const Outbox = Schema.Struct({
  version: Schema.Literal(1),
  told: Schema.optionalKey(Told),
  /** What was seen of the drift and is not told yet. */
  drift: Schema.optionalKey(DriftDigest),
  /** In the order in which they happened. */
  pending: Schema.Array(Pending),
  /** By notifier: where its last message stands, and of which revision that is. */
  threads: Schema.Record(Schema.String, Schema.Struct({ ...Thread.fields, revision: Schema.String }))
})
export type Outbox = typeof Outbox.Type

export const empty: Outbox = { version: 1, pending: [], threads: {} }

const Text = Schema.fromJsonString(Outbox)

export const encode = (outbox: Outbox): Uint8Array =>
  new TextEncoder().encode(canonical(Schema.encodeSync(Schema.toCodecJson(Outbox))(outbox)))

/** The record, or undefined where its bytes are not of this version. */
export const decode = (bytes: Uint8Array): Effect.Effect<Outbox | undefined> =>
  Effect.map(Effect.option(Schema.decodeUnknownEffect(Text)(new TextDecoder().decode(bytes))), Option.getOrUndefined)

/**
 * The same for every attempt to send a message, in this process and after it. Other runs that tell the same transition
 * (a rollback to a revision that was told before) get other ids, or a receiver would take them for repetitions.
 */
export const messageId = (message: Message | DriftMessage, notifier: string): string =>
  `msg_${
    digest(message.delivery, revisionOf(message), message.state, notifier, message.run).slice("sha256:".length, 46)
  }`

const addressed = (message: Message | DriftMessage, notifiers: ReadonlyArray<string>): ReadonlyArray<Pending> =>
  notifiers.length === 0
    ? []
    : [{ message, to: notifiers.map((notifier) => ({ notifier, id: messageId(message, notifier) })) }]

/** Without the oldest of those that are more than `limit`. */
const bounded = (pending: ReadonlyArray<Pending>, limit: number, counts: (one: Pending) => boolean) => {
  const gone = new Set(pending.filter(counts).slice(0, -limit))
  return pending.filter((one) => !gone.has(one))
}

const isDrift = ({ message }: Pending): boolean => message.state === "drift"

/** The record with a transition told and its message waiting for the notifiers. */
export const tell = (
  outbox: Outbox,
  transition: Transition,
  message: Message,
  notifiers: ReadonlyArray<string>
): Outbox => ({
  ...outbox,
  told: transition.told,
  pending: bounded([...outbox.pending, ...addressed(message, notifiers)], most, (one) => !isDrift(one))
})

/** The record with what is known of the drift, and the messages about it waiting. What was told before stays as it is. */
export const tellDrift = (
  outbox: Outbox,
  drift: DriftDigest,
  messages: ReadonlyArray<DriftMessage>,
  notifiers: ReadonlyArray<string>
): Outbox => ({
  ...outbox,
  drift,
  pending: bounded(
    [...outbox.pending, ...messages.flatMap((message) => addressed(message, notifiers))],
    mostDrift,
    isDrift
  )
})

export const driftOf = ({ drift }: Outbox): DriftDigest => drift ?? nothing

/** What is to be sent next to a notifier. */
export const nextFor = (outbox: Outbox, notifier: string) => {
  for (const { message, to } of outbox.pending) {
    const found = to.find((recipient) => recipient.notifier === notifier)
    if (found !== undefined) return { message, id: found.id, thread: threadFor(outbox, notifier, message) }
  }
  return undefined
}

/** A message about drift stands for itself: it is news, and must not replace what the revision's message says. */
const threadFor = (outbox: Outbox, notifier: string, message: Message | DriftMessage): Thread | undefined => {
  const thread = message.state === "drift" ? undefined : outbox.threads[notifier]
  return thread !== undefined && thread.revision !== "" && thread.revision === revisionOf(message)
    ? { channel: thread.channel, ts: thread.ts }
    : undefined
}

/** The notifiers that something waits for. */
export const waiting = (outbox: Outbox): ReadonlyArray<string> => [
  ...new Set(outbox.pending.flatMap(({ to }) => to.map(({ notifier }) => notifier)))
]

/** The record without one message, sent or given up; with the place where it stands, if it was sent to one. */
export const settle = (outbox: Outbox, notifier: string, id: string, thread: Thread | undefined): Outbox => {
  const message = outbox.pending.find(({ to }) => to.some((recipient) => recipient.id === id))?.message
  return {
    ...outbox,
    pending: outbox.pending
      .map((pending) => ({ ...pending, to: pending.to.filter((recipient) => recipient.id !== id) }))
      .filter(({ to }) => to.length > 0),
    threads: thread === undefined || message === undefined || message.state === "drift"
      ? outbox.threads
      : { ...outbox.threads, [notifier]: { ...thread, revision: revisionOf(message) } }
  }
}
