import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Decision } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { admit } from "./admit.ts"
import { changesetInput, type Judged, lean, type Occasion } from "./changesetInput.ts"
import { type ChangesetJudges, type Locate, toldOfChangeset } from "./changesetPass.ts"
import { evaluate } from "./evaluate.ts"
import { evidenceOf } from "./evidence.ts"
import { type Finding, maximumBytes } from "./protocol.ts"
import { passedBy, verdict } from "./verdict.ts"
import type { Workers } from "./Workers.ts"

const notJudged: Finding = { bundle: 0, message: "it was not judged", isError: true, isAbandoned: true }

/** Judges changesets: each as one document, with 1 ms for each of its objects beside the deadline. */
export const judgingChangesets = (
  workers: Workers,
  options: { readonly maskingKey: string | Uint8Array; readonly deadline?: number }
) =>
  Effect.fn("Policy.changeset")(function*<A extends Judged>(
    judges: ChangesetJudges | undefined,
    changeset: A,
    occasion: Occasion,
    locate?: Locate
  ) {
    const objects = changeset.changes.length
    if (judges === undefined) {
      const summary = { objects, passed: 0, warned: 0, denied: 0, waived: 0 }
      return Decision.Passed<A>({ admitted: admit(changeset), violations: [], waived: [], summary })
    }
    const { judging } = judges
    const now = yield* Clock.currentTimeMillis
    const most = maximumBytes.changeset
    const document = yield* changesetInput(changeset, occasion, options.maskingKey, now, most)
    const bounds = { now: BigInt(now) * 1_000_000n, deadline: (options.deadline ?? 2_000) + objects }
    const documents = document === undefined ? [] : [document]
    const [took, judged] = yield* Effect.timed(evaluate(workers, judges, documents, bounds))
    const findings = document === undefined
      ? [{ ...notJudged, message: `the changeset is larger than ${most} bytes` }]
      : judged.get(document)?.findings ?? [notJudged]
    const told = toldOfChangeset(changeset, occasion, findings, locate)
    const decided = yield* verdict(judging, told, { objects, passed: passedBy(judging, "changeset", findings) })
    const effort = { documents: documents.length, nanoseconds: Number(Duration.toNanosUnsafe(took)) }
    const counted = { judging, judged: { changeset: { documents: 1, told } }, said: decided }
    const said = { ...decided, evidence: evidenceOf(digest(document?.json ?? ""), effort, counted) }
    return said.summary.denied > 0
      ? Decision.Denied<A>(said)
      : Decision.Passed<A>({ admitted: admit(lean(changeset)), ...said })
  })
