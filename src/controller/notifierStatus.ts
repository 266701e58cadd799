import type { PlainStatus } from "../api/v1alpha1/DeliveryStatus.ts"
import type { Reason } from "../domain/StageError.ts"
import type { SendFailed } from "../notify/SendFailed.ts"
import { type Claim, conditionOf, no, withConditions, yes } from "./conditions.ts"
import { line } from "./words.ts"

/** What the status of a Notifier is made of. */
export interface NotifierFacts {
  readonly generation: number
  /** RFC 3339. */
  readonly now: string
  /** Sees every text of somebody else's before it is cut to size. */
  readonly redact: (text: string) => string
  /** What cannot be read of it. */
  readonly problems: ReadonlyArray<string>
  /** What its Secret lacks. */
  readonly lacks: SendFailed | undefined
  /** What its sink answered since something was last said of it. */
  readonly answer: "sent" | SendFailed | undefined
  /** Whether it was looked at here, so that nothing is known against it where nothing was found. */
  readonly isSeen: boolean
  /** Whether its Secret has changed since its sink answered. */
  readonly isRenewed: boolean
}

/** What would help. */
const remedies: Readonly<Record<NonNullable<SendFailed["reason"]>, string>> = {
  InvalidSpec: "Mend it, or its Secret: what waits is sent then.",
  AccessDenied: "Grant get, list and watch on this Secret to the account of the Delivery.",
  AuthFailed: "Put what it takes into its Secret; what was refused is not sent again.",
  NotifyFailed: "Compare the address in its Secret, and its channel, with what the chat has."
}
const mend = "Mend the fields that are named; `kubectl explain notifier.spec` lists them."

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const claimOf = ({ reason = "NotifyFailed", why }: SendFailed, facts: NotifierFacts): Claim => {
  const said = line(capitalised(why), facts, 700)
  return no(reason, `${said}${/[.!?…]$/u.test(said) ? "" : "."} ${remedies[reason]}`)
}

/** What only its sink can have said: that is so until it takes something, or is to be told with something else. */
const answers: ReadonlySet<string> = new Set<Reason>(["AuthFailed", "NotifyFailed"])

/** Before the first colon are our words; behind it are the sink's, which may be others each time. */
const gist = (message: string): string => message.split(":", 1)[0]!

const claim = (before: PlainStatus, facts: NotifierFacts): Claim | undefined => {
  const { answer, isRenewed, isSeen, lacks, problems } = facts
  if (problems.length > 0) return isSeen ? no("InvalidSpec", line(`${problems.join("; ")}. ${mend}`, facts)) : undefined
  if (lacks !== undefined) return claimOf(lacks, facts)
  const ready = conditionOf(before, "Ready")
  const isCurrent = ready?.observedGeneration === facts.generation
  if (answer !== undefined && answer !== "sent") {
    const said = claimOf(answer, facts)
    const isSaid = isCurrent && ready?.reason === said.reason && gist(ready.message) === gist(said.message)
    return isSaid ? undefined : said
  }
  const stands = isCurrent && answers.has(ready?.reason ?? "") && !isRenewed
  const isWell = answer === "sent" || isSeen && !stands
  return isWell ? yes("Succeeded", "Nothing is known against it") : undefined
}

/** What is said of a Notifier; the same object where that is what it says already, or nothing is known. */
export const notifierStatus = (before: PlainStatus, facts: NotifierFacts): PlainStatus => {
  const Ready = claim(before, facts)
  return Ready === undefined ? before : withConditions(before, { Ready }, facts)
}
