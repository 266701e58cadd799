import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Bundle, Decision, PolicySet, Verdict, Violation } from "../domain/Decision.ts"
import type { Manifest, Rendered } from "../domain/Manifest.ts"
import type { InvalidSpec, PolicyError } from "../domain/StageError.ts"
import type { Programs } from "../programs/Programs.ts"
import type { Judged, Occasion } from "./changesetInput.ts"
import { type ChangesetJudges, judgesOf, type Locate } from "./changesetPass.ts"
import { compiledBundles } from "./compiledBundles.ts"
import { judgingChangesets } from "./judgingChangesets.ts"
import { judgingObjects } from "./judgingObjects.ts"
import { judgingSamples, type Sample } from "./judgingSamples.ts"
import { load } from "./load.ts"
import { loadBundle, type LoadedBundle } from "./loadBundle.ts"
import { preparing } from "./preparing.ts"
import type { Rule } from "./Rule.ts"
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
  /** What the rules on changesets say of one that somebody has written down, at its own time. It lets nothing through. */
  readonly sample: (judges: ChangesetJudges, sample: Sample) => Effect.Effect<Verdict, PolicyError>
}>()("sluice/policy/Policy") {
  static readonly layer = (options: Options) => Layer.effect(Policy, make(options))
}

const make = Effect.fnUntraced(function*(options: Options) {
  const services = yield* Effect.context<
    FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner | Programs
  >()
  const scope = yield* Effect.scope
  const workers = yield* Workers.make(options.workers ?? 4)
  const compiledBundle = yield* compiledBundles(options.cacheDirectory)

  const prepare = preparing(compiledBundle)

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
      return { bundle, policies: [...new Set(rules.map(({ policy }) => policy))].sort() }
    }),
    rules: (bundle) => Effect.map(compiledBundle(bundle), ({ rules }) => rules),
    ...judgingObjects(workers, prepare, options),
    judges: Effect.fnUntraced(function*(set) {
      const { judging, loaded } = yield* prepare(set)
      return judgesOf(loaded.digest, judging, loaded.policies)
    }),
    changeset: judgingChangesets(workers, options),
    sample: judgingSamples(workers, options)
  })
})
