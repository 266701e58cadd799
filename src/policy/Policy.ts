import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { Artifact } from "../domain/Artifact.ts"
import { type Bundle, Decision, type PolicySet, type Violation } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { canonical, type JsonObject } from "../domain/Json.ts"
import type { Manifest, Rendered } from "../domain/Manifest.ts"
import { maskSecret } from "../domain/mask.ts"
import { type InvalidSpec, type PolicyError, PolicyUnavailable } from "../domain/StageError.ts"
import type { Programs } from "../programs/Programs.ts"
import { admit } from "./admit.ts"
import type { Judged, Occasion } from "./changesetInput.ts"
import { type ChangesetJudges, judgesOf, type Locate } from "./changesetPass.ts"
import { combinedDocument, toldOfAll } from "./combined.ts"
import { compiledBundles } from "./compiledBundles.ts"
import type { Document } from "./Document.ts"
import { documents } from "./documents.ts"
import { evaluate } from "./evaluate.ts"
import { type Effort, evidenceOf, inputOf, noEffort } from "./evidence.ts"
import { namespacesOf, type Review, reviewOf } from "./gatekeeper/review.ts"
import { ask, hasConstraints, inventories, toldOfReviews } from "./gatekeeper/reviews.ts"
import { judgingChangesets } from "./judgingChangesets.ts"
import { load } from "./load.ts"
import { loadBundle, type LoadedBundle } from "./loadBundle.ts"
import { aboutManifest, documentOf, toldOf } from "./objects.ts"
import { compiling } from "./previousSet.ts"
import type { Finding } from "./protocol.ts"
import * as Remembered from "./Remembered.ts"
import type { Rule } from "./Rule.ts"
import { type Judging, verdict } from "./verdict.ts"
import * as Workers from "./Workers.ts"

export interface Options {
  /** Where compiled policies are kept between processes. */
  readonly cacheDirectory: string
  /** Keys the HMACs that stand for values of Secrets: one for each installation, or for each run of `check`. */
  readonly maskingKey: string | Uint8Array
  /** Threads for policies that take their time, at most: 4, unless given. As long as all are quick, there is one. */
  readonly workers?: number
  /** Milliseconds that a batch may take, besides 5 for each object: 2,000, unless given. */
  readonly deadline?: number
}

/** The gate. It alone makes `Admitted`; whatever it cannot judge does not pass. */
export class Policy extends Context.Service<Policy, {
  /** The policies that judge this delivery at this revision. Read, not compiled. */
  readonly load: (delivery: Delivery, artifact: Artifact) => Effect.Effect<PolicySet, PolicyError>
  /** What a PolicyBundle judges by, compiled: of its repository's tree or, without one, of what comes with Sluice. */
  readonly bundle: (
    resource: PolicyBundle,
    artifact: Artifact | undefined
  ) => Effect.Effect<LoadedBundle, PolicyError | InvalidSpec>
  /** The rules of a bundle that report, compiled. */
  readonly rules: (bundle: Bundle) => Effect.Effect<ReadonlyArray<Rule>, PolicyError>
  /** The first pass: every rendered object, before any request to the cluster. */
  readonly objects: (
    set: PolicySet,
    rendered: Rendered
  ) => Effect.Effect<Decision<ReadonlyArray<Manifest>>, PolicyError>
  /**
   * What rules deny of some objects: those about single objects of `each`; and of all that stand beside them, where these
   * are given and rules ask for all at once, `together`.
   */
  readonly denials: (
    set: PolicySet,
    manifests: ReadonlyArray<Manifest>,
    all?: () => ReadonlyArray<Manifest>
  ) => Effect.Effect<
    { readonly each: ReadonlyArray<Violation>; readonly together: ReadonlyArray<Violation> },
    PolicyError
  >
  /** Those of a set that judge changesets, compiled; undefined where no rule does: then the second pass costs nothing. */
  readonly judges: (set: PolicySet) => Effect.Effect<ChangesetJudges | undefined, PolicyError>
  /**
   * The second pass: what would change, before the first write. A function of what it is given and of the time, which it
   * says to the policies once. `locate` finds the line of a field.
   */
  readonly changeset: <A extends Judged>(
    judges: ChangesetJudges | undefined,
    changeset: A,
    occasion: Occasion,
    locate?: Locate
  ) => Effect.Effect<Decision<A>, PolicyError>
}>()("sluice/policy/Policy") {
  static readonly layer = (options: Options) => Layer.effect(Policy, make(options))
}

const notJudged: Finding = { bundle: 0, message: "it was not judged", isError: true, isAbandoned: true }

const renderedOf = (manifests: ReadonlyArray<Manifest>): Rendered => ({
  manifests,
  closure: "",
  locate: ({ origin }) => Effect.succeed(origin)
})

const asksForAll = (judging: ReadonlyArray<Judging>): boolean =>
  judging.some(({ rules }) => rules.some(({ judges }) => judges === "combined"))

const make = Effect.fnUntraced(function*(options: Options) {
  const services = yield* Effect.context<
    FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner | Programs
  >()
  const scope = yield* Effect.scope
  const workers = yield* Workers.make(options.workers ?? 4)
  const remembered = Remembered.make()
  const compiledBundle = yield* compiledBundles(options.cacheDirectory)

  /** The set as workers take it; compiled here, if `load` did not get round to it yet. */
  const prepare = Effect.fnUntraced(function*(set: PolicySet) {
    const judging: Array<Judging> = []
    const compiled: Array<Effect.Success<ReturnType<typeof compiledBundle>>> = []
    for (const bundle of set.bundles) {
      const one = yield* Effect.mapError(compiledBundle(bundle), compiling(bundle))
      judging.push({ bundle, rules: one.rules, names: one.names, ofRepository: set.waivers })
      compiled.push(one)
    }
    /** With what templates look for among objects; the same set with another inventory goes by another name. */
    const loadedWith = (name: string, inventories: ReadonlyArray<JsonObject | undefined>): Workers.LoadedSet => ({
      digest: name,
      policies: compiled.map(({ data, module, rules }, bundle) => ({
        module,
        rules: rules.map(({ judges }) => judges),
        data: documents(data, { bundle, parameters: set.bundles[bundle]!.parameters, inventory: inventories[bundle] })
      }))
    })
    return {
      judging,
      loaded: loadedWith(set.digest, []),
      loadedAmong: (objects: ReadonlyArray<JsonObject>) => {
        const found = inventories(judging, objects)
        const name = digest(set.digest, ...found.map((one) => one === undefined ? "" : canonical(one)))
        return loadedWith(name, found)
      }
    }
  })

  const judge = Effect.fnUntraced(
    function*(loaded: Workers.LoadedSet, documents: ReadonlyArray<Document>, effort: Effort) {
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
    loaded: Workers.LoadedSet,
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
    { judging, loadedAmong }: Effect.Success<ReturnType<typeof prepare>>,
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
    function*(prepared: Effect.Success<ReturnType<typeof prepare>>, rendered: Rendered, effort: Effort, areAll = true) {
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
    function*(judging: ReadonlyArray<Judging>, loaded: Workers.LoadedSet, rendered: Rendered, effort: Effort) {
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

  const changeset = judgingChangesets(workers, options)

  return Policy.of({
    load: Effect.fnUntraced(function*(delivery, artifact) {
      const set = yield* load(delivery, artifact)
      if (set.bundles.length > 0) {
        // Compiling and starting a thread take as long as rendering: they go on meanwhile, and `objects` tells errors.
        yield* workers.warm
        yield* Effect.forEach(set.bundles, compiledBundle, { discard: true }).pipe(Effect.ignore, Effect.forkIn(scope))
      }
      return set
    }),
    bundle: Effect.fnUntraced(function*(resource, artifact) {
      const bundle = yield* Effect.provide(loadBundle(resource, artifact), services)
      yield* workers.warm
      const { rules } = yield* compiledBundle(bundle)
      const policies = [...new Set(rules.map(({ policy }) => policy))].sort()
      if (policies.length === 0) {
        return yield* new PolicyUnavailable({
          detail: "none of its rules reports anything",
          hint: "Rules that report are named deny, violation or warn."
        })
      }
      return { bundle, policies }
    }),
    rules: (bundle) => Effect.map(compiledBundle(bundle), ({ rules }) => rules),
    objects,
    denials: Effect.fnUntraced(function*(set, manifests, all) {
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
    }),
    judges: Effect.fnUntraced(function*(set) {
      const { judging, loaded } = yield* prepare(set)
      return judgesOf(loaded.digest, judging, loaded.policies)
    }),
    changeset
  })
})
