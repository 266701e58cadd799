import type { AnyMetric, Observed, Samples } from "./Meter.ts"

const numeral = (value: number): string =>
  value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value)

const inBraces = (labels: string): string => labels === "" ? "" : `{${labels}}`

const histogramLines = ({ boundaries, name }: AnyMetric, labels: string, { buckets, count, sum }: Observed): string => {
  const own = labels === "" ? "" : `${labels},`
  let lines = ""
  let below = 0
  for (const [index, bound] of boundaries.entries()) {
    below += buckets[index]!
    lines += `${name}_bucket{${own}le="${bound}"} ${below}\n`
  }
  return `${lines}${name}_bucket{${own}le="+Inf"} ${count}\n` +
    `${name}_sum${inBraces(labels)} ${numeral(sum)}\n${name}_count${inBraces(labels)} ${count}\n`
}

/** Series that are written before others get their turn: a few milliseconds. */
const atOnce = 1_000

/**
 * Prometheus' text format 0.0.4, in parts between which others may have their turn: every metric with its HELP and TYPE,
 * also while it has no series; each series once.
 */
export const exposition = function*(
  metrics: ReadonlyArray<AnyMetric>,
  samples: ReadonlyArray<Samples>
): Generator<string, void> {
  let part = ""
  let written = 0
  for (const metric of metrics) {
    const { help, kind, name } = metric
    part += `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${kind}\n`
    // What is counted is not collected: no series comes twice.
    for (const each of samples) {
      for (const [labels, value] of each.series(metric)) {
        part += typeof value === "number"
          ? `${name}${inBraces(labels)} ${numeral(value)}\n`
          : histogramLines(metric, labels, value)
        if (++written % atOnce > 0) continue
        yield part
        part = ""
      }
    }
  }
  yield part
}
