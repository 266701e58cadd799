import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import { Redactions } from "./domain/redact.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error"
}

/** One JSON object, its annotations beside time, level and message. */
const json = Logger.map(
  Logger.formatStructured,
  ({ annotations, cause, level, message, timestamp }) =>
    JSON.stringify({ timestamp, level, message, ...cause === undefined ? {} : { cause }, ...annotations })
)

/** One line to stderr: stdout is for results. The last redactor stands before it. */
const lines = (format: Logger.Logger<unknown, string>) =>
  Logger.make<unknown, void>((options) => {
    const known = Context.get(options.fiber.context, Redactions)
    process.stderr.write(`${known.redact(format.log(options))}\n`)
  })

/**
 * How the process logs: `logfmt` (`message key=value …`) or `json`; unknown formats mean `logfmt`, unknown levels `info`.
 */
export const logging = (level: string, format: string) =>
  Layer.merge(
    Logger.layer([lines(format === "json" ? json : Logger.formatLogFmt)]),
    Layer.succeed(References.MinimumLogLevel, levels[level] ?? "Info")
  )

// Metrics: the labels stand behind each name. No label holds what people write: no message, path, revision or address.

/** source: the provider of the hook; code: the answer's status. */
export const webhookRequests = Metric.counter("sluice_webhook_requests_total", {
  description: "Webhooks that came in, by provider and answer.",
  incremental: true
})

/** namespace, name, outcome */
export const reconcileDuration = Metric.histogram("sluice_reconcile_duration_seconds", {
  description: "How long runs took, by delivery and outcome.",
  boundaries: [0.1, 0.5, 1, 5, 15, 60, 300]
})

/** stage */
export const stageDuration = Metric.histogram("sluice_stage_duration_seconds", {
  description: "How long stages took.",
  boundaries: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120]
})

/**
 * bundle, rule (the policy's id), result: passed, warned, denied, waived. Policies that repositories bring are named up to
 * a number, all others are `other`.
 */
export const policyResults = Metric.counter("sluice_policy_results_total", {
  description: "Verdicts of policies.",
  incremental: true
})

/** pass: objects, changeset; verdict: passed, denied */
export const policyDecisions = Metric.counter("sluice_policy_decisions_total", {
  description: "Decisions of the gate.",
  incremental: true
})

/** pass */
export const policyDuration = Metric.histogram("sluice_policy_evaluation_seconds", {
  description: "How long policies took for a decision, with the wait for a thread.",
  boundaries: [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]
})

/** namespace, name */
export const driftCorrections = Metric.counter("sluice_drift_corrections_total", {
  description: "Objects that were put back after somebody changed them.",
  incremental: true
})

/** sink, outcome */
export const notifications = Metric.counter("sluice_notifications_total", {
  description: "Messages, by sink and outcome.",
  incremental: true
})

// Below: gauges of what is there now, set at each scrape.

/** namespace, name, ready, suspended; always 1 */
export const deliveryInfo = Metric.gauge("sluice_delivery_info", { description: "Deliveries and how they stand." })

/** namespace, name */
export const sourceLastSuccess = Metric.gauge("sluice_source_last_success_timestamp_seconds", {
  description: "When the source of a delivery was last listed."
})

/** No labels. */
export const queueDepth = Metric.gauge("sluice_queue_depth", { description: "Runs that wait for a free slot." })
