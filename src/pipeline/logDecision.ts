import * as Effect from "effect/Effect"
import { decisionLine } from "../domain/decisionLog.ts"
import type { RunEvent } from "../domain/Outcome.ts"
import { Redactions } from "../domain/redact.ts"
import { format } from "../domain/Revision.ts"

export type PolicyDecided = RunEvent & { readonly _tag: "PolicyDecided" }

/** One line for a decision, in the field names of OPA's decision log. */
export const logDecision = Effect.fnUntraced(function*(
  level: "Info" | "Debug",
  { delivery, record, revision, run }: PolicyDecided
) {
  const redactions = yield* Redactions
  const line = decisionLine(record, {
    delivery,
    run,
    revision: revision && format(revision),
    redact: (text) => redactions.redact(text)
  })
  yield* Effect.annotateLogs(Effect.logWithLevel(level)("decision"), line)
})
