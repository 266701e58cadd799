import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Vitals, Watcher } from "../bench/Vitals.ts"
import type { AgentProcess } from "../support/AgentGround.ts"
import { type ApiProxy, startApiProxy } from "../support/ApiProxy.ts"
import { ChaosGround, configMap } from "../support/ChaosGround.ts"
import type { Repository } from "../support/git/Repository.ts"
import { startTcpProxy, type TcpProxy } from "../support/TcpProxy.ts"

/** `SLUICE_CHAOS=long`: a minute of each trouble; otherwise as little as shows the same, of what no other file has. */
const isLong = process.env.SLUICE_CHAOS === "long"
const lasting = isLong ? 60_000 : 4_000
const warmUps = isLong ? 5 : 0
const short = new Set(["answers take five seconds", "watches are dropped, and lists are cut short"])

const id = "outage/shop"
const names = Array.from({ length: 20 }, (_, index) => `item-${index}`)
const stateOf = (version: number) => Object.fromEntries(names.map((name) => [name, `${version}`]))

let ground: ChaosGround
let api: ApiProxy
let network: TcpProxy
let repository: Repository
let agent: AgentProcess
let watcher: Watcher
let folder: string
let before: Vitals
let version = 0

const commit = () => {
  version++
  const files = Object.fromEntries(names.map((name) => [`${name}.yaml`, configMap(name, version)]))
  return repository.commit(files, `Version ${version}`)
}

/** Somebody edits an object, deletes another and takes the label of a third, past what the agent has to go through. */
const meddle = async () => {
  const path = (name: string) => `/api/v1/namespaces/outage/configmaps/${name}`
  const unlabelled = { metadata: { labels: { "sluice.dev/delivery": null } } }
  await ground.edit("outage", names[0]!, "taken")
  await ground.plane.request("DELETE", path(names[1]!))
  await ground.plane.request("PATCH", path(names[2]!), unlabelled, "application/merge-patch+json")
}

beforeAll(async () => {
  ground = await ChaosGround.start()
  await ground.namespace("outage")
  repository = await ground.git.repository("outage")
  api = await startApiProxy(ground.plane)
  network = await startTcpProxy(Number(new URL(api.url).port))
  folder = mkdtempSync(join(tmpdir(), "sluice-outage-"))
  watcher = new Watcher(folder, folder)
  const first = await commit()
  await ground.deliver(id, repository.url)
  agent = await ground.agent(network.url, [], watcher)
  await ground.deliveries.ready(id, first)
  // What a run and a heal leave in memory is there before it is measured.
  for (let round = 0; round < warmUps; round++) {
    await meddle()
    await ground.stands(id, stateOf(version))
    await ground.deliveries.ready(id, await commit())
  }
  before = await watcher.look(agent)
}, 120_000)

afterAll(async () => {
  await ground?.stopAgents()
  await Promise.all([network?.stop(), api?.stop(), ground?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

const isRunning = () => agent.process.exitCode === null && agent.process.signalCode === null
const ended = () => `${agent.process.exitCode} ${agent.process.signalCode}: ${agent.output.slice(-5_000)}`

/** What befalls the API server or the way to it; each does something in its middle. */
const troubles: Readonly<Record<string, (middle: () => Promise<void>) => Promise<void>>> = {
  "the API server is killed, and starts again": (middle) =>
    ground.plane.restart("kube-apiserver", async () => {
      await Promise.all([middle(), sleep(lasting)])
    }),
  "answers take five seconds": async (middle) => {
    api.fate = () => ({ delay: 5_000 })
    await Promise.all([middle(), sleep(lasting)])
    api.fate = () => undefined
  },
  "everything is answered by 429": async (middle) => {
    api.fate = () => ({ status: 429, retryAfter: 1 })
    api.dropWatches()
    await Promise.all([middle(), sleep(lasting)])
    api.fate = () => undefined
  },
  "connections are cut": async (middle) => {
    network.become("cut")
    await Promise.all([middle(), sleep(lasting)])
    network.become("clear")
  },
  "watches are dropped, and lists are cut short": async (middle) => {
    api.fate = ({ isWatch, method }) => method === "GET" && !isWatch ? { cutAfter: 300 } : undefined
    const dropping = setInterval(() => api.dropWatches(2), 500)
    await Promise.all([middle(), sleep(lasting)])
    clearInterval(dropping)
    api.fate = () => undefined
  },
  "packets vanish, and nobody is told": async (middle) => {
    network.become("frozen")
    await Promise.all([middle(), sleep(lasting)])
    // What was open before stays deaf for ever.
    network.become("clear")
  }
}

describe("an agent in trouble", () => {
  for (const [what, befall] of Object.entries(troubles)) {
    it.runIf(isLong || short.has(what))(`catches up by itself when ${what}`, async () => {
      const since = api.requests.length
      let newest = ""
      await befall(async () => {
        await sleep(lasting / 3)
        newest = await commit()
        // Nobody meddles through a server that is not there.
        if (!what.includes("killed")) await meddle()
      })
      const over = performance.now()
      assert.isTrue(isRunning(), ended())
      await ground.deliveries.ready(id, newest, 90_000)
      await ground.stands(id, stateOf(version), 90_000)
      const caughtUp = Math.round(performance.now() - over)
      await meddle()
      await ground.stands(id, stateOf(version))
      const { heap, handles, resident } = await watcher.look(agent)
      console.log(
        `${what}, for ${lasting / 1_000} s: all is well ${caughtUp} ms after; ${
          api.requests.length - since
        } requests; ` +
          `resident ${resident.toFixed(0)} MiB, heap ${heap.toFixed(1)} MiB, ${handles} handles`
      )
      const deleted = api.requests.slice(since).filter(({ method, path }) =>
        method === "DELETE" && names.some((name) => path.includes(`/configmaps/${name}`))
      )
      assert.deepStrictEqual(deleted, [], "nothing was pruned")
      assert.isTrue(isRunning(), ended())
      assert.notMatch(agent.output, /mistake in Sluice/u)
    }, 4 * lasting + 120_000)
  }

  it.runIf(isLong)("holds no more memory and no more handles than before", async () => {
    // Connections that nobody uses are closed after 30 s, those that are deaf after as long.
    let after = await watcher.look(agent)
    for (let turn = 0; turn < 60 && after.handles > before.handles + 2; turn++) {
      await sleep(1_000)
      after = await watcher.look(agent)
    }
    const told = ({ heap, handles, resident, threads }: Vitals) =>
      `resident ${resident.toFixed(0)} MiB, heap ${heap.toFixed(1)} MiB, ${handles} handles, ${threads} threads`
    console.log(`before: ${told(before)}; after: ${told(after)}`)
    assert.isAtMost(after.handles, before.handles + 2)
    assert.isAtMost(after.threads, before.threads)
    assert.isAtMost(after.heap, before.heap * 1.15)
    assert.isAtMost(after.resident, before.resident * 1.2)
  }, 120_000)
})
