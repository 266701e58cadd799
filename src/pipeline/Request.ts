/** Why a run starts. A request carries no payload: whoever is woken reads the desired state again. */
export type Why =
  | "started"
  | "interval"
  | "webhook"
  | "spec"
  | "drift"
  | "dependency"
  | "policy"
  | "secret"
  | "manual"
  | "retry"

/** Asks one lane to look at its source and its cluster again. Requests merge: none can be lost, none is counted. */
export interface Request {
  readonly why: Why
}

/** Whether a delivery whose last run did not end well is tried again at once, and not when its next try is due. */
const insisting: ReadonlyArray<Why> = ["manual", "started", "spec", "secret", "policy", "dependency", "drift"]

/** Requests that came since the last look: one look answers all of them. */
export interface Asked {
  /** The reason that is told. */
  readonly why: Why
  readonly insists: boolean
  readonly has: (why: Why) => boolean
}

export const merged = (since: ReadonlySet<Why>): Asked => {
  const reasons = new Set(since)
  const first = insisting.find((why) => reasons.has(why))
  const [any = "interval"] = reasons
  return { why: first ?? any, insists: first !== undefined, has: (why) => reasons.has(why) }
}
