import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Ground, row } from "./Ground.ts"
import { Life } from "./Life.ts"
import { type Vitals, Watcher } from "./Vitals.ts"

const numberOf = (name: string, otherwise: number): number =>
  Number(process.argv.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise)

/** Looks at the agent, besides the first one and those after the visitors. */
const looks = 20
/** The part of all that fills caches before the first figure that counts. */
const warmUp = 0.15
/** Milliseconds until what nobody uses is closed: packs, watches, connections. Figures that are compared are of then. */
const rest = 40_000
/** What may be done at once. */
const atOnce = 8

/** Requests that the API server took of the agent, as itself and as the accounts of Deliveries, from its own metrics. */
const requestsOf = async ({ plane }: Ground): Promise<number> => {
  const text = await plane.request("GET", "/metrics") as string
  const counts = text.matchAll(
    /^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="(?:global-default|service-accounts)".*\} (\S+)$/gmu
  )
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

const columns = [
  "triggers",
  "commits",
  "minutes",
  "RSS",
  "heap",
  "external",
  "handles",
  "sockets",
  "threads",
  "data MiB",
  "files",
  "packs",
  "/tmp",
  "requests"
]
const line = (cells: ReadonlyArray<string>) => console.log(cells.map((cell) => cell.padStart(9)).join(""))

const told = (now: Vitals): ReadonlyArray<string> => {
  const { data, dataFiles, external, handles, heap, packs, resident, sockets, temporary, threads } = now
  return [resident, heap, external].map((figure) => figure.toFixed(1)).concat(
    [handles, sockets, threads].map(String),
    data.toFixed(1),
    [dataFiles, packs, temporary].map(String)
  )
}

/**
 * Eight hours' worth of life of one agent with 50 Deliveries: 100,000 reasons to reconcile, 5,000 commits, and then 1,000
 * Deliveries that come and go; `--triggers=`, `--commits=`, `--visitors=` for less. What it holds at the end, against what it
 * held after a seventh of that, and after the visitors, against what it held before them.
 */
export const endurance = async (ground: Ground) => {
  const triggers = numberOf("triggers", 100_000)
  const commits = numberOf("commits", 5_000)
  const visitors = numberOf("visitors", 1_000)
  const temporary = join(ground.folder, "tmp")
  await mkdir(temporary)
  const watcher = new Watcher(ground.folder, temporary)
  const life = await Life.make(ground, 5, 5)
  try {
    const began = Date.now()
    const agent = await life.start(watcher)
    await life.settle()
    line(columns)
    let [triggered, committed] = [0, 0]
    const look = async (isCompared = false) => {
      if (isCompared) await sleep(rest)
      const vitals = await watcher.look(agent, isCompared)
      const minutes = (Date.now() - began) / 60_000
      line([`${triggered}`, `${committed}`, minutes.toFixed(1), ...told(vitals), `${await requestsOf(ground)}`])
      return vitals
    }
    await look()

    let warm: Vitals | undefined
    let last: Vitals | undefined
    for (let turn = 1; turn <= looks; turn++) {
      const until = Math.round(triggers * turn / looks)
      const worker = async () => {
        while (triggered < until) {
          triggered++
          if (committed < triggered * commits / triggers) {
            committed++
            await life.commit()
          }
          await life.trigger()
        }
      }
      await Promise.all(Array.from({ length: atOnce }, worker))
      await life.settle()
      const isWarm = warm === undefined && turn >= looks * warmUp
      last = await look(isWarm || turn === looks)
      if (isWarm) warm = last
    }
    const seconds = (Date.now() - began) / 1_000
    row(
      `${triggers} triggers and ${commits} commits`,
      `${Math.round(seconds)} s, ${Math.round(triggers / seconds)} triggers a second`
    )
    console.log(`  hooks: ${JSON.stringify(life.hooks)}; ${life.messages} messages told`)
    compare("at the end, against warm-up", warm!, last!)

    if (visitors === 0) return
    const some = Math.min(50, visitors)
    await life.visit(0, some)
    await life.settle()
    const before = await look(true)
    for (let from = some; from < visitors; from += some) await life.visit(from, Math.min(some, visitors - from))
    await life.settle()
    compare(`after ${visitors} Deliveries that came and went, against after ${some}`, before, await look(true))
  } finally {
    await life.stop()
  }
}

/** Prints what grew by how much, and fails the run where it is more than a tenth. */
const compare = (what: string, before: Vitals, after: Vitals) => {
  console.log(what)
  const figures = {
    resident: "resident memory, MiB",
    heap: "heap, MiB",
    handles: "open handles",
    data: "data, MiB"
  } as const
  for (const name of Object.keys(figures) as ReadonlyArray<keyof typeof figures>) {
    const growth = (after[name] - before[name]) / before[name]
    const isBound = name === "resident" || name === "handles"
    row(
      `  ${figures[name]}`,
      `${before[name].toFixed(0)} to ${after[name].toFixed(0)}: ${(100 * growth).toFixed(1)} %`,
      isBound ? "goal 10 %" : ""
    )
    if (isBound && growth > 0.1) process.exitCode = 1
  }
}
