import type { DriftMessage } from "./DriftMessage.ts"
import { driftWording } from "./driftWording.ts"
import type { ManyMessage } from "./ManyMessage.ts"
import { manyWording } from "./manyWording.ts"
import type { Message } from "./Message.ts"
import type { RichText } from "./richText.ts"
import { runWording } from "./runWording.ts"
import type { State } from "./transition.ts"

/** Everything that a chat can be told. */
export type ChatMessage = Message | DriftMessage | ManyMessage

/** A message in words and links, in no sink's notation yet. */
export interface Wording {
  /** What a sink chooses its icon and colour by; never the only signal. */
  readonly look: State | "reverted" | "noticed" | "fighting" | "calm"
  /** State, delivery, revision, consequence. */
  readonly headline: RichText
  /** How far the run came. */
  readonly stages?: RichText | undefined
  /** What the other side said, to be shown as it is. */
  readonly why?: string | undefined
  readonly whatToDo?: RichText | undefined
  /** Violations or changes, one by one. */
  readonly items: ReadonlyArray<{ readonly title: RichText; readonly lines: ReadonlyArray<RichText> }>
  /** Of all, also those that the message does not name. */
  readonly itemCount: number
  readonly facts: ReadonlyArray<{ readonly title: string; readonly value: RichText }>
  /** Who, and where. */
  readonly context: ReadonlyArray<RichText>
  /** What to do if it was meant so. */
  readonly hint?: RichText | undefined
  readonly commitUrl: string | undefined
}

/** Says a message: the one wording that all sinks share. */
export const wording = (message: ChatMessage): Wording =>
  "findings" in message
    ? driftWording(message)
    : "deliveries" in message
    ? manyWording(message)
    : runWording(message)
