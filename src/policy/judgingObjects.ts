import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Decision, type PolicySet, type Violation } from "../domain/Decision.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest, Rendered } from "../domain/Manifest.ts"
import { maskSecret } from "../domain/mask.ts"
import { admit } from "./admit.ts"
import { combinedDocument, toldOfAll } from "./combined.ts"
import type { Document } from "./Document.ts"
import { evaluate, notJudged } from "./evaluate.ts"
import { type Effort, evidenceOf, inputOf, noEffort } from "./evidence.ts"
import { namespacesOf, type Review, reviewOf } from "./gatekeeper/review.ts"
import { ask, hasConstraints, toldOfReviews } from "./gatekeeper/reviews.ts"
import { aboutManifest, documentOf, renderedOf, toldOf } from "./objects.ts"
import type { Prepare, Prepared } from "./preparing.ts"
import type { Finding } from "./protocol.ts"
import * as Remembered from "./Remembered.ts"
import { type Judging, verdict } from "./verdict.ts"
import type { LoadedSet, Workers } from "./Workers.ts"

const asksForAll = (judging: ReadonlyArray<Judging>): boolean =>
  judging.some(({ rules }) => rules.some(({ judges }) => judges === "combined"))

/** Judges rendered objects: each alone, all together, and each as Gatekeeper's constraints would see it made. */
export const judgingObjects = (
  workers: Workers,
  prepare: Prepare,
  options: { readonly maskingKey: string | Uint8Array; readonly deadline?: number }
) => {
  const remembered = Remembered.make()

  const judge = Effect.fnUntraced(
    function*(loaded: LoadedSet, documents: ReadonlyArray<Document>, effort: Effort) {
      const now = BigInt(yield* Clock.currentTimeMillis) * 1_000_000n
      const judging = evaluate(workers, loaded, documents, { now, deadline: options.deadline })
      const [took, judged] = yield* Effect.timed(judging)
      effort.documents += documents.length
      effort.nanoseconds += Number(Duration.toNanosUnsafe(took))
      return judged
    }
  )

  /** Each document by itself; what was judged before by the same text is not judged again. */
  const judgeEach = Effect.fnUntraced(function*<A extends { readonly json: string }>(
    loaded: LoadedSet,
    subjects: ReadonlyArray<A>,
    toDocument: (subject: A) => Document,
    effort: Effort
  ) {
    const now = yield* Clock.currentTimeMillis
    const findings = new Map<A, ReadonlyArray<Finding>>()
    const waiting: Array<{ subject: A; document: Document; key: string }> = []
    for (const subject of loaded.policies.length === 0 ? [] : subjects) {
      const key = Remembered.keyOf(loaded.digest, subject.json)
      const known = remembered.get(key, now)
      if (known === undefined) waiting.push({ subject, key, document: toDocument(subject) })
      else findings.set(subject, known)
    }
    const judged = yield* judge(loaded, waiting.map(({ document }) => document), effort)
    for (const { document, key, subject } of waiting) {
      const judgement = judged.get(document)
      if (judgement === undefined) continue
      findings.set(subject, judgement.findings)
      remembered.set(key, judgement, now)
    }
    return findings
  })

  /** Operations on objects, by Gatekeeper's constraints; `objects` is what their templates look around in. */
  const judgeReviews = Effect.fnUntraced(function*<A>(
    { judging, loadedAmong }: Prepared,
    reviews: ReadonlyMap<A, Review>,
    objects: ReadonlyArray<JsonObject>,
    effort: Effort,
    areAll: boolean
  ) {
    const asked = [...reviews].map(([subject, review]) => ({ subject, asked: ask(judging, review, areAll) }))
    const wanted = asked.flatMap(({ asked: { document } }) => document ?? [])
    const judged = wanted.length === 0
      ? new Map<Document, ReadonlyArray<Finding>>()
      : yield* judgeEach(loadedAmong(objects), wanted, (document) => document, effort)
    return asked.map(({ asked: { document, doubts, rules }, subject }) => ({
      subject,
      rules,
      findings: [...doubts, ...document === undefined ? [] : judged.get(document) ?? [notJudged]]
    }))
  })

  /** Gatekeeper's constraints on rendered objects, all of the revision's or some: whether they are there is not known yet. */
  const judgeCreation = Effect.fnUntraced(
    function*(prepared: Prepared, rendered: Rendered, effort: Effort, areAll = true) {
      if (!hasConstraints(prepared.judging)) return { told: [], passed: 0, asked: new Map<string, number>() }
      const objects = rendered.manifests.map((manifest) => maskSecret(manifest.object, options.maskingKey))
      const namespaces = namespacesOf(objects)
      const reviews = new Map(rendered.manifests.map((manifest, index) => [
        manifest,
        reviewOf({ operation: "CREATE", object: objects[index]! }, namespaces)
      ]))
      const judged = yield* judgeReviews(prepared, reviews, objects, effort, areAll)
      return toldOfReviews(judged, (manifest, finding) => aboutManifest(rendered, manifest, finding))
    }
  )

  /** All objects at once, for the rules that ask for that. */
  const judgeAll = Effect.fnUntraced(
    function*(judging: ReadonlyArray<Judging>, loaded: LoadedSet, rendered: Rendered, effort: Effort) {
      if (!asksForAll(judging)) return { told: [], passed: 0 }
      const document = combinedDocument(rendered, options.maskingKey)
      const judged = yield* judge(loaded, [document], effort)
      return toldOfAll(judging, judged.get(document)?.findings ?? [notJudged])
    }
  )

  const objects = Effect.fn("Policy.objects")(function*(set: PolicySet, rendered: Rendered) {
    const prepared = yield* prepare(set)
    const { judging, loaded } = prepared
    const effort = noEffort()
    const found = yield* judgeEach(loaded, rendered.manifests, (one) => documentOf(one, options.maskingKey), effort)
    const each = toldOf(judging, rendered, found)
    const all = yield* judgeAll(judging, loaded, rendered, effort)
    const reviewed = yield* judgeCreation(prepared, rendered, effort)
    const counts = { objects: rendered.manifests.length, passed: each.passed + all.passed + reviewed.passed }
    const decided = yield* verdict(judging, [...each.told, ...all.told, ...reviewed.told], counts)
    const judged = {
      object: { documents: rendered.manifests.length, told: each.told },
      combined: { documents: 1, told: all.told },
      review: { documents: reviewed.asked, told: reviewed.told }
    }
    const input = inputOf(rendered, options.maskingKey)
    const said = { ...decided, evidence: evidenceOf(input, effort, { judging, judged, said: decided }) }
    return said.summary.denied > 0
      ? Decision.Denied<ReadonlyArray<Manifest>>(said)
      : Decision.Passed<ReadonlyArray<Manifest>>({ admitted: admit(rendered.manifests), ...said })
  })

  const denials = Effect.fnUntraced(function*(
    set: PolicySet,
    manifests: ReadonlyArray<Manifest>,
    all?: () => ReadonlyArray<Manifest>
  ) {
    const prepared = yield* prepare(set)
    const { judging, loaded } = prepared
    const rendered = renderedOf(manifests)
    const effort = noEffort()
    const found = yield* judgeEach(loaded, manifests, (one) => documentOf(one, options.maskingKey), effort)
    const { passed, told } = toldOf(judging, rendered, found)
    const reviewed = yield* judgeCreation(prepared, rendered, effort, false)
    const counts = { objects: manifests.length, passed: passed + reviewed.passed }
    const { violations } = yield* verdict(judging, [...told, ...reviewed.told], counts)
    const together = all === undefined || !asksForAll(judging)
      ? []
      : (yield* judgeAll(judging, loaded, renderedOf(all()), effort)).told
    const ofAll = yield* verdict(judging, together, { objects: 0, passed: 0 })
    const denied = (found: ReadonlyArray<Violation>) => found.filter(({ severity }) => severity === "deny")
    return { each: denied(violations), together: denied(ofAll.violations) }
  })

  return { objects, denials }
}
