import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A metric: its name, its labels in the order in which they are told, and what it means. */
export interface Metric<Kind extends "counter" | "gauge" | "histogram", Label extends string> {
  readonly kind: Kind
  readonly name: string
  readonly labels: ReadonlyArray<Label>
  readonly help: string
  /** Upper bounds of a histogram's buckets, ascending; the last, without bound, is added. */
  readonly boundaries: ReadonlyArray<number>
}
export type Counter<Label extends string> = Metric<"counter", Label>
export type Gauge<Label extends string> = Metric<"gauge", Label>
export type Histogram<Label extends string> = Metric<"histogram", Label>
export type AnyMetric = Metric<"counter" | "gauge" | "histogram", string>

export type Labels<Label extends string> = Readonly<Record<Label, string>>

/** How often values of a histogram fell into each bucket, not added up. */
export interface Observed {
  readonly buckets: Array<number>
  sum: number
  count: number
}

/** The series of one metric, by its labels as they are told. */
type Series = Map<string, number | Observed>

/** By https://prometheus.io/docs/instrumenting/exposition_formats: backslash, quote and line feed are escaped. */
const escaped = (value: string): string =>
  plain.test(value)
    ? value
    : value.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n")

/** What nearly all values are. */
const plain = /^[\w .:/@+-]*$/u

/** It is kept for each series: what is joined is one string, where a template is a tree of them. */
export const labelsText = (names: ReadonlyArray<string>, labels: Labels<string>): string =>
  names.flatMap((name, index) => [index === 0 ? "" : ",", name, "=\"", escaped(labels[name] ?? ""), "\""]).join("")

/** Values under metrics and labels. */
export class Samples {
  readonly #families = new Map<AnyMetric, Series>()

  #of(metric: AnyMetric): Series {
    let series = this.#families.get(metric)
    if (series === undefined) this.#families.set(metric, series = new Map())
    return series
  }

  add<Label extends string>(metric: Counter<Label>, labels: Labels<Label>, by = 1): void {
    const series = this.#of(metric)
    const key = labelsText(metric.labels, labels)
    series.set(key, (series.get(key) as number | undefined ?? 0) + by)
  }

  set<Label extends string>(metric: Gauge<Label> | Counter<Label>, labels: Labels<Label>, value: number): void {
    this.#of(metric).set(labelsText(metric.labels, labels), value)
  }

  observe<Label extends string>(metric: Histogram<Label>, labels: Labels<Label>, value: number): void {
    const series = this.#of(metric)
    const key = labelsText(metric.labels, labels)
    let observed = series.get(key) as Observed | undefined
    if (observed === undefined) {
      series.set(key, observed = { buckets: metric.boundaries.map(() => 0), sum: 0, count: 0 })
    }
    const bucket = metric.boundaries.findIndex((bound) => value <= bound)
    if (bucket >= 0) observed.buckets[bucket]!++
    observed.sum += value
    observed.count++
  }

  /** Tells no more of whatever has these labels and begins with them. */
  forget(metrics: ReadonlyArray<AnyMetric>, labels: Labels<string>): void {
    const text = labelsText(Object.keys(labels), labels)
    for (const metric of metrics) {
      const series = this.#families.get(metric)
      for (const key of series?.keys() ?? []) if (key === text || key.startsWith(`${text},`)) series!.delete(key)
    }
  }

  series(metric: AnyMetric): ReadonlyMap<string, number | Observed> {
    return this.#families.get(metric) ?? new Map()
  }
}

/** Says what is there now; asked at each scrape, so that what went away is told no more. Fast, and never fails. */
export type Collector = (now: Samples) => void

/** All that is counted, and who says what is there now: one for the process, unless a test provides its own. */
export class MeterState {
  readonly counted = new Samples()
  readonly collectors = new Set<Collector>()

  /** What was counted, and what is there now. */
  scrape(): ReadonlyArray<Samples> {
    const now = new Samples()
    for (const collector of this.collectors) collector(now)
    return [this.counted, now]
  }
}

export const Meter = Context.Reference<MeterState>("sluice/telemetry/Meter", { defaultValue: () => new MeterState() })

export const count = <Label extends string>(metric: Counter<Label>, labels: Labels<Label>, by = 1) =>
  Effect.map(Meter, ({ counted }) => counted.add(metric, labels, by))

export const observe = <Label extends string>(metric: Histogram<Label>, labels: Labels<Label>, value: number) =>
  Effect.map(Meter, ({ counted }) => counted.observe(metric, labels, value))

/** Asks a collector at each scrape, until the scope closes. */
export const collect = (collector: Collector): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Meter, ({ collectors }) => (collectors.add(collector), collectors)),
    (collectors) => Effect.sync(() => collectors.delete(collector))
  )
