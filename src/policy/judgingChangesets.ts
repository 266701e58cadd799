import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Decision } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { maskSecret } from "../domain/mask.ts"
import { admit } from "./admit.ts"
import { changesetInput, type Judged, lean, type Occasion } from "./changesetInput.ts"
import { aboutChange, type ChangesetJudges, type Locate, toldOfChangeset } from "./changesetPass.ts"
import type { Document } from "./Document.ts"
import { evaluate, notJudged } from "./evaluate.ts"
import { evidenceOf, noEffort } from "./evidence.ts"
import { judgeChanges } from "./gatekeeper/judgeChanges.ts"
import { toldOfReviews } from "./gatekeeper/reviews.ts"
import { maximumBytes } from "./protocol.ts"
import { passedBy, verdict } from "./verdict.ts"
import type { LoadedSet, Workers } from "./Workers.ts"

/** Changes as Gatekeeper's reviews know them. */
const changingOf = ({ changes }: Judged, key: string | Uint8Array) =>
  changes.map((change) => {
    const { action, after, before, manifest } = change
    return { action, before, after, sent: manifest && maskSecret(manifest.object, key), change }
  })

/** Judges changesets: each as one document, with 1 ms for each of its objects beside the deadline, and what happens to each object by Gatekeeper's constraints. */
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
    const { judging, policies } = judges
    const now = yield* Clock.currentTimeMillis
    const most = maximumBytes.changeset
    const isAsked = policies.some(({ rules }) => rules.includes("changeset"))
    const document = isAsked
      ? yield* changesetInput(changeset, occasion, options.maskingKey, now, most)
      : undefined
    const bounds = { now: BigInt(now) * 1_000_000n, deadline: (options.deadline ?? 2_000) + objects }
    const effort = noEffort()
    const judge = Effect.fnUntraced(function*(set: LoadedSet, documents: ReadonlyArray<Document>) {
      const [took, judged] = yield* Effect.timed(evaluate(workers, set, documents, bounds))
      effort.documents += documents.length
      effort.nanoseconds += Number(Duration.toNanosUnsafe(took))
      return judged
    })
    const judged = yield* judge(judges, document === undefined ? [] : [document])
    const findings = document !== undefined
      ? judged.get(document)?.findings ?? [notJudged]
      : isAsked
      ? [{ ...notJudged, message: `the changeset is larger than ${most} bytes` }]
      : []
    const told = toldOfChangeset(changeset, occasion, findings, locate)
    // What is put back alone is judged by what can be known of it alone.
    const whole = { dryRun: occasion.dryRun, areAll: occasion.trigger !== "drift" }
    const reviews = yield* judgeChanges(judges, changingOf(changeset, options.maskingKey), whole, judge)
    const reviewed = toldOfReviews(reviews, ({ change }, finding) => aboutChange(change, finding, locate))
    const passed = passedBy(judging, "changeset", findings) + reviewed.passed
    const decided = yield* verdict(judging, [...told, ...reviewed.told], { objects, passed })
    const counted = {
      judging,
      judged: { changeset: { documents: 1, told }, review: { documents: reviewed.asked, told: reviewed.told } },
      said: decided
    }
    const said = { ...decided, evidence: evidenceOf(digest(document?.json ?? changeset.digest), effort, counted) }
    return said.summary.denied > 0
      ? Decision.Denied<A>(said)
      : Decision.Passed<A>({ admitted: admit(lean(changeset)), ...said })
  })
