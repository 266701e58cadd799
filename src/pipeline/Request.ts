/** Why a run starts. A request carries no payload: whoever is woken reads the desired state again. */
export type Why =
  | "started"
  | "interval"
  | "webhook"
  | "spec"
  | "drift"
  | "dependency"
  | "freed"
  | "policy"
  | "secret"
  | "manual"
  | "retry"

/** Asks one lane to look at its source and its cluster again. Requests merge: none can be lost, none is counted. */
export interface Request {
  readonly why: Why
}

/** Whether a delivery whose last run did not end well is tried again at once, and not when its next try is due. */
const insisting: ReadonlyArray<Why> = ["manual", "started", "spec", "secret", "policy", "dependency", "freed", "drift"]

/** Requests that came since the last look, or that no look has answered yet: one look answers all of them. */
export interface Asked {
  /** The reason that is told. */
  readonly why: Why
  readonly insists: boolean
  readonly has: (why: Why) => boolean
}

/** `owed` is what looks that failed were asked for: it counts, and what came since is told. */
export const merged = (since: ReadonlySet<Why>, owed: ReadonlySet<Why> = new Set()): Asked => {
  const all = new Set([...since, ...owed])
  const [any = "interval"] = since
  return {
    why: insisting.find((why) => since.has(why)) ?? any,
    insists: insisting.some((why) => all.has(why)),
    has: (why) => all.has(why)
  }
}
