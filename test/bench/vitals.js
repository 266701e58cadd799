// Loaded before the process that is looked at. On SIGUSR2 it collects its garbage (`--expose-gc`) and says what it holds.
import { appendFileSync, existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { writeHeapSnapshot } from "node:v8"
import { isMainThread } from "node:worker_threads"

const { SLUICE_BENCH_HEAP: snapshots, SLUICE_BENCH_VITALS: file } = process.env

const look = async () => {
  // Finalizers run between two turns; what they let go is collected by the next pass.
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc()
    await sleep(50)
  }
  const wanted = snapshots === undefined ? undefined : join(snapshots, "take")
  if (wanted !== undefined && existsSync(wanted)) {
    rmSync(wanted)
    writeHeapSnapshot(join(snapshots, `${Date.now()}.heapsnapshot`))
  }
  appendFileSync(file, `${JSON.stringify(process.memoryUsage())}\n`)
}

if (isMainThread) process.on("SIGUSR2", () => void look())
