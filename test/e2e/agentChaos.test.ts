import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import type { AgentProcess } from "../support/AgentGround.ts"
import { type ApiRequest, startApiProxy } from "../support/ApiProxy.ts"
import { startBroken } from "../support/broken.ts"
import { ChaosGround, configMap } from "../support/ChaosGround.ts"
import { startTcpProxy } from "../support/TcpProxy.ts"

let ground: ChaosGround

beforeAll(async () => {
  ground = await ChaosGround.start()
}, 120_000)

afterAll(() => ground?.stop())
// What a test that failed left running is not to meddle with the next.
afterEach(() => ground.stopAgents())

/** `SLUICE_CHAOS=long`: the full numbers; otherwise as few as show the same. */
const isLong = process.env.SLUICE_CHAOS === "long"
const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000)

/** A reproducible stream of chance: a failure names its seed. */
let state = seed
const below = (limit: number) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return (state >> 8) % limit
}

const isWrite = ({ method, path }: ApiRequest) => method !== "GET" && !path.includes("dryRun=All")

/** Of messages only those of one namespace. */
const told = (namespace: string) => ground.chat.messages.filter(({ path }) => path === `/hooks/${namespace}`)

/** No transition came twice, unless as the same message again. */
const assertToldOnce = (namespace: string) => {
  const transitions = new Map<string, string>()
  for (const { body, id } of told(namespace)) {
    const transition = `${JSON.stringify(body.type)} ${JSON.stringify(body.subject)}`
    assert.include([undefined, id], transitions.get(transition), `seed ${seed}: ${transition} was told twice`)
    transitions.set(transition, id)
  }
}

describe("an agent that is killed", () => {
  it("leaves nothing behind, tells nothing twice and ends on the newest revision", async () => {
    const [id, kills] = ["kill/shop", isLong ? 50 : 8]
    await ground.namespace("kill")
    const repository = await ground.git.repository("kill")
    const proxy = await startApiProxy(ground.plane)
    const names = Array.from({ length: 12 }, (_, index) => `item-${index}`)
    let wanted: Record<string, string> = {}
    let version = 0
    const commit = () => {
      version++
      wanted = Object.fromEntries(
        names.filter((_, index) => index === 0 || below(3) > 0).map((name) => [name, `${version}`])
      )
      const files = Object.fromEntries(Object.keys(wanted).map((name) => [`${name}.yaml`, configMap(name, version)]))
      return repository.commit(files, `Version ${version}`, { replace: true })
    }
    let newest = await commit()
    await ground.deliver(id, repository.url, "apply: {deletionLimit: 100%}, notify: [{name: chat}]")
    for (let kill = 0; kill < kills; kill++) {
      const agent = await ground.agent(proxy.url)
      const ended = once(agent.process, "exit")
      let writes = 1 + below(24)
      proxy.fate = (request) => {
        if (isWrite(request) && --writes === 0) agent.process.kill("SIGKILL")
        return undefined
      }
      // What is left of the work may be less than the write that it is killed at: then there is more work.
      for (let isAlive = true; isAlive;) {
        newest = await commit()
        const ready = ground.deliveries.ready(id, newest)
        // Whoever is killed does not come so far.
        ready.catch(() => {})
        await Promise.race([ended, ready])
        isAlive = agent.process.signalCode === null
      }
      proxy.fate = () => undefined
    }
    const agent = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, newest)
    assert.deepStrictEqual(await ground.live(id), wanted, `seed ${seed}`)
    assert.deepStrictEqual(ground.owned(id), Object.keys(wanted).sort(), `seed ${seed}`)
    assertToldOnce("kill")
    await agent.stop()
    await proxy.stop()
    console.log(`killed ${kills} times in ${proxy.requests.length} requests`)
  }, isLong ? 600_000 : 120_000)
})

/** A Delivery of some ConfigMaps, each of a version, and how to commit another. */
const scene = async (id: string, size: number, more = "") => {
  const [namespace = "", name = ""] = id.split("/")
  await ground.namespace(namespace)
  const repository = await ground.git.repository(`${namespace}-${name}`)
  const names = Array.from({ length: size }, (_, index) => `${name}-${index}`)
  const stateOf = (version: number) => Object.fromEntries(names.map((each) => [each, `${version}`]))
  const commit = (version: number) =>
    repository.commit(
      Object.fromEntries(names.map((each) => [`${each}.yaml`, configMap(each, version)])),
      `Version ${version}`
    )
  const first = await commit(1)
  await ground.deliver(id, repository.url, more)
  return { namespace, names, commit, stateOf, first }
}

/** What somebody does to objects while nobody looks: one edited, one deleted, one that lost its label. */
const meddle = async (namespace: string, names: ReadonlyArray<string>) => {
  const path = (name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`
  await ground.edit(namespace, names[0]!, "taken")
  await ground.plane.request("DELETE", path(names[1]!))
  const unlabelled = { metadata: { labels: { "sluice.dev/delivery": null } } }
  await ground.plane.request("PATCH", path(names[2]!), unlabelled, "application/merge-patch+json")
}

const isRunning = ({ process }: AgentProcess) => process.exitCode === null && process.signalCode === null

const assertSound = (agent: AgentProcess) => {
  assert.isTrue(isRunning(agent), agent.output.slice(-5_000))
  assert.notMatch(agent.output, /mistake in Sluice/u)
}

/** Ends an agent as Kubernetes does; the milliseconds that it took. */
const end = async (agent: AgentProcess): Promise<number> => {
  const asked = performance.now()
  assert.strictEqual(await agent.stop(), 143, agent.output.slice(-3_000))
  return performance.now() - asked
}

describe("a cluster that is out of reach", () => {
  it("is taken up again when the API server was restarted", async () => {
    const id = "restart/shop"
    const { commit, first, names, namespace, stateOf } = await scene(id, 5)
    const agent = await ground.agent()
    await ground.deliveries.ready(id, first)
    let second = ""
    await ground.plane.restart("kube-apiserver", async () => {
      second = await commit(2)
    })
    await meddle(namespace, names)
    await ground.deliveries.ready(id, second)
    await ground.stands(id, stateOf(2))
    await meddle(namespace, names)
    await ground.stands(id, stateOf(2))
    assertSound(agent)
    await agent.stop()
  }, 120_000)

  for (const weather of isLong ? ["cut", "frozen"] as const : ["cut"] as const) {
    it(`is taken up again when the network was ${weather}`, async () => {
      const id = `${weather}/shop`
      const proxy = await startTcpProxy(Number(new URL(ground.plane.server).port))
      const { commit, first, names, namespace, stateOf } = await scene(id, 5)
      const leaving = await scene(`${weather}/leaving`, 3)
      const agent = await ground.agent(proxy.url)
      await ground.deliveries.ready(id, first)
      await ground.deliveries.ready(`${weather}/leaving`, leaving.first)
      proxy.become(weather)
      await meddle(namespace, names)
      await ground.plane.request("DELETE", `/apis/sluice.dev/v1alpha1/namespaces/${weather}/deliveries/leaving`)
      const second = await commit(2)
      await sleep(isLong ? 60_000 : 3_000)
      const tried = proxy.connections
      proxy.become("clear")
      const mended = performance.now()
      await ground.deliveries.ready(id, second)
      await ground.stands(id, stateOf(2))
      await ground.deliveries.until("the other one is gone", (known) => !known.has(`${weather}/leaving`))
      await ground.stands(`${weather}/leaving`, {})
      console.log(
        `${weather}: well ${Math.round(performance.now() - mended)} ms after; ${tried} connections were tried`
      )
      await meddle(namespace, names)
      await ground.stands(id, stateOf(2))
      assertSound(agent)
      assertToldOnce(weather)
      await agent.stop()
      await proxy.stop()
    }, isLong ? 240_000 : 120_000)
  }
})

describe("an API server that misbehaves", () => {
  it("is asked less while it says 429, and nothing is lost", async () => {
    const id = "storm/shop"
    const proxy = await startApiProxy(ground.plane)
    const { commit, first, names, namespace, stateOf } = await scene(id, 10)
    const agent = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, first)
    const before = proxy.requests.length
    proxy.fate = () => ({ status: 429, retryAfter: 1 })
    proxy.dropWatches()
    const second = await commit(2)
    await meddle(namespace, names)
    await sleep(isLong ? 60_000 : 5_000)
    const asked = proxy.requests.length - before
    proxy.fate = () => undefined
    await ground.deliveries.ready(id, second)
    await ground.stands(id, stateOf(2))
    console.log(`429 storm: ${asked} requests`)
    // Five watches of the agent, some of the Delivery, and one run: a few tries each, farther and farther apart.
    assert.isBelow(asked, isLong ? 600 : 250)
    assertSound(agent)
    await agent.stop()
    await proxy.stop()
  }, isLong ? 240_000 : 120_000)

  it("may drop watches, answer slowly and in part: nothing is pruned that is wanted", async () => {
    const id = "drops/shop"
    const proxy = await startApiProxy(ground.plane)
    const { commit, first, names, namespace, stateOf } = await scene(id, 10)
    const agent = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, first)
    proxy.fate = ({ isWatch, method }) => {
      const chance = below(10)
      if (method === "GET" && !isWatch && chance < 3) return { cutAfter: 200 }
      if (chance === 3) return { status: [500, 502, 503, 504][below(4)]! }
      return chance < 7 ? { delay: below(300) } : undefined
    }
    for (let version = 2; version <= (isLong ? 20 : 3); version++) {
      const newest = await commit(version)
      proxy.dropWatches(2)
      await ground.deliveries.ready(id, newest, 120_000)
      await meddle(namespace, names)
      proxy.dropWatches(2)
      await ground.stands(id, stateOf(version), 120_000)
    }
    const deleted = proxy.requests.filter(({ method, path }) => method === "DELETE" && path.includes("/configmaps/"))
    assert.deepStrictEqual(deleted, [], `seed ${seed}`)
    assertSound(agent)
    await agent.stop()
    await proxy.stop()
  }, isLong ? 900_000 : 240_000)
})

describe("an agent that is told to end", () => {
  it("ends at once in the middle of its work, and the next one goes on from there", async () => {
    const id = "end/shop"
    const proxy = await startApiProxy(ground.plane)
    const { commit, first, names, stateOf } = await scene(id, 12)
    const agent = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, first)
    // Written by the first agent, and never again by the second.
    const written = new Set<string>()
    const isApply = (request: ApiRequest) =>
      isWrite(request) && names.some((name) => request.path.includes(`/end/configmaps/${name}?`))
    const writing = Promise.withResolvers<void>()
    proxy.fate = (request) => {
      if (!isApply(request)) return undefined
      if (written.size === 3) writing.resolve()
      written.add(request.path)
      return { delay: 200 }
    }
    const second = await commit(2)
    await writing.promise
    // After nine seconds it would end in any case.
    assert.isBelow(await end(agent), 8_000)
    const since = proxy.requests.length
    const next = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, second)
    await ground.stands(id, stateOf(2))
    const again = proxy.requests.slice(since).filter(isApply).map(({ path }) => path)
    assert.deepStrictEqual(again.filter((path) => written.has(path)), [])
    await end(next)
    await proxy.stop()
  }, 120_000)

  it("ends within ten seconds when a write is never answered", async () => {
    const id = "hung/shop"
    const proxy = await startApiProxy(ground.plane)
    const { commit, first, stateOf } = await scene(id, 5)
    const agent = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, first)
    const writing = Promise.withResolvers<void>()
    proxy.fate = (request) => {
      if (!isWrite(request)) return undefined
      writing.resolve()
      return { delay: 600_000 }
    }
    const second = await commit(2)
    await writing.promise
    // Nine seconds, and what a busy machine adds to them.
    assert.isBelow(await end(agent), 12_000)
    proxy.fate = () => undefined
    const next = await ground.agent(proxy.url)
    await ground.deliveries.ready(id, second)
    await ground.stands(id, stateOf(2))
    await next.stop()
    await proxy.stop()
  }, 120_000)
})

describe("Deliveries that cannot be Ready", () => {
  it("say why, each for itself, and the others are Ready and follow", async () => {
    const broken = await startBroken(ground)
    await ground.namespace("broken")
    const some = await broken.deliver("broken", broken.ways.length)
    const { commit, first, namespace, names, stateOf } = await scene("healthy/shop", 5)
    const agent = await ground.agent()
    await ground.deliveries.ready("healthy/shop", first)
    for (const { id, name, reason } of some) {
      // A Git host that says nothing is given 30 s.
      if (isLong || name !== "silent") await ground.deliveries.reason(id, reason)
    }
    await ground.deliveries.ready("healthy/shop", await commit(2))
    await meddle(namespace, names)
    await ground.stands("healthy/shop", stateOf(2))
    assertSound(agent)
    assert.isBelow(await end(agent), 10_000)
    await broken.stop()
  }, 120_000)
})
