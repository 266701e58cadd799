import * as Effect from "effect/Effect"
import { usable } from "../apply/wait.ts"
import { same } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { key, type ObjectRef } from "../domain/ObjectRef.ts"
import { InstallWriter } from "../kube/InstallWriter.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { type Books, manifestOf, type Part, union } from "./books.ts"
import { housed, inStages, stageOf } from "./stages.ts"
import { content, readFailed, type Step, type Survey, writeFailed } from "./survey.ts"

/** What became of one object. */
export interface Done {
  readonly ref: ObjectRef
  readonly action: Step["action"] | "pruned"
}

export interface Work {
  readonly survey: Survey
  readonly before: Books | undefined
  readonly books: Omit<Books, "parts">
  readonly namespace: string
  readonly force: boolean
  /** Milliseconds for what has to be served, or to become active. */
  readonly timeout: number
  readonly tell: (done: Done) => Effect.Effect<void>
}

/** Writes the books where they say something else. */
const keep = Effect.fnUntraced(function*(manifest: Manifest) {
  const [reader, writer] = [yield* KubeReader, yield* InstallWriter]
  const live = yield* Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), readFailed)
  // The books are our own: whoever changed them has no say.
  const apply = (dryRun: boolean) =>
    Effect.mapError(writer.apply(manifest, { force: true, dryRun }), writeFailed(manifest))
  if (live !== undefined && same(content(live), content(yield* apply(true)))) return
  yield* apply(false)
})

const write = Effect.fnUntraced(function*(step: Step, { force, timeout }: Work, written: Set<Step>) {
  const { action, manifest } = step
  const writer = yield* InstallWriter
  if (action !== "unchanged") {
    yield* Effect.mapError(writer.apply(manifest, { force, dryRun: false }), writeFailed(manifest))
  }
  written.add(step)
  if (action !== "unchanged") yield* usable(manifest, timeout)
})

/**
 * Applies what a survey found, stage by stage, the books ahead of it; then deletes what an earlier version installed.
 * Where nothing is to be changed, nothing is written.
 */
export const carryOut = Effect.fn("install.carryOut")(function*(work: Work) {
  const { before, books, namespace, survey: { left, stale, steps }, tell } = work
  const writer = yield* InstallWriter
  const parts: ReadonlyArray<Part> = union(
    steps.map(({ manifest, ref }) => ({ apiVersion: manifest.apiVersion, ref })),
    left
  )
  const changes = stale.length > 0 || steps.some(({ action }) => action !== "unchanged")
  let isOpen = false
  for (const stage of inStages(steps)) {
    if (!isOpen && changes && stage.every(({ ref }) => stageOf(ref) >= housed)) {
      isOpen = true
      yield* keep(manifestOf(namespace, { ...books, parts: union(parts, before?.parts ?? []) }))
    }
    const written = new Set<Step>()
    yield* Effect.forEach(stage, (step) => write(step, work, written), { concurrency: 8, discard: true }).pipe(
      // In the order of the overlay, whichever was written first; of a stage that ended half-way what was written.
      Effect.ensuring(Effect.suspend(() =>
        Effect.forEach(
          stage.filter((step) => written.has(step)),
          ({ action, ref }) => tell({ ref, action }),
          { discard: true }
        )
      ))
    )
  }
  for (const stage of inStages(stale).toReversed()) {
    yield* Effect.forEach(
      stage,
      ({ apiVersion, ref, uid }) =>
        Effect.andThen(
          Effect.mapError(writer.delete(apiVersion, ref, uid), writeFailed(undefined)),
          tell({ ref, action: "pruned" })
        ),
      { concurrency: 8, discard: true }
    )
  }
  yield* keep(manifestOf(namespace, { ...books, parts }))
})

/** Counts of what became of the objects. */
export const counts = (all: ReadonlyArray<Done>): Readonly<Record<Done["action"], number>> => {
  const distinct = [...new Map(all.map((done) => [key(done.ref), done])).values()]
  const count = (action: Done["action"]) => distinct.filter((done) => done.action === action).length
  return {
    created: count("created"),
    configured: count("configured"),
    unchanged: count("unchanged"),
    pruned: count("pruned")
  }
}
