import type { Message } from "./Message.ts"
import { nameOf, namespaceOf } from "./phrases.ts"

/** What a message names one by one; the rest is counted. */
const named = 20

/** One message instead of many: deliveries that fail, or recovered, for one reason. It stands in no record. */
export interface ManyMessage {
  readonly state: "failed" | "recovered"
  readonly cluster: string | undefined
  readonly namespace: string
  /** Milliseconds since the epoch: of the oldest of them. */
  readonly time: number
  /** The first names. */
  readonly deliveries: ReadonlyArray<string>
  readonly count: number
  /** Of one of them; the others have the same reason. */
  readonly error: Message["error"] | undefined
  /** No run of theirs can start. */
  readonly isHeld: boolean
}

/** Under what a message may be told together with others; undefined for one that stands for itself. */
export const sameness = ({ changes, error, isHeld, state }: Message): string | undefined =>
  isHeld === true
    ? `held ${error?.message}`
    : state === "failed" && error?.class === "transient" && changes === undefined
    ? `failed ${error.reason}`
    : state === "recovered" && changes === undefined
    ? "recovered"
    : undefined

/** Tells messages of one sameness and one namespace as one. */
export const ofMessages = (first: Message, all: ReadonlyArray<Message>): ManyMessage => ({
  state: first.state === "recovered" ? "recovered" : "failed",
  cluster: first.cluster,
  namespace: namespaceOf(first),
  time: Math.min(...all.map(({ time }) => time)),
  deliveries: all.slice(0, named).map(nameOf),
  count: all.length,
  error: first.error,
  isHeld: first.isHeld === true
})
