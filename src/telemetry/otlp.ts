import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Semaphore from "effect/Semaphore"
import * as Tracer from "effect/Tracer"
import { Redactions } from "../domain/redact.ts"
import { count } from "./Meter.ts"
import { traceExports } from "./metrics.ts"
import type { RunTrace, Span } from "./RunTrace.ts"
import { Traces } from "./Traces.ts"

export interface OtlpOptions {
  /** Where OTLP/HTTP is spoken, without `/v1/traces`; the variables of OpenTelemetry say all else. */
  readonly endpoint: string
  readonly version: string
  /** `service.instance.id`. */
  readonly instance: string
  readonly cluster: string | undefined
}

/** Exports under way at once, of a thousand spans each; beyond those that wait they are dropped for a minute. */
const mostExports = 2
const mostWaiting = 16
const deadline = "10 seconds"
/** Milliseconds between two warnings about a collector that does not answer. */
const quiet = 10 * 60_000

/** Every text in what is sent, by what makes it safe. */
const texts = (value: unknown, safe: (text: string) => string): unknown =>
  typeof value === "string"
    ? safe(value)
    : Array.isArray(value)
    ? value.map((each) => texts(each, safe))
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, texts(each, safe)]))
    : value

/** The last redactor stands before what is written; `OTEL_EXPORTER_OTLP_PROTOCOL` says how: JSON, or `http/protobuf`. */
const serialization = Layer.unwrap(Effect.gen(function*() {
  const [redactions, protocol] = [
    yield* Redactions,
    yield* Config.String("OTEL_EXPORTER_OTLP_PROTOCOL").pipe(Config.withDefault("http/json"))
  ]
  const plain = protocol === "http/protobuf" ? OtlpSerialization.layerProtobuf : OtlpSerialization.layerJson
  return Layer.effect(
    OtlpSerialization.OtlpSerialization,
    Effect.map(OtlpSerialization.OtlpSerialization, (inner) => ({
      ...inner,
      traces: (data) =>
        inner.traces(texts(data, (text) => redactions.redact(text)) as Parameters<typeof inner.traces>[0])
    }))
  ).pipe(Layer.provide(plain))
}))

/** A client that a collector which is slow, or gone, costs little: few requests at once, a deadline, a rare warning. */
const client = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function*() {
    const [inner, redactions] = [yield* HttpClient.HttpClient, yield* Redactions]
    const permits = yield* Semaphore.make(mostExports)
    let warnedAt = Number.NEGATIVE_INFINITY
    const warn = (why: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        if (now < warnedAt + quiet) return Effect.void
        warnedAt = now
        return Effect.logWarning(`traces cannot be sent, and are dropped: ${redactions.redact(why)}`)
      })
    const failed = (why: string) => Effect.andThen(count(traceExports, { outcome: "failed" }), warn(why))
    const sent = (sending: ReturnType<typeof inner.execute>) =>
      sending.pipe(
        Effect.timeoutOrElse({ duration: deadline, orElse: () => Effect.die("the collector does not answer") }),
        Effect.tap(({ status }) =>
          status < 300 ? count(traceExports, { outcome: "sent" }) : failed(`the collector answers ${status}`)
        ),
        Effect.tapCause((cause) => failed(oneReason(cause)))
      )
    let waiting = 0
    return HttpClient.transform(inner, (sending) =>
      Effect.suspend(() => {
        const why = "there are more than the collector takes"
        if (waiting >= mostWaiting) return Effect.andThen(failed(why), Effect.die(why))
        waiting++
        return Effect.ensuring(Semaphore.withPermit(permits, sent(sending)), Effect.sync(() => waiting--))
      }))
  })
).pipe(Layer.provide(FetchHttpClient.layer))

const oneReason = (cause: Cause.Cause<unknown>): string => {
  const found = Cause.squash(cause)
  return found instanceof Error ? found.message : String(found)
}

/** The variables of OpenTelemetry, with what the command line says before them. */
const variables = ({ endpoint }: OtlpOptions) =>
  ConfigProvider.layerAdd(
    ConfigProvider.fromUnknown({
      ...endpoint === "" ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
      OTEL_TRACES_EXPORTER: "otlp"
    }),
    { asPrimary: true }
  )

/** The share of traces that are kept, by `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: all unless they say less. */
const ratio = Effect.gen(function*() {
  const sampler = yield* Config.String("OTEL_TRACES_SAMPLER").pipe(Config.withDefault("parentbased_always_on"))
  if (sampler.endsWith("always_off")) return 0
  if (!sampler.endsWith("traceidratio")) return 1
  return Math.min(1, Math.max(0, yield* Config.Finite("OTEL_TRACES_SAMPLER_ARG").pipe(Config.withDefault(1))))
})

const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n

/** An error as people read it: whose code it was is of no use to them. */
const failure = ({ message, type }: NonNullable<Span["error"]>): Exit.Exit<never, Error> => {
  const error = new Error(message)
  error.name = type
  error.stack = `${type}: ${message}`
  return Exit.fail(error)
}

/** Sends the trace of each run that ends to a collector, by Effect's own exporter, until the scope closes. */
export const layer = (options: OtlpOptions) =>
  Layer.effect(
    Traces,
    Effect.gen(function*() {
      const { cluster, instance, version } = options
      const built = yield* Layer.build(
        OtlpTracer.layerFromConfig({
          resource: {
            ...(yield* named) ? {} : { serviceName: "sluice" },
            serviceVersion: version,
            attributes: {
              "service.instance.id": instance,
              ...cluster === undefined ? {} : { "k8s.cluster.name": cluster }
            }
          }
        }).pipe(Layer.provide([serialization, client]))
      )
      const tracer = Context.get(built, Tracer.Tracer)
      const [kept, random] = [yield* Effect.orDie(ratio), yield* Random.Random]
      const ended = (trace: RunTrace): void => {
        const { parent } = trace
        const sampled = parent?.sampled ?? random.nextDoubleUnsafe() < kept
        if (!sampled) return
        const [run, ...stages] = trace.spans(cluster)
        if (run === undefined) return
        const write = (span: Span, kind: Tracer.SpanKind, above: Option.Option<Tracer.AnySpan>): Tracer.Span => {
          const made = tracer.span({
            name: span.name,
            parent: above,
            annotations: Context.empty(),
            links: [],
            startTime: nanoseconds(span.start),
            kind,
            root: Option.isNone(above),
            sampled
          })
          for (const [key, value] of Object.entries(span.attributes)) made.attribute(key, value)
          return made
        }
        const end = (span: Span, made: Tracer.Span) =>
          made.end(nanoseconds(span.end), span.error === undefined ? Exit.void : failure(span.error))
        // Kinds by the conventions of CI/CD: a run is served, its tasks are its own.
        const root = write(
          run,
          "server",
          Option.map(Option.fromUndefinedOr(parent), (given) => Tracer.externalSpan(given))
        )
        for (const stage of stages) end(stage, write(stage, "internal", Option.some(root)))
        end(run, root)
      }
      return { isOn: kept > 0, ended }
    })
  ).pipe(Layer.provide(variables(options)))

/** Whether the variables name the service. */
const named = Effect.gen(function*() {
  const name = yield* Config.String("OTEL_SERVICE_NAME").pipe(Config.withDefault(""))
  const attributes = yield* Config.String("OTEL_RESOURCE_ATTRIBUTES").pipe(Config.withDefault(""))
  return name !== "" || /(?:^|,)\s*service\.name=/u.test(attributes)
}).pipe(Effect.orDie)
