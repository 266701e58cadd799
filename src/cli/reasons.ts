import { errorPage, type StageError } from "../domain/StageError.ts"

const isError = (reason: string): reason is StageError["_tag"] => Object.hasOwn(errorPage, reason)

/** What would help where Ready says this reason; undefined where nothing is wrong, or where we do not know it. */
export const helpOf = (reason: string): string | undefined =>
  isError(reason)
    ? errorPage[reason].help
    : reason === "PolicyDenied"
    ? "Mend what the policies name and push; sluice check says the same before that."
    : reason === "NotifyFailed"
    ? "Compare the address in the Notifier's Secret, and its channel, with what the chat has."
    : undefined

/** The stage whose error a reason is. */
export const stageOf = (reason: string): string | undefined =>
  isError(reason)
    ? errorPage[reason].stage
    : reason === "PolicyDenied"
    ? "policy"
    : reason === "NotifyFailed"
    ? "notify"
    : undefined

const next = {
  transient: "tried again by itself, with growing pauses of up to 5 minutes",
  stalled: "waits for a new revision or a change of the Delivery; tried again at the slow interval",
  blocked: "waits for a person"
}

/** What happens next after this reason. */
export const nextOf = (reason: string): string | undefined =>
  reason === "PolicyUnavailable"
    ? "waits for a new revision or a change of the Delivery or of its PolicyBundles; tried again at the slow interval"
    : isError(reason)
    ? next[errorPage[reason].class]
    : reason === "PolicyDenied"
    ? "waits for a new revision, or for a change of its policies"
    : reason === "NotifyFailed"
    ? "a message that may yet arrive is tried again for a day; one that was refused for good is dropped"
    : undefined

const whys: Readonly<Record<string, string>> = {
  started: "the agent started",
  interval: "the source was looked at, as it is at every interval",
  webhook: "the Git host said that something was pushed",
  spec: "the Delivery was changed",
  drift: "somebody changed what it owns",
  dependency: "a Delivery that it waits for became ready",
  policy: "a PolicyBundle was changed",
  secret: "a Secret or ConfigMap that it reads was changed",
  manual: "somebody asked for it",
  retry: "the try before had failed"
}

/** Why a run started, for people. */
export const because = (why: string): string => Object.hasOwn(whys, why) ? whys[why]! : why
