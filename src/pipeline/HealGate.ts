import * as Effect from "effect/Effect"
import { Diff } from "../diff/Diff.ts"
import { type DecisionRecord, recordOf } from "../domain/DecisionRecord.ts"
import { digest } from "../domain/digest.ts"
import type { Admits } from "../domain/Drift.ts"
import { unknownManager } from "../domain/DriftReport.ts"
import { key } from "../domain/ObjectRef.ts"
import type { DiffError } from "../domain/StageError.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import type { Occasion } from "../policy/changesetInput.ts"
import { type ChangesetJudges, joined } from "../policy/changesetPass.ts"
import { Policy } from "../policy/Policy.ts"

/** Told of each decision, for the record. */
export type Decided = (record: DecisionRecord) => Effect.Effect<void>

/** Lets admitted objects be put back, one by one, by the rules on changesets. */
export interface HealGate {
  /** Undefined where no rule is about changesets: then nobody is asked, and it costs nothing. */
  readonly admits: ((decided: Decided) => Admits<DiffError, KubeReader>) | undefined
  /** The same, with the platform's policies as they are by now. */
  readonly renewed: (judges: ChangesetJudges | undefined) => HealGate
}

const setOf = ({ digest, judging }: ChangesetJudges) => ({
  digest,
  bundles: judging.map(({ bundle }) => bundle),
  waivers: []
})

/** Before anything was judged there is nothing that could be put back. */
export const open: HealGate = { admits: undefined, renewed: () => open }

/** The gate for what stands by a changeset: the policies of its revision, and the platform's. */
export const makeHealGate = Effect.fnUntraced(function*(judges: ChangesetJudges | undefined, occasion: Occasion) {
  const [diff, policy] = [yield* Diff, yield* Policy]

  const admits =
    (asked: ChangesetJudges) => (decided: Decided): Admits<DiffError, KubeReader> => (manifest, takesMore) =>
      Effect.gen(function*() {
        const change = yield* diff.putsBack(manifest, takesMore)
        if (change.action === "unchanged") return undefined
        const changeset = { changes: [change], digest: digest(key(change.ref), change.action, manifest.digest) }
        const decision = yield* Effect.result(policy.changeset(asked, changeset, occasion))
        if (decision._tag === "Success") yield* decided(recordOf("changeset", setOf(asked), decision.success))
        const denials = decision._tag === "Failure"
          ? [decision.failure.message]
          : decision.success._tag === "Passed"
          ? []
          : decision.success.violations.flatMap(({ message, policy, severity }) =>
            severity === "deny" ? `${policy}: ${message}` : []
          )
        const [first, ...rest] = denials
        return first === undefined ? undefined : {
          why: rest.length === 0 ? first : `${first}; and ${rest.length} more`,
          manager: change.takesFrom.join(", ") || unknownManager,
          fields: change.fields.map(({ path }) => path)
        }
      })

  const make = (asked: ChangesetJudges | undefined): HealGate => ({
    admits: asked && admits(asked),
    renewed: (later) => make(joined(asked, ["repository"], later, ["bundle"]))
  })
  return make(joined(judges, ["repository", "bundle"]))
})
