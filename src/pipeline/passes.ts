import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Changeset } from "../domain/Changeset.ts"
import type { AdmittedManifests, Verdict } from "../domain/Decision.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { type Locate, locating } from "../policy/changesetPass.ts"
import { makeHealGate } from "./HealGate.ts"
import { type Judging, occasionOf } from "./judging.ts"
import * as note from "./note.ts"
import { judged, Progress, stage } from "./Progress.ts"
import type { Why } from "./Request.ts"
import { planning } from "./Stages.ts"
import type { Tree } from "./Tree.ts"

/** What a plan is asked for: why it is made, and whether it is only shown. */
export interface Asked {
  readonly why: Why
  readonly dryRun: boolean
}

type Passed = Verdict & { readonly admitted: AdmittedManifests }

/** What both passes say together. */
const together = (objects: Verdict, changeset: Verdict): Verdict => {
  const [a, b] = [objects.summary, changeset.summary]
  return {
    violations: [...objects.violations, ...changeset.violations],
    waived: [...objects.waived, ...changeset.waived],
    summary: {
      objects: a.objects,
      passed: a.passed + b.passed,
      warned: a.warned + b.warned,
      denied: a.denied + b.denied,
      waived: a.waived + b.waived
    }
  }
}

/** The first pass of the gate: every object. What is put back meanwhile is judged by the platform's policies of now. */
export const firstPass = Effect.fnUntraced(function*({ set }: Judging, rendered: Rendered) {
  const { policy, watched } = yield* planning
  const objects = yield* judged("objects", set, policy.objects(set, rendered))
  yield* watched.judged(yield* policy.judges(set))
  return objects
})

/** The second pass of the gate, ready for its changeset. Where no rule is about changesets it costs nothing. */
export const secondPass = Effect.fnUntraced(
  function*(delivery: Delivery, tree: Tree, judging: Judging, inventory: Inventory, { dryRun, why }: Asked) {
    const { capabilities, policy, watched } = yield* planning
    const judges = yield* policy.judges(judging.set)
    const kubernetesVersion = judges === undefined ? "" : (yield* capabilities).version
    const occasion = occasionOf(delivery, tree, judging, inventory, { why, dryRun, kubernetesVersion })
    const heals = yield* makeHealGate(judges, { ...occasion, trigger: "drift", policyFiles: [] })
    return {
      heals,
      /** Whether it looks at the objects that change. */
      looks: judges !== undefined,
      judge: Effect.fnUntraced(function*(changeset: Changeset, objects: Passed, locate: Locate) {
        const decision = policy.changeset(judges, changeset, occasion, locating(objects.admitted, locate))
        const verdict = yield* (judges === undefined
          ? decision
          : stage("policy", judged("changeset", judging.set, decision), note.decision))
        const told = { ...together(objects, verdict), pass: "changeset" as const }
        if (verdict._tag === "Passed") {
          yield* (yield* Progress).loses(changeset.losses)
          return { _tag: "Admitted" as const, ...told, changeset: verdict.admitted }
        }
        const isApplied = inventory.applied?.identity === tree.identity
        if (isApplied && !dryRun) yield* watched.stands(changeset, tree.policies, heals)
        return { _tag: verdict._tag, ...told, changeset }
      })
    }
  }
)
