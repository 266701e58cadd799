import * as Effect from "effect/Effect"
import { digest } from "../../domain/digest.ts"
import { canonical, type JsonObject } from "../../domain/Json.ts"
import type { Document } from "../Document.ts"
import type { Finding } from "../protocol.ts"
import type { Judging } from "../verdict.ts"
import type { LoadedSet } from "../Workers.ts"
import { changeReviews, type Changing, ofChange } from "./changes.ts"
import { namespacesOf } from "./review.ts"
import { ask, hasConstraints, inventories } from "./reviews.ts"

/** Compiled policies, and what is known of their bundles. */
interface Judges extends LoadedSet {
  readonly judging: ReadonlyArray<Judging>
}

interface Occasion {
  readonly dryRun: boolean
  /** Whether these are all changes of a revision: what needs the other objects is left out where they are not. */
  readonly areAll: boolean
}

/** What constraints found of a change. */
export interface ChangeJudged<A> {
  readonly subject: A
  readonly rules: ReadonlyArray<string>
  readonly findings: ReadonlyArray<Finding>
}

const notJudged: Finding = { bundle: 0, message: "it was not judged", isError: true }

const isThere = (object: JsonObject | undefined): object is JsonObject => object !== undefined

/** The objects that would be there: templates look for others among them. */
const future = (changes: ReadonlyArray<Changing>): ReadonlyArray<JsonObject> =>
  changes.map(({ action, after, sent }) => action === "delete" ? undefined : after ?? sent).filter(isThere)

/** The Namespaces that are, and those that would be. */
const namespaces = (changes: ReadonlyArray<Changing>) =>
  namespacesOf([...changes.map(({ before }) => before).filter(isThere), ...future(changes)])

/**
 * Gatekeeper's constraints on what would happen to objects that are there, by `judge`: evaluates documents by compiled
 * policies. Empty where there are no constraints, or nothing happens to any such object.
 */
export const judgeChanges = Effect.fnUntraced(function*<A extends Changing, E, R>(
  { judging, ...loaded }: Judges,
  changes: ReadonlyArray<A>,
  { areAll, dryRun }: Occasion,
  judge: (
    set: LoadedSet,
    documents: ReadonlyArray<Document>
  ) => Effect.Effect<ReadonlyMap<Document, { readonly findings: ReadonlyArray<Finding> }>, E, R>
) {
  if (!hasConstraints(judging)) return []
  const known = namespaces(changes)
  const asked = changes.flatMap((subject) => {
    const reviews = changeReviews(subject, known, dryRun)
    return reviews === undefined
      ? []
      : [{ subject, change: ask(judging, reviews.review, areAll), made: ask(judging, reviews.asMade, areAll) }]
  })
  const documents = asked.flatMap(({ change, made }) => [change.document ?? [], made.document ?? []].flat())
  if (documents.length === 0 && asked.every(({ change }) => change.doubts.length === 0)) return []
  const found = inventories(judging, future(changes))
  const set: LoadedSet = {
    digest: digest(loaded.digest, "changes", ...found.map((one) => one === undefined ? "" : canonical(one))),
    policies: loaded.policies.map((policy, index) => ({
      ...policy,
      given: { bundle: index, parameters: policy.given.parameters, inventory: found[index] }
    }))
  }
  const judged = yield* judge(set, documents)
  const findingsOf = (document: Document | undefined) =>
    document === undefined ? [] : judged.get(document)?.findings ?? [notJudged]
  return asked.map(({ change, made, subject }): ChangeJudged<A> => ({
    subject,
    rules: change.rules,
    findings: [...change.doubts, ...ofChange(findingsOf(change.document), findingsOf(made.document))]
  }))
})
