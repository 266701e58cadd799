import * as Effect from "effect/Effect"
import { type Delivery } from "../api/v1alpha1/Delivery.ts"
import { loadPolicies } from "../apply/policyRecord.ts"
import type { PolicySet, WrittenPolicy } from "../domain/Decision.ts"
import type { Inventory } from "../domain/Inventory.ts"
import { ownOf, type PoliciesInForce, policyChanges, specOf } from "../domain/PoliciesInForce.ts"
import { parse } from "../domain/Revision.ts"
import { withPrevious } from "../policy/previousSet.ts"
import type { Why } from "./Request.ts"
import type { Tree } from "./Tree.ts"
import { triggerOf } from "./trigger.ts"

/** Who judges a run, and what comes into force if it passes. */
export interface Judging {
  readonly set: PolicySet
  readonly own: PoliciesInForce
  /** The policy files of the revision that is applied. */
  readonly before: ReadonlyArray<WrittenPolicy>
}

/**
 * The policies that a revision has to pass: its own, and those in force before it. Its own alone, where it is the first,
 * or the first since somebody edited `spec.policy`: whoever may do that may lift a bad old set.
 */
export const judgingOf = Effect.fnUntraced(
  function*(delivery: Delivery, { policies }: Tree, { policies: known }: Inventory) {
    const own = ownOf(policies, specOf(delivery.spec.policy))
    const alone: Judging = { set: policies, own, before: known?.digest === own.digest ? own.files : [] }
    if (known === undefined || known.digest === own.digest) return alone
    // What was lifted judges no more: it is only told what became of it, as far as it can be read.
    if (known.spec !== own.spec) return { ...alone, before: yield* Effect.orElseSucceed(loadPolicies(), () => []) }
    const before = yield* loadPolicies()
    return { set: yield* withPrevious(policies, before, delivery), own, before } satisfies Judging
  }
)

/** What policies are told of a changeset beside what it changes. */
export const occasionOf = (
  { metadata: { name, namespace }, spec: { path } }: Delivery,
  tree: Tree,
  { before, own }: Judging,
  inventory: Inventory,
  run: { readonly why: Why; readonly dryRun: boolean; readonly kubernetesVersion: string }
) => {
  const { commit, revision, url } = tree.artifact
  return {
    trigger: triggerOf(tree, inventory, run.why),
    dryRun: run.dryRun,
    delivery: { namespace, name, path },
    kubernetesVersion: run.kubernetesVersion,
    source: {
      repository: url,
      ref: revision.name,
      revision: revision.hash,
      previousRevision: inventory.applied && parse(inventory.applied.revision)?.hash,
      commit
    },
    policyFiles: policyChanges(before, own.files)
  }
}
