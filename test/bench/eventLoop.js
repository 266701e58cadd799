// Loaded before the process that is measured; plain JavaScript, so that it brings nothing along that is not measured.
import { appendFileSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { isMainThread } from "node:worker_threads"

const resolution = 5
const period = 100

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  let before = process.threadCpuUsage()
  let busiest = 0
  // What the thread itself did between two turns: on a busy machine a block is mostly the wait for a core.
  setInterval(() => {
    const { system, user } = process.threadCpuUsage(before)
    busiest = Math.max(busiest, (system + user) / 1e3)
    before = process.threadCpuUsage()
  }, resolution).unref()
  setInterval(() => {
    const longest = Math.max(0, histogram.max / 1e6 - resolution)
    appendFileSync(process.env.SLUICE_BENCH_EVENT_LOOP, `${Date.now()} ${longest.toFixed(1)} ${busiest.toFixed(1)}\n`)
    histogram.reset()
    busiest = 0
  }, period).unref()
}
