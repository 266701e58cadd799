import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { Outcome, RunEvent } from "../../src/domain/Outcome.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { HealthTimeout, RenderFailed } from "../../src/domain/StageError.ts"
import { Meter, MeterState } from "../../src/telemetry/Meter.ts"
import { traceExports } from "../../src/telemetry/metrics.ts"
import { layer } from "../../src/telemetry/otlp.ts"
import { RunTrace } from "../../src/telemetry/RunTrace.ts"
import { Traces } from "../../src/telemetry/Traces.ts"
import { Collector } from "../support/Collector.ts"

const revision = { name: "main", algorithm: "sha1" as const, hash: "9f".repeat(20) }
const summary = { objects: 1, passed: 1, warned: 0, denied: 1, waived: 0 }
const applied: Outcome = {
  _tag: "Applied",
  changes: { created: 2, configured: 0, replaced: 0, pruned: 0, unchanged: 1 },
  objects: [],
  violations: [],
  summary
}
const at = (ms: number) => new Date(1_000_000 + ms).toISOString()

/** A run that fetched, rendered, and came to this; a stage that it did not end is the one that failed. */
const traceOf = (
  outcome: Outcome,
  options: { readonly message?: string; readonly url?: string; readonly open?: boolean } = {}
) => {
  const about = { delivery: "shop/checkout", run: "01J0000000000000000000000A" }
  const { message = "Say so", open = false, url = "https://git.example.com/shop.git" } = options
  const person = { name: "Dana", email: "dana@example.com" }
  const events: ReadonlyArray<RunEvent> = [
    { ...about, time: at(0), _tag: "RunStarted", revision, why: "webhook" },
    { ...about, time: at(0), _tag: "StageStarted", stage: "fetch", revision },
    { ...about, time: at(40), _tag: "StageFinished", stage: "fetch", durationMs: 40, note: "" },
    { ...about, time: at(40), _tag: "StageStarted", stage: "render", revision },
    ...open
      ? []
      : [{ ...about, time: at(90), _tag: "StageFinished", stage: "render", durationMs: 50, note: "" } as const],
    {
      ...about,
      time: at(100),
      _tag: "RunEnded",
      outcome,
      details: {
        id: about.run,
        delivery: about.delivery,
        why: "webhook",
        revision,
        commit: {
          hash: revision.hash,
          author: person,
          committer: person,
          subject: message,
          message,
          time: 0,
          isSigned: false
        },
        url,
        previous: undefined,
        startedAt: 1_000_000,
        durationMs: 100
      }
    }
  ]
  const trace = new RunTrace(events[0]!)
  for (const event of events) trace.hear(event)
  return trace
}

const ground = Effect.fnUntraced(
  function*(variables: Record<string, string> = {}, options: { readonly endpoint?: string } = {}) {
    const collector = yield* Effect.acquireRelease(
      Effect.promise(() => Collector.start()),
      (collector) => Effect.promise(() => collector.stop())
    )
    const [redactions, meter, lines] = [new RedactedValues(), new MeterState(), new Array<string>()]
    const logger = Logger.make<unknown, void>((entry) => void lines.push(Logger.formatLogFmt.log(entry)))
    /** Hands traces over, and returns when what is to be sent was. */
    const send = (...traces: ReadonlyArray<RunTrace>) =>
      Effect.scoped(Effect.gen(function*() {
        const built = yield* Layer.build(layer({
          endpoint: options.endpoint ?? collector.address,
          version: "1.2.3",
          instance: "sluice-0",
          cluster: "prod"
        }))
        for (const trace of traces) Context.get(built, Traces).ended(trace)
      })).pipe(
        Effect.provide(Layer.mergeAll(
          ConfigProvider.layer(ConfigProvider.fromEnvRecord(variables)),
          Logger.layer([logger]),
          Layer.succeed(Redactions, redactions),
          Layer.succeed(Meter, meter)
        ))
      )
    return { collector, redactions, meter, lines, send }
  }
)

describe("traces of runs", () => {
  it.live("have a span for the run and one for each stage, in the words of OpenTelemetry", () =>
    Effect.gen(function*() {
      const { collector, meter, send } = yield* ground({
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20of-the-collector",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test"
      })
      yield* send(traceOf(applied))
      const [request] = collector.requests
      assert.strictEqual(request?.path, "/v1/traces")
      assert.strictEqual(request?.headers.authorization, "Bearer of-the-collector")
      const run = collector.spans.find(({ parentSpanId }) => parentSpanId === undefined)!
      assert.deepInclude(run.attributes, {
        "cicd.pipeline.name": "shop/checkout",
        "cicd.pipeline.run.id": "01J0000000000000000000000A",
        "cicd.pipeline.result": "success",
        "vcs.repository.url.full": "https://git.example.com/shop.git",
        "vcs.repository.name": "shop",
        "vcs.ref.head.name": "main",
        "vcs.ref.head.revision": revision.hash,
        "k8s.namespace.name": "shop",
        "k8s.cluster.name": "prod",
        "sluice.run.why": "webhook",
        "sluice.changes.created": 2
      })
      assert.strictEqual(run.status.code, 1)
      assert.deepInclude(run.resource, {
        "service.name": "sluice",
        "service.version": "1.2.3",
        "service.instance.id": "sluice-0",
        "deployment.environment.name": "test"
      })
      const milliseconds = (nano: string) => Number(BigInt(nano) / 1_000_000n) - 1_000_000
      const stages = collector.spans.filter(({ parentSpanId }) => parentSpanId === run.spanId)
      assert.deepStrictEqual(
        stages.map(({ attributes, endTimeUnixNano, name, startTimeUnixNano, traceId }) => [
          name,
          attributes["cicd.pipeline.task.run.result"],
          milliseconds(startTimeUnixNano),
          milliseconds(endTimeUnixNano),
          traceId === run.traceId
        ]),
        [["fetch", "success", 0, 40, true], ["render", "success", 40, 90, true]]
      )
      assert.deepStrictEqual([...meter.counted.series(traceExports)], [[`outcome="sent"`, 1]])
    }))

  it.live("say what went wrong, and where", () =>
    Effect.gen(function*() {
      const { collector, send } = yield* ground({ OTEL_SERVICE_NAME: "gitops" })
      const ended = (error: RenderFailed | HealthTimeout): Outcome => ({ _tag: "Failed", error, changes: undefined })
      yield* send(
        traceOf(ended(new RenderFailed({ detail: "no such file" })), { open: true }),
        traceOf(ended(new HealthTimeout({ detail: "not in time" }))),
        traceOf({ _tag: "Denied", violations: [], summary }),
        traceOf({ _tag: "Interrupted", by: "main@sha1:1" }),
        traceOf({ _tag: "Unchanged", violations: [], summary: undefined })
      )
      const runs = collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined)
      assert.deepStrictEqual(
        runs.map(({ attributes, status }) => [
          attributes["cicd.pipeline.result"],
          attributes["error.type"],
          status.code,
          status.message
        ]),
        [
          ["failure", "RenderFailed", 2, "no such file"],
          ["timeout", "HealthTimeout", 2, "not in time"],
          ["failure", "PolicyDenied", 2, "1 denied"],
          ["cancellation", undefined, 1, undefined],
          ["skip", undefined, 1, undefined]
        ]
      )
      const render = collector.spans.find(({ name, parentSpanId }) =>
        name === "render" && parentSpanId === runs[0]!.spanId
      )
      assert.strictEqual(render?.status.code, 2)
      assert.strictEqual(render?.attributes["cicd.pipeline.task.run.result"], "failure")
      assert.strictEqual(runs[0]!.resource["service.name"], "gitops")
    }))

  it.live("hold no secret and no credential of an address, in any spelling", () =>
    Effect.gen(function*() {
      for (const protocol of ["http/json", "http/protobuf"]) {
        const { collector, redactions, send } = yield* ground({ OTEL_EXPORTER_OTLP_PROTOCOL: protocol })
        redactions.add("correct-horse-battery")
        const error = new RenderFailed({ detail: "the server said correct-horse-battery" })
        yield* send(traceOf({ _tag: "Failed", error, changes: undefined }, {
          url: "https://dana:p@ssw0rd@git.example.com/shop.git"
        }))
        const [request] = collector.requests
        const body = request!.body.toString()
        assert.include(request!.headers["content-type"], protocol === "http/json" ? "json" : "protobuf")
        assert.include(body, "(redacted)")
        assert.include(body, "https://git.example.com/shop.git")
        for (const secret of ["correct-horse", "ssw0rd", "dana:"]) assert.notInclude(body, secret)
      }
    }))

  it.live("go on with the trace that a commit names", () =>
    Effect.gen(function*() {
      const { collector, send } = yield* ground()
      const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"]
      yield* send(
        traceOf(applied, { message: `Say so\n\nTraceparent: 00-${trace}-${span}-01` }),
        traceOf(applied, { message: `Say so\n\nTraceparent: 00-${trace}-${span}-00` }),
        traceOf(applied, { message: `Say so\n\nTraceparent: 00-${"0".repeat(32)}-${span}-01` })
      )
      const runs = collector.spans.filter(({ name }) => name.startsWith("deliver"))
      // The second was not to be kept, by who began it; what the third names is no trace.
      assert.lengthOf(runs, 2)
      assert.deepStrictEqual([runs[0]!.traceId, runs[0]!.parentSpanId], [trace, span])
      assert.isUndefined(runs[1]!.parentSpanId)
    }))

  it.live("are kept by the share that OpenTelemetry's variables say", () =>
    Effect.gen(function*() {
      const some = yield* ground({ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" })
      yield* some.send(...Array.from({ length: 400 }, () => traceOf(applied)))
      const kept = some.collector.spans.filter(({ parentSpanId }) => parentSpanId === undefined).length
      assert.isTrue(kept > 40 && kept < 160, String(kept))
      const none = yield* ground({ OTEL_TRACES_SAMPLER: "always_off" })
      yield* none.send(traceOf(applied))
      assert.lengthOf(none.collector.requests, 0)
    }))

  it.live("cost a rare warning where the collector is gone, or refuses them", () =>
    Effect.gen(function*() {
      const gone = yield* ground({}, { endpoint: "http://127.0.0.1:9" })
      yield* gone.send(traceOf(applied))
      assert.lengthOf(gone.lines.filter((line) => line.includes("traces cannot be sent")), 1, gone.lines.join("\n"))
      const refuses = yield* ground()
      refuses.collector.status = 401
      yield* refuses.send(...Array.from({ length: 2_000 }, () => traceOf(applied)))
      assert.lengthOf(refuses.lines.filter((line) => line.includes("the collector answers 401")), 1)
      assert.isAtLeast(Number(refuses.meter.counted.series(traceExports).get(`outcome="failed"`)), 1)
    }))
})
