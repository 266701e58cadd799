import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { PolicySet } from "../domain/Decision.ts"
import { at, type Json } from "../domain/Json.ts"
import { oneLine } from "../domain/plainText.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { ChangesetDocument } from "../policy/ChangesetDocument.ts"
import { Policy } from "../policy/Policy.ts"
import { type CheckReport, merge, ofObjects, ofVerdict } from "./CheckReport.ts"
import { decode } from "./decode.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { type YamlDocument, yamlDocuments } from "./yamlDocuments.ts"

const group = "policy.sluice.dev/"
/** Nanoseconds since 1970, as far as `time.now_ns()` can count. */
const latest = 2 ** 63

/** Most files need not be parsed to know that they hold none. */
const mayBe = /(?:^|[{,])\s*["']?apiVersion["']?\s*:\s*["']?policy\.sluice\.dev\//mu

/** What a file holds that is given as changesets to judge; undefined where it holds none. */
export const changesetsIn = (file: string, text: string): ReturnType<typeof yamlDocuments> | undefined => {
  if (!mayBe.test(text)) return undefined
  const found = yamlDocuments(file, text)
  const isOne = ({ value }: YamlDocument) => String(at(value as Json, "apiVersion")).startsWith(group)
  return found.errors.length > 0 || found.documents.some(isOne) ? found : undefined
}

const decoded = (document: YamlDocument) => {
  const result = decode(ChangesetDocument, document)
  if (Result.isFailure(result)) return { problems: result.failure }
  const { evaluatedAtNs } = result.success.changeset
  if (Number.isInteger(evaluatedAtNs) && Math.abs(evaluatedAtNs) < latest) return { document: result.success }
  const detail = "changeset.evaluatedAtNs: is no time in nanoseconds since 1970"
  const origin = document.place(["changeset", "evaluatedAtNs"])
  return { problems: [InvalidSpec.make({ detail, hint: "Mend the Changeset.", origin })] }
}

/** Judges every changeset of a file by the rules for changesets; one that is none is told with its field. */
export const checkChangesets = Effect.fnUntraced(function*(
  file: string,
  { documents, errors }: ReturnType<typeof yamlDocuments>,
  set: PolicySet
) {
  const all = documents.map((one) => ({ place: one.place, ...decoded(one) }))
  const problems = [...errors, ...all.flatMap(({ problems = [] }) => problems)]
  if (problems.length > 0) return yield* new Failures({ errors: problems })
  const policy = yield* Policy
  const judges = yield* policy.judges(set)
  if (judges === undefined || !judges.policies.some(({ rules }) => rules.includes("changeset"))) {
    if (set.bundles.length > 0) {
      yield* print.warning(
        `${oneLine(file, 1_000)}: none of the policies judges changesets, so nothing was judged`,
        "sluice policy new NAME --changeset makes one that does."
      )
    }
    return merge(all.map(({ document }) => ofObjects(document?.operations.length ?? 0)))
  }
  const reports: Array<CheckReport> = []
  for (const { document, place } of all) {
    if (document !== undefined) reports.push(ofVerdict(yield* policy.sample(judges, { document, place })))
  }
  return merge(reports)
})
