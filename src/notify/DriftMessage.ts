import * as Schema from "effect/Schema"
import { Revision } from "../domain/Revision.ts"
import { type DriftDigest, Finding, type Saying } from "./driftDigest.ts"

/** What people are told of somebody else's changes. Field paths, never values. Stands in the outbox like a `Message`. */
export const DriftMessage = Schema.Struct({
  state: Schema.Literal("drift"),
  /** Changes that were taken back or noticed; or a fight that began, goes on, or is over. */
  phase: Schema.Literals(["changes", "fighting", "still fighting", "over"] satisfies ReadonlyArray<Saying["phase"]>),
  /** `<namespace>/<name>`. */
  delivery: Schema.String,
  cluster: Schema.optionalKey(Schema.String),
  /** Milliseconds since the epoch: when it is told, and when the first of it was seen. */
  time: Schema.Finite,
  since: Schema.Finite,
  /** Keeps apart what is told of one delivery at different times. */
  run: Schema.String,
  /** The repository, for links. */
  url: Schema.String,
  revision: Schema.optionalKey(Revision),
  findings: Schema.Array(Finding),
  /** All changes, also of what is not named. */
  changes: Schema.Int,
  more: Schema.Int
})
export type DriftMessage = typeof DriftMessage.Type

/** A message about what is due. */
export const ofSaying = (options: {
  readonly saying: Saying
  readonly digest: DriftDigest
  readonly delivery: string
  readonly cluster: string | undefined
  readonly time: number
}): DriftMessage => {
  const { cluster, delivery, digest: { revision, url }, saying: { at, ...said }, time } = options
  return {
    ...said,
    state: "drift",
    delivery,
    ...cluster === undefined ? {} : { cluster },
    time,
    run: `${said.phase} ${at}`,
    url,
    ...revision === undefined ? {} : { revision }
  }
}
