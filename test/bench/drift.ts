import { setTimeout as sleep } from "node:timers/promises"
import { bulk, chance, DriftGround, namespace } from "../support/DriftGround.ts"
import { cpuSeconds, median, peakMebibytes, row } from "./Ground.ts"

const count = 1_000
const edited = 200

const quantile = (numbers: ReadonlyArray<number>, part: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))]!

const told = (numbers: ReadonlyArray<number>): string =>
  `median ${Math.round(median(numbers))} ms, p99 ${Math.round(quantile(numbers, 0.99))} ms`

/** 1,000 objects of one Delivery, edited and deleted by another manager: how soon all is as Git says. */
export const drift = async (idleMinutes: number) => {
  const ground = await DriftGround.start()
  try {
    const repository = await ground.git.repository("bulk")
    const commit = await repository.commit(bulk(count), "A thousand objects")
    const agent = await ground.startAgent()
    const begin = performance.now()
    await ground.deliver("bulk", repository.url)
    await ground.deliveries.ready(`${namespace}/bulk`, commit, 120_000)
    row(`${count} objects: first applied`, `${Math.round(performance.now() - begin)} ms`)
    const random = chance(7)
    const before = cpuSeconds(agent.process.pid!)
    const apart = await ground.healed(ground.edits(edited, count, random), 50, 60_000)
    row(
      `${edited} edits and deletions, 50 ms apart: each healed`,
      told(apart),
      "goal 50 ms, 1 s (Flux at an interval of 10 s: 5 s)"
    )
    row("  CPU of the agent", `${(cpuSeconds(agent.process.pid!) - before).toFixed(1)} s`)
    const burst = await ground.healed(ground.edits(edited, count, random), 0, 60_000)
    row(`${edited} in one burst: the last one healed`, `${Math.round(Math.max(...burst))} ms`, "goal 3,000 ms")
    row("  peak memory of the agent", `${Math.round(peakMebibytes(agent.process.pid!))} MiB`)
    if (idleMinutes > 0) {
      // The last status, Event and record of what was healed are written within seconds.
      await sleep(15_000)
      const since = new Date().toISOString()
      const cpu = cpuSeconds(agent.process.pid!)
      await sleep(idleMinutes * 60_000)
      const verbs = Object.entries(Object.groupBy(await ground.requestsSince(since), (line) => line.split(" ")[0]!))
      row(
        `nothing happens for ${idleMinutes} minutes: requests`,
        verbs.map(([verb, all = []]) => `${verb} ${all.length}`).join(", ") || "none",
        "goal none but watch and leases"
      )
      const others = verbs.filter(([verb]) => verb !== "watch").flatMap(([, all = []]) => all)
      for (const line of others.slice(0, 20)) console.log(`  ${line}`)
      row("  CPU of the agent", `${(cpuSeconds(agent.process.pid!) - cpu).toFixed(1)} s`)
    }
  } finally {
    await ground.stop()
  }
}
