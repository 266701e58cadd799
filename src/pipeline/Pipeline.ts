import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Delivery, milliseconds, nameOf } from "../api/v1alpha1/Delivery.ts"
import { Apply } from "../apply/Apply.ts"
import { counts } from "../domain/Changeset.ts"
import { display } from "../domain/ObjectRef.ts"
import { Outcome } from "../domain/Outcome.ts"
import { format, parse } from "../domain/Revision.ts"
import { judgingOf } from "./judging.ts"
import { lane } from "./Lane.ts"
import type { Loop } from "./Loop.ts"
import { atTheField } from "./misfit.ts"
import * as note from "./note.ts"
import { type Asked, firstPass, secondPass } from "./passes.ts"
import { Progress, stage } from "./Progress.ts"
import type { Why } from "./Request.ts"
import type { Right } from "./Rights.ts"
import { ends, planning, type Stages } from "./Stages.ts"
import { readTree, type Tree } from "./Tree.ts"
import { Watched } from "./Watched.ts"

/** What a revision means for the cluster: refused, or admitted and proven. The same plan is shown, applied and told. */
export const plan = Effect.fnUntraced(function*(delivery: Delivery, tree: Tree, asked: Asked) {
  const { capabilities, diff, inventories, render, watched } = yield* planning
  const rendered = yield* stage("render", render.render(delivery, tree.closure, capabilities), note.rendered)
  const judging = yield* judgingOf(delivery, tree, yield* inventories.load)
  const objects = yield* stage("policy", firstPass(judging, rendered), note.decision)
  if (objects._tag === "Denied") return objects
  const written = yield* watched.writes
  const inventory = yield* inventories.load
  const { heals, judge, looks } = yield* secondPass(delivery, tree, judging, inventory, asked)
  const revision = format(tree.artifact.revision)
  const differing = diff.diff(delivery, objects.admitted, inventory, revision, { withObjects: looks })
  const changeset = yield* stage("diff", differing.pipe(Effect.catch(atTheField(rendered))), note.changeset)
  return { ...yield* judge(changeset, objects, rendered.locate), heals, inventory, written, own: judging.own }
})

/** One run, from a tree to its outcome. A denial is an outcome; an error means that nobody could tell. */
export const run = Effect.fnUntraced(function*(delivery: Delivery, tree: Tree, why: Why) {
  const [apply, progress, watched] = [yield* Apply, yield* Progress, yield* Watched]
  if (yield* watched.rests(tree.identity)) return Outcome.Unchanged({ summary: undefined, violations: [] })
  const planned = yield* plan(delivery, tree, { why, dryRun: false })
  const said = { summary: planned.summary, violations: planned.violations, waived: planned.waived }
  const refused = Effect.as(watched.denied(planned), Outcome.Denied({ ...said, pass: planned.pass }))
  if (planned._tag === "Denied") return yield* refused
  const { changeset, heals, inventory, own, written } = planned
  const changed = changeset.changes.filter(({ action }) => action !== "unchanged")
  const unchanged = Outcome.Unchanged(said)
  const { closure: { digest: closure }, identity, policies } = tree
  const kept = [progress.applied, watched.applied(changeset, policies, heals), written]
  const applied = Effect.all(kept, { discard: true })
  const settled = inventory.applied?.identity === identity && inventory.applied.healthy
  if (changed.length === 0 && settled) return yield* Effect.as(applied, unchanged)
  const named = { revision: format(tree.artifact.revision), identity, closure, policies: own }
  const applying = apply.apply(delivery, changeset, inventory, named)
  const writing = Stream.runForEach(applying, (one) => Effect.andThen(progress.wrote(one.action), watched.wrote(one)))
  const waiting = delivery.spec.apply.wait ? Stream.runDrain(apply.health(delivery, changeset)) : Effect.void
  const changes = counts(changeset.changes)
  yield* stage("apply", writing.pipe(Effect.andThen(applied), Effect.andThen(waiting)), () => note.told(changes))
  if (changed.length === 0) return unchanged
  return Outcome.Applied({ changes, objects: changed.map(({ ref }) => display(ref)), ...said })
})

/** The loop of one delivery: requests in, everything that happens told. The newest revision always wins. */
export const pipeline = (loop: Loop) =>
  Effect.flatMap(ends, ({ fetch, inventories, notify, reader }) => {
    const { delivery, notifiers, ready = () => Effect.void } = loop
    return lane<Stages | Right>({
      head: fetch.head(delivery),
      tree: (revision) => readTree(delivery, revision),
      recovered: reader.recovered,
      ...loop,
      name: nameOf(delivery),
      url: delivery.spec.source.git.url,
      timeoutMs: milliseconds(delivery.spec.apply.timeout),
      run: (tree, why) => Effect.andThen(ready(tree), run(delivery, tree, why)),
      tell: (details, outcome) => Effect.flatMap(notifiers, (all) => notify.tell(delivery, all, details, outcome)),
      previous: Effect.map(inventories.load, ({ applied }) => applied && parse(applied.revision))
    })
  })
