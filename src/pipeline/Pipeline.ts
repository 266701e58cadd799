import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import { Diff } from "../diff/Diff.ts"
import { type Change, counts } from "../domain/Changeset.ts"
import { display } from "../domain/ObjectRef.ts"
import { Outcome } from "../domain/Outcome.ts"
import { format, parse } from "../domain/Revision.ts"
import { DiffFailed } from "../domain/StageError.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"
import type { KubeWriter } from "../kube/KubeWriter.ts"
import { refused } from "../kube/refused.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { Notify } from "../notify/Notify.ts"
import { Policy } from "../policy/Policy.ts"
import { Render } from "../render/Render.ts"
import { lane } from "./Lane.ts"
import * as note from "./note.ts"
import { Progress, stage } from "./Progress.ts"
import type { Request } from "./Request.ts"
import { readTree, type Tree } from "./Tree.ts"

/** What a revision means for the cluster: refused, or admitted and proven. The same plan is shown, applied and told. */
export const plan = Effect.fnUntraced(function*(delivery: Delivery, { artifact, closure, policies }: Tree) {
  const [render, policy, diff, inventories] = [yield* Render, yield* Policy, yield* Diff, yield* InventoryStore]
  const { capabilities } = yield* KubeReader
  const rendered = yield* stage(
    "render",
    render.render(delivery, closure, Effect.mapError(capabilities, (failure) => refused(failure, DiffFailed.make))),
    note.rendered
  )
  const objects = yield* stage("policy", policy.objects(policies, rendered), note.decision)
  if (objects._tag === "Denied") return objects
  const inventory = yield* inventories.load
  const revision = format(artifact.revision)
  const changeset = yield* stage("diff", diff.diff(delivery, objects.admitted, inventory, revision), note.changeset)
  const verdict = yield* policy.changeset(policies, changeset)
  if (verdict._tag === "Denied") return verdict
  return { ...objects, _tag: "Admitted" as const, changeset: verdict.admitted, inventory }
})

/** One run, from a tree to its outcome. A denial is an outcome; an error means that nobody could tell. */
export const run = Effect.fnUntraced(function*(delivery: Delivery, tree: Tree) {
  const [apply, progress] = [yield* Apply, yield* Progress]
  const planned = yield* plan(delivery, tree)
  if (planned._tag === "Denied") return Outcome.Denied(planned)
  const { changeset, inventory, summary, violations } = planned
  const identity = { revision: format(tree.artifact.revision), identity: tree.identity, closure: tree.closure.digest }
  const changed = changeset.changes.filter((change) => change.action !== "unchanged")
  const settled = changed.length === 0 && inventory.applied?.identity === tree.identity && inventory.applied.healthy
  if (settled) return yield* Effect.as(progress.applied, Outcome.Unchanged({ summary, violations }))
  yield* stage(
    "apply",
    Stream.runForEach(apply.apply(delivery, changeset, inventory, identity), (wrote) => progress.wrote(wrote.action))
      .pipe(
        Effect.andThen(progress.applied),
        Effect.andThen(delivery.spec.apply.wait ? Stream.runDrain(apply.health(delivery, changeset)) : Effect.void)
      ),
    () => note.counted(counts(changeset.changes))
  )
  if (changed.length === 0) return Outcome.Unchanged({ summary, violations })
  const objects = changed.map((change: Change) => display(change.ref))
  return Outcome.Applied({ changes: counts(changeset.changes), objects, summary, violations })
})

/** The stages, and the rights to one cluster as one identity. */
type Needs =
  | Fetch
  | Render
  | Policy
  | Diff
  | Apply
  | Notify
  | InventoryStore
  | KubeReader
  | KubeWriter
  | KubeStatus
  | Secrets

/** The loop of one delivery: requests in, everything that happens out. The newest revision always wins. */
export const pipeline = (
  delivery: Delivery,
  notifiers: ReadonlyArray<Notifier>,
  requests: Stream.Stream<Request>,
  options: { readonly attempts?: number } = {}
) =>
  Stream.unwrap(Effect.gen(function*() {
    const [fetch, notify, inventories] = [yield* Fetch, yield* Notify, yield* InventoryStore]
    return lane<Needs>({
      delivery: nameOf(delivery),
      url: delivery.spec.source.git.url,
      timeoutMs: milliseconds(delivery.spec.apply.timeout),
      attempts: options.attempts,
      requests,
      head: fetch.head(delivery),
      tree: (revision) => readTree(delivery, revision),
      run: (tree) => run(delivery, tree),
      tell: (details, outcome) => notify.tell(delivery, notifiers, details, outcome),
      previous: Effect.map(
        inventories.load,
        ({ applied }) => applied === undefined ? undefined : parse(applied.revision)
      )
    })
  }))
