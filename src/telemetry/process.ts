import { readdirSync, readFileSync } from "node:fs"
import { monitorEventLoopDelay, performance } from "node:perf_hooks"
import type { Collector } from "./Meter.ts"
import * as metrics from "./metrics.ts"

/** Milliseconds between two looks at the event loop's lag: twenty a second, from the first scrape on. */
const resolution = 50

/** Undefined where the system does not say: everywhere but on Linux. */
const read = <A>(look: () => A): A | undefined => {
  try {
    return look()
  } catch {
    return undefined
  }
}

const mostFiles = (): number | undefined => {
  const limit = /^Max open files\s+(\d+)/mu.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]
  return limit === undefined ? undefined : Number(limit)
}

/** What the process itself takes, under the names that Prometheus' own clients use. An agent that nobody scrapes pays nothing. */
export const processMetrics = (version: string): Collector => {
  const startedAt = Date.now() / 1_000 - process.uptime()
  let lag: ReturnType<typeof monitorEventLoopDelay> | undefined
  let limit: number | undefined
  let late: { readonly mean: number; readonly p99: number; readonly max: number } | undefined
  let busy = performance.eventLoopUtilization()
  return (now) => {
    now.set(metrics.buildInfo, { version, node: process.versions.node }, 1)
    const { system, user } = process.cpuUsage()
    now.set(metrics.processCpu, {}, (system + user) / 1e6)
    now.set(metrics.processStart, {}, startedAt)
    const { external, heapTotal, heapUsed, rss } = process.memoryUsage()
    now.set(metrics.processMemory, {}, rss)
    now.set(metrics.heapUsed, {}, heapUsed)
    now.set(metrics.heapTotal, {}, heapTotal)
    now.set(metrics.externalMemory, {}, external)
    const files = read(() => readdirSync("/proc/self/fd").length)
    if (files !== undefined) now.set(metrics.openFiles, {}, files)
    limit ??= read(mostFiles)
    if (limit !== undefined) now.set(metrics.mostFiles, {}, limit)
    const since = performance.eventLoopUtilization(busy)
    busy = performance.eventLoopUtilization()
    now.set(metrics.loopUtilization, {}, since.utilization)
    if (lag === undefined) {
      lag = monitorEventLoopDelay({ resolution })
      lag.enable()
      return
    }
    // Two scrapes within one look at it: what the one before was told.
    if (lag.count > 0) {
      // A timer is late by its own interval: what is left is the lag.
      const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolution / 1_000)
      late = { mean: seconds(lag.mean), p99: seconds(lag.percentile(99)), max: seconds(lag.max) }
      lag.reset()
    }
    if (late === undefined) return
    now.set(metrics.loopLag, {}, late.mean)
    now.set(metrics.loopLagP99, {}, late.p99)
    now.set(metrics.loopLagMax, {}, late.max)
  }
}
