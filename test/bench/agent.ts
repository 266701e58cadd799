import { setTimeout as sleep } from "node:timers/promises"
import { bareLoop } from "./apply.ts"
import { Fleet, type FleetOptions } from "./Fleet.ts"
import { type Ground, peakMebibytes, row, told } from "./Ground.ts"

interface Goals {
  readonly first: string
  readonly one: string
  readonly all: string
  readonly each: string
  readonly memory: string
}

/** A webhook begins a listing at once, unless the one before came less than two seconds ago. */
const calm = 2_500

/** What a fleet of Deliveries of one monorepo takes: first sync, commits, resyncs, a restart of the agent, rest. */
const fleet = async (ground: Ground, options: FleetOptions, goals: Goals, minutes: number) => {
  const { deliveries, objects, renderer } = options
  const all = `all ${deliveries}`
  const made = await Fleet.make(ground, options)
  try {
    const began = performance.now()
    await bareLoop(ground.plane, deliveries * objects, "default", "1")
    row(
      `bare loop: a dry-run and a PATCH of ${deliveries * objects} objects`,
      `${Math.round(performance.now() - began)} ms`
    )
    await ground.plane.request("DELETE", "/api/v1/namespaces/default/configmaps")

    const first = await made.commit(0)
    await made.create()
    await made.start()
    await made.measured(`${deliveries} x ${objects} by ${renderer}: first sync`, goals.first, () => made.ready(first))

    const [applied, advanced]: [Array<number>, Array<number>] = [[], []]
    for (let version = 1; version <= 3; version++) {
      const { applied: stands } = await made.stands(7, version)
      const commit = await made.commit(version, [7])
      await made.measured(`a commit that touches one: ${all} on it`, goals.all, async () => {
        const began = performance.now()
        const since = () => performance.now() - began
        await made.hook()
        await Promise.all([
          stands.then(() => applied.push(since())),
          made.ready(commit).then(() => advanced.push(since()))
        ])
      }, calm)
    }
    row("  webhook to applied", told(applied), goals.one)
    row(`  webhook to ${all} on the revision`, told(advanced), goals.all)

    const each = await made.commit(10)
    await made.measured(`a commit that touches each`, goals.each, async () => {
      await made.hook()
      await made.ready(each)
    }, calm)

    await made.measured("resync: a webhook, and nothing new", "goal no request", () => made.hook(), calm)
    const value = new Date().toISOString()
    await made.measured(
      `resync: ${all} asked for by annotation, one after the other`,
      "one status write each",
      async () => {
        await made.request(value)
        await made.handled(value)
      }
    )
    const peak = peakMebibytes(made.pid)

    await made.stop()
    await made.start()
    await made.measured("the agent starts again", "no write", () => made.ready(each), 5_000)
    if (minutes > 0) await rest(made, minutes)
    row(
      "  peak resident memory, before and after the restart",
      `${peak.toFixed(0)}, ${peakMebibytes(made.pid).toFixed(0)} MiB`,
      goals.memory
    )
  } finally {
    await made.stop()
    await made.remove()
  }
}

const rest = (made: Fleet, minutes: number) =>
  made.measured(
    `idle for ${minutes} min, polled every minute`,
    "leases and watches only",
    () => sleep(minutes * 60_000),
    0
  )

/** Minutes of rest: 1, or what the environment says. */
const idleMinutes = Number(process.env.SLUICE_BENCH_IDLE_MINUTES ?? 1)

export const hundred = (ground: Ground) =>
  fleet(ground, { deliveries: 100, objects: 10, renderer: "kustomize", interval: "1m" }, {
    first: "goal 5,000 ms (Flux 15,000 to 17,000)",
    one: "goal 300 ms (Flux 800 to 1,100)",
    all: "goal 1,000 ms (Flux 13,000 to 22,000)",
    each: "goal 5,000 ms (Flux 14,000 to 22,000)",
    memory: "goal 300 MiB (Flux 310 to 360 MB)"
  }, idleMinutes)

export const fiveHundred = (ground: Ground) =>
  fleet(ground, { deliveries: 500, objects: 10, renderer: "kustomize", interval: "1m" }, {
    first: "goal 25,000 ms (Flux 119,000)",
    one: "",
    all: "",
    each: "",
    memory: ""
  }, idleMinutes)

export const thousand = (ground: Ground) =>
  fleet(ground, { deliveries: 1_000, objects: 4, renderer: "plain", interval: "1m" }, {
    first: "goal 45,000 ms (Flux's own figure: 253,000 on 16 cores)",
    one: "",
    all: "",
    each: "",
    memory: "goal 400 MiB"
  }, idleMinutes)
