import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Fleet } from "./Fleet.ts"
import { type Ground, row } from "./Ground.ts"
import { type Vitals, Watcher } from "./Vitals.ts"

/** Deliveries of each of two halves: what the second adds is theirs alone. */
const half = 100
/** Milliseconds until what nobody uses is closed: stores of Git, connections. */
const calm = 20_000

const each = (more: Vitals, less: Vitals): string => `${((more.heap - less.heap) * 1024 / half).toFixed(1)} KiB`

/** What a Delivery of four objects holds of the heap while nothing happens: after its first sync, and after a restart. */
export const rest = async (ground: Ground) => {
  const temporary = join(ground.folder, "tmp")
  await mkdir(temporary)
  const watcher = new Watcher(ground.folder, temporary)
  const made = await Fleet.make(ground, {
    deliveries: 2 * half,
    objects: 4,
    renderer: "plain",
    interval: "10m",
    watcher
  })
  const looked = async (commit: string, to: number): Promise<Vitals> => {
    await made.ready(commit, 120_000, to)
    await sleep(calm)
    return made.look()
  }
  try {
    const commit = await made.commit(0)
    await made.create(0, half)
    await made.start()
    const few = await looked(commit, half)
    await made.create(half)
    const many = await looked(commit, 2 * half)
    row(`a Delivery of 4 objects at rest, of ${2 * half}`, each(many, few), "goal 80 KiB")
    await made.stop()
    await made.start()
    const again = await looked(commit, 2 * half)
    row("  after a restart", `${((again.heap - few.heap) * 1024 / half).toFixed(1)} KiB`)
  } finally {
    await made.stop()
    await made.remove()
  }
}
