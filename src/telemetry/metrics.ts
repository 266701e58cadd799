import type { AnyMetric, Counter, Gauge, Histogram } from "./Meter.ts"

// Every metric, in the order in which they are told. No label holds what people write into commits, paths, messages or
// addresses: the number of series follows the number of Deliveries, bundles and rules.

const declared: Array<AnyMetric> = []
const declare = <Kind extends AnyMetric["kind"], const Label extends string>(
  kind: Kind,
  name: string,
  labels: ReadonlyArray<Label>,
  help: string,
  boundaries: ReadonlyArray<number> = []
) => {
  const metric = { kind, name, labels, help, boundaries }
  declared.push(metric)
  return metric
}
const counter = <const Label extends string>(
  name: string,
  labels: ReadonlyArray<Label>,
  help: string
): Counter<Label> => declare("counter", name, labels, help)
const gauge = <const Label extends string>(name: string, labels: ReadonlyArray<Label>, help: string): Gauge<Label> =>
  declare("gauge", name, labels, help)
const histogram = <const Label extends string>(
  name: string,
  labels: ReadonlyArray<Label>,
  help: string,
  boundaries: ReadonlyArray<number>
): Histogram<Label> => declare("histogram", name, labels, help, boundaries)

const delivery = ["namespace", "name"] as const

export const buildInfo = gauge("sluice_build_info", ["version", "node"], "Always 1: what runs.")

export const deliveryInfo = gauge(
  "sluice_delivery_info",
  [...delivery, "ready", "reason", "suspended"],
  "Always 1: each Delivery that this replica tends. ready: True, False, Unknown; reason: that of its Ready condition."
)
export const reconcileDuration = histogram(
  "sluice_reconcile_duration_seconds",
  [...delivery, "outcome"],
  "How long runs took. outcome: Applied, Unchanged, Denied, Failed, Interrupted.",
  [0.1, 0.5, 1, 5, 15, 60, 300]
)
export const lastApplied = gauge(
  "sluice_delivery_last_success_timestamp_seconds",
  delivery,
  "When a run of the Delivery last ended well, since this process tends it."
)
export const stageDuration = histogram(
  "sluice_stage_duration_seconds",
  ["stage"],
  "How long stages took that came to their end.",
  [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120]
)
export const policyResults = counter(
  "sluice_policy_results_total",
  ["bundle", "rule", "result"],
  "Verdicts of policies. result: passed, warned, denied, waived; beyond a number, policies of repositories are other."
)
export const policyDecisions = counter(
  "sluice_policy_decisions_total",
  ["pass", "verdict"],
  "Decisions of the gate. pass: objects, changeset; verdict: passed, denied."
)
export const policyDuration = histogram(
  "sluice_policy_evaluation_seconds",
  ["pass"],
  "How long policies took for a decision, with the wait for a thread.",
  [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]
)
export const bundleInfo = gauge(
  "sluice_policy_bundle_info",
  ["bundle", "ready"],
  "Always 1: each PolicyBundle. ready: True where it judges, False where it cannot, Unknown before it was looked at."
)
export const driftFindings = counter(
  "sluice_drift_findings_total",
  [...delivery, "action"],
  "Objects that somebody changed. action: healed, reported, denied, backing off."
)
export const driftCorrections = counter(
  "sluice_drift_corrections_total",
  delivery,
  "Objects that were put back after somebody changed them."
)
export const driftFights = counter(
  "sluice_drift_fights_total",
  delivery,
  "Objects that were left for a while because somebody takes them back each time."
)
export const notifications = counter(
  "sluice_notifications_total",
  ["sink", "outcome"],
  "Tries to send a message. sink: slack, teams, …; outcome: sent, retried, dropped."
)
export const webhookRequests = counter(
  "sluice_webhook_requests_total",
  ["source", "code"],
  "Webhooks that came in, by provider and the status of the answer."
)
export const sourceLastSuccess = gauge(
  "sluice_source_last_success_timestamp_seconds",
  delivery,
  "When the source of a Delivery was last listed; 0 before the first time. Pinned commits are not listed."
)
export const sourceInterval = gauge(
  "sluice_source_interval_seconds",
  delivery,
  "How often the source of a Delivery is to be listed."
)
export const tokenExpiry = gauge(
  "sluice_token_expiry_timestamp_seconds",
  ["kind", ...delivery],
  "When a credential ends, where it says so. kind git: a JWT in the Secret of a Delivery's source; kind cluster: the agent's client certificate."
)
export const queueDepth = gauge(
  "sluice_queue_depth",
  ["queue"],
  "What waits for a free slot. queue: api (requests), listing and download (of Git hosts), render (programs), policy (evaluations)."
)
export const workers = gauge(
  "sluice_workers",
  ["queue"],
  "What holds a slot now; see sluice_queue_depth."
)
export const apiRequests = counter(
  "sluice_api_requests_total",
  ["verb", "code"],
  "Answers of the API server, watches left out. code: 2xx, 3xx, 4xx, 429, 5xx, none where no answer came; fenced where the replica may not write."
)
export const apiLimit = gauge(
  "sluice_api_request_limit",
  [],
  "Requests to the API server that may be under way at once: fewer while it answers 429."
)
export const watchdogRestarts = counter(
  "sluice_watchdog_restarts_total",
  delivery,
  "Lanes that did not move and were started anew; the log says why."
)
export const membersSeen = gauge("sluice_members", [], "Replicas that live, as this one sees it.")
export const fenceOpen = gauge(
  "sluice_lease_held",
  [],
  "1 while this replica holds its Lease and may change the cluster, else 0."
)
export const deliveriesTended = gauge("sluice_deliveries_tended", [], "Deliveries that this replica tends.")
export const deliveriesMoved = counter(
  "sluice_deliveries_moved_total",
  ["change"],
  "Deliveries that came to this replica from others, or went to them. change: taken, given."
)
export const traceExports = counter(
  "sluice_trace_exports_total",
  ["outcome"],
  "Exports of traces to the collector. outcome: sent, failed."
)

export const processCpu = counter("process_cpu_seconds_total", [], "User and system CPU time in seconds.")
export const processMemory = gauge("process_resident_memory_bytes", [], "Resident memory in bytes.")
export const processStart = gauge("process_start_time_seconds", [], "Start of the process since the epoch in seconds.")
export const openFiles = gauge("process_open_fds", [], "Open file descriptors.")
export const mostFiles = gauge("process_max_fds", [], "Most file descriptors that may be open.")
export const heapUsed = gauge("nodejs_heap_size_used_bytes", [], "Heap that is used, in bytes.")
export const heapTotal = gauge("nodejs_heap_size_total_bytes", [], "Heap, in bytes.")
export const externalMemory = gauge("nodejs_external_memory_bytes", [], "Memory of buffers, in bytes.")
export const loopLag = gauge(
  "nodejs_eventloop_lag_mean_seconds",
  [],
  "Mean lag of the event loop since the last scrape."
)
export const loopLagP99 = gauge("nodejs_eventloop_lag_p99_seconds", [], "99th percentile of the same.")
export const loopLagMax = gauge("nodejs_eventloop_lag_max_seconds", [], "Longest of the same.")
export const loopUtilization = gauge(
  "nodejs_eventloop_utilization",
  [],
  "Share of the time since the last scrape in which the event loop was busy, 0 to 1."
)

export const metrics: ReadonlyArray<AnyMetric> = declared

/** Series that end with their Delivery. */
export const ofDeliveries = metrics.filter(({ kind, labels }) =>
  kind !== "gauge" && labels[0] === "namespace" && labels[1] === "name"
)
