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
export const insists = (why: Why): boolean => why !== "interval" && why !== "webhook" && why !== "retry"
