// Loaded before the process that is measured; plain JavaScript, so that it brings nothing along that is not measured.
import { appendFileSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { isMainThread } from "node:worker_threads"

const resolution = 5
const period = 100

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  setInterval(() => {
    const longest = Math.max(0, histogram.max / 1e6 - resolution)
    histogram.reset()
    appendFileSync(process.env.SLUICE_BENCH_EVENT_LOOP, `${Date.now()} ${longest.toFixed(1)}\n`)
  }, period).unref()
}
