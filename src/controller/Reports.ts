import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { atClose } from "../domain/atClose.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { type ReportId, type ReportKind, ReportWriter } from "../kube/ReportWriter.ts"

/** Milliseconds before CRDs are looked at again that may not be watched, with the next decision then. */
const patience = 600_000

/** A kind that has just come may not be served yet. */
const coming = Schedule.exponential("200 millis").pipe(Schedule.upTo({ times: 6 }))

const keyOf = (kind: ReportKind, { name, namespace }: ReportId): string => `${kind.definition} ${namespace}/${name}`

/**
 * What reports of policies there are in the cluster, for all Deliveries: which kinds of report it serves, and what was
 * written. Nothing is asked before the first decision; then CRDs are watched, so that one that comes later is noticed.
 */
export class Reports extends Context.Service<Reports, {
  /** The kinds that are served, the preferred first; undefined while that is not known. */
  readonly kinds: () => ReadonlyArray<ReportKind> | undefined
  /** The digest of the report as it was last written; undefined where there is none. */
  readonly written: (kind: ReportKind, report: ReportId) => string | undefined
  readonly note: (kind: ReportKind, report: ReportId, digest: string | undefined) => void
  /** Makes known that there is something to report. */
  readonly begin: Effect.Effect<void>
  /** Runs it each time that kinds have come or gone, until the scope closes. */
  readonly onChange: (wake: Effect.Effect<void>) => Effect.Effect<void, never, Scope.Scope>
  /** Says once what keeps reports from being written; nothing else fails for it. */
  readonly complain: (failure: KubeFailure) => Effect.Effect<void>
}>()("sluice/controller/Reports") {
  static readonly layer: Layer.Layer<Reports, never, ReportWriter> = Layer.effect(
    Reports,
    Effect.gen(function*() {
      const writer = yield* ReportWriter
      const scope = yield* Effect.scope
      const known = new Map<string, string>()
      const wakers = new Set<Effect.Effect<void>>()
      const said = new Set<string>()
      let kinds: ReadonlyArray<ReportKind> | undefined
      let isFollowing = false
      let notBefore = 0

      const complain = (failure: KubeFailure) =>
        Effect.suspend(() => {
          const what = `${failure.verb} ${failure.resource} ${failure.status}`
          if (said.has(what)) return Effect.void
          said.add(what)
          return Effect.logWarning(`policy reports are not written: ${failure.message}`)
        })

      const read = (kind: ReportKind) =>
        writer.written(kind).pipe(
          Effect.retry(($) => $(coming).pipe(Schedule.while(({ input }) => input.status !== 403))),
          Effect.tapError(complain),
          // What is there is written once more.
          Effect.orElseSucceed(() => [])
        )

      const served = Effect.fnUntraced(function*(now: ReadonlyArray<ReportKind>) {
        const before = kinds ?? []
        for (const kind of now.filter((kind) => !before.includes(kind))) {
          for (const report of yield* read(kind)) known.set(keyOf(kind, report), report.digest)
        }
        for (const gone of before.filter((kind) => !now.includes(kind))) {
          for (const key of known.keys()) if (key.startsWith(`${gone.definition} `)) known.delete(key)
        }
        kinds = now
        yield* Effect.forEach(wakers, (wake) => wake, { discard: true })
      })

      const follow = Stream.runForEach(writer.served, served).pipe(
        Effect.catch(complain),
        Effect.ensuring(Effect.gen(function*() {
          kinds = undefined
          isFollowing = false
          notBefore = (yield* Clock.currentTimeMillis) + patience
        }))
      )

      return Reports.of({
        kinds: () => kinds,
        written: (kind, report) => known.get(keyOf(kind, report)),
        note: (kind, report, digest) => {
          if (digest === undefined) known.delete(keyOf(kind, report))
          else known.set(keyOf(kind, report), digest)
        },
        begin: Effect.gen(function*() {
          if (isFollowing || (yield* Clock.currentTimeMillis) < notBefore) return
          isFollowing = true
          yield* Effect.forkIn(follow, scope)
        }),
        onChange: (wake) =>
          Effect.andThen(atClose(Effect.sync(() => wakers.delete(wake))), Effect.sync(() => void wakers.add(wake))),
        complain
      })
    })
  )
}
