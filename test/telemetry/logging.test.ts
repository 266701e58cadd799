import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { logLine } from "../../src/controller/logLine.ts"
import type { Outcome, RunEvent } from "../../src/domain/Outcome.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { RenderFailed } from "../../src/domain/StageError.ts"
import { logging } from "../../src/telemetry/logging.ts"

const revision = { name: "main", algorithm: "sha1" as const, hash: "9f".repeat(20) }

/** What goes to standard error meanwhile. */
const written = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const lines: Array<string> = []
      const { write } = process.stderr
      process.stderr.write = (text: string | Uint8Array) => lines.push(String(text)) > 0
      return { lines, write }
    }),
    ({ lines }) => Effect.as(effect, lines),
    ({ write }) => Effect.sync(() => process.stderr.write = write)
  )

const ended = (outcome: Outcome): RunEvent => ({
  _tag: "RunEnded",
  time: "2026-11-28T20:00:00.000Z",
  delivery: "shop/checkout",
  run: "01J0000000000000000000000A",
  outcome,
  details: {
    id: "01J0000000000000000000000A",
    delivery: "shop/checkout",
    why: "webhook",
    revision,
    commit: undefined,
    url: "",
    previous: undefined,
    startedAt: 0,
    durationMs: 41
  }
})

describe("the log", () => {
  it.effect("is a JSON object a line, without secrets, on request", () =>
    Effect.gen(function*() {
      const known = new RedactedValues()
      known.add("correct-horse-battery")
      const [line] = yield* written(
        Effect.logWarning("failed: \"correct-horse-battery\"").pipe(
          Effect.annotateLogs({ delivery: "shop/checkout", namespace: "shop", run: "01J" }),
          Effect.provideService(Redactions, known),
          Effect.provide(logging("info", "json"))
        )
      )
      const { ts, ...said } = JSON.parse(line!)
      assert.match(ts, /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/u)
      assert.deepStrictEqual(said, {
        level: "warning",
        msg: "failed: \"(redacted)\"",
        delivery: "shop/checkout",
        namespace: "shop",
        run: "01J"
      })
    }))

  it.effect("is as loud as it is told to be", () =>
    Effect.gen(function*() {
      const all = Effect.all([Effect.logDebug("a"), Effect.logInfo("b"), Effect.logError("c")])
      const count = (level: string) =>
        Effect.map(written(Effect.provide(all, logging(level, "json"))), (lines) => lines.length)
      assert.deepStrictEqual(
        [yield* count("debug"), yield* count("info"), yield* count("error"), yield* count("loud")],
        [3, 2, 1, 2]
      )
    }))

  it("names of a run that failed its id, its revision, the stage and the error", () => {
    const error = new RenderFailed({ detail: "no such file" })
    assert.deepStrictEqual(logLine(ended({ _tag: "Failed", error, changes: undefined }))?.about, {
      run: "01J0000000000000000000000A",
      revision: `main@sha1:${revision.hash}`,
      stage: "render",
      error: "RenderFailed"
    })
    const summary = { objects: 1, passed: 0, warned: 0, denied: 1, waived: 0 }
    const denied = logLine(ended({ _tag: "Denied", violations: [], summary }))
    assert.deepInclude(denied?.about, { stage: "policy", error: "PolicyDenied" })
    assert.deepStrictEqual(denied?.level, "Warn")
  })

  it("names of drift what the cluster was on", () => {
    const object = { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
    const drift: RunEvent = {
      _tag: "DriftFound",
      time: "2026-11-28T20:00:00.000Z",
      delivery: "shop/checkout",
      run: "01J0000000000000000000000B",
      findings: [{ object, manager: "kubectl-edit", fields: ["spec.replicas"], action: "healed" }]
    }
    const { run } = drift
    const applied = `main@sha1:${revision.hash}`
    assert.deepStrictEqual(logLine(drift, applied)?.about, { run, revision: applied })
    assert.deepStrictEqual(logLine(drift)?.about, { run })
  })
})
