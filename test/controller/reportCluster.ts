import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { Reports } from "../../src/controller/Reports.ts"
import { at } from "../../src/domain/Json.ts"
import type { KubeFailure } from "../../src/domain/StageError.ts"
import { type ReportKind, ReportWriter, type WrittenReport } from "../../src/kube/ReportWriter.ts"

/** A cluster in memory: what it serves, what is there, what was asked. */
export const cluster = Effect.gen(function*() {
  const served = yield* Queue.unbounded<ReadonlyArray<ReportKind>>()
  const state = {
    asked: new Array<string>(),
    there: new Array<WrittenReport>(),
    fails: undefined as KubeFailure | undefined
  }
  const answer = (what: string) =>
    Effect.suspend(() => {
      state.asked.push(what)
      return state.fails === undefined ? Effect.void : Effect.fail(state.fails)
    })
  const layer = Reports.layer.pipe(Layer.provideMerge(Layer.succeed(ReportWriter, {
    served: Stream.fromQueue(served),
    written: ({ kind }) => Effect.sync(() => (state.asked.push(`list ${kind}`), state.there)),
    write: ({ kind }, { object }) => {
      const summary = object.summary
      return answer(`write ${kind} ${at(summary, "pass")} ${at(summary, "fail")}`)
    },
    remove: ({ kind }, { name }) => answer(`remove ${kind} ${name}`)
  })))
  return { layer, serves: (...kinds: ReadonlyArray<ReportKind>) => Queue.offer(served, kinds), state }
})
