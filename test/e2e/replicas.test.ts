import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { setTimeout as sleep } from "node:timers/promises"
import { ownerOf } from "../../src/members/rendezvous.ts"
import { senders } from "../server/webhooks.ts"
import { applyYaml } from "../support/AgentGround.ts"
import { configMap } from "../support/ChaosGround.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import type { Repository } from "../support/git/Repository.ts"
import { changesOf, replicaOf, strangers, toldViews } from "../support/ownership.ts"
import { leaseSeconds, Replicas } from "../support/Replicas.ts"

/** `SLUICE_REPLICAS=long`: the full numbers; otherwise as few as show the same. */
const isLong = process.env.SLUICE_REPLICAS === "long"
const count = isLong ? 300 : 30
const stormMs = isLong ? 300_000 : 20_000
/** How long all may take to follow. */
const patience = isLong ? 180_000 : 60_000
const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000)
let state = seed
const below = (limit: number) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return (state >> 8) % limit
}

let replicas: Replicas
let repository: Repository
const ids = Array.from({ length: count }, (_, index) => `fleet/d${index}`)

/** Of which of the fleet's Deliveries a request is: its own name, or that of its objects, records and Events. */
const keyOf = ({ objectRef }: AuditEvent): string | undefined => {
  const name = /^(?:sluice-)?(d\d+)(?:$|[-.])/u.exec(objectRef?.name ?? "")?.[1]
  return objectRef?.namespace === "fleet" && name !== undefined ? `fleet/${name}` : undefined
}

let version = 0
const commit = () => {
  version++
  const files = ids.map((id, index) => [`${id}/object.yaml`, configMap(`d${index}`, version)] as const)
  return repository.commit(Object.fromEntries(files), `Version ${version}`)
}

const onNewest = (revision: string, timeoutMs: number) =>
  replicas.ground.deliveries.until(`all are on ${revision}`, (known) =>
    ids.every((id) => {
      const status = known.get(id)?.status
      return status?.lastAppliedRevision?.endsWith(revision) === true &&
        status.conditions?.some(({ status, type }) => type === "Ready" && status === "True") === true
    }), timeoutMs).catch((error: Error) => {
      throw new Error(`${error.message}\n${replicas.complaints}`)
    })

const now = () => new Date().toISOString().replace("Z", "000Z")
const since = (events: ReadonlyArray<AuditEvent>, time: string) =>
  events.filter(({ requestReceivedTimestamp }) => requestReceivedTimestamp > time)

/** Waits until no replica has asked for anything for a while, but for what keeps its Lease. */
const quiet = async (forMs = 1_500) => {
  for (const deadline = performance.now() + patience; performance.now() < deadline; await sleep(100)) {
    const lately = since(await replicas.ground.plane.readAudit(), new Date(Date.now() - forMs).toISOString())
    const isAsking = ({ objectRef, verb }: AuditEvent) => verb !== "watch" && objectRef?.resource !== "leases"
    if (!lately.some((event) => replicaOf(event) !== undefined && isAsking(event))) return
  }
}

beforeAll(async () => {
  replicas = await Replicas.start()
  await replicas.ground.namespace("fleet")
  repository = await replicas.ground.git.repository("fleet")
  const first = await commit()
  for (const [index, id] of ids.entries()) {
    const name = `d${index}`
    // A sink for each: one takes a message a second.
    await applyYaml(
      replicas.ground.plane,
      `{apiVersion: v1, kind: Secret, metadata: {name: ${name}, namespace: fleet}, stringData: {
address: "${replicas.ground.chat.url}/hooks/${name}"}}
---
{apiVersion: sluice.dev/v1alpha1, kind: Notifier, metadata: {name: ${name}, namespace: fleet},
spec: {webhook: {secretRef: {name: ${name}}}}}`
    )
    const more = `path: ${id}, notify: [{name: ${name}, on: [applied, failed, recovered]}]`
    await replicas.ground.deliver(id, repository.url, more)
    if (index === 0) await replicas.begin("a")
  }
  await onNewest(first, patience)
}, 420_000)

afterAll(() => replicas?.stop())

describe("replicas", () => {
  it("share what there is, and moves what must alone when one comes", async () => {
    for (const [before, comes] of [[["a"], "b"], [["a", "b"], "c"]] as const) {
      const after = [...before, comes]
      await quiet()
      const began = now()
      await replicas.begin(comes)
      console.log(`${comes} shares after ${Math.round(await replicas.agree(after))} ms, once it was ready`)
      await sleep(3_000)
      const events = since(await replicas.ground.plane.readAudit(), began)
      const kept = events.filter((event) => {
        const key = keyOf(event)
        return key !== undefined && ownerOf(before, key) === ownerOf(after, key) && replicaOf(event) !== undefined
      })
      assert.deepStrictEqual(kept.map(({ requestURI, userAgent, verb }) => `${userAgent} ${verb} ${requestURI}`), [])
    }
    assert.deepStrictEqual(strangers(await replicas.ground.plane.readAudit(), keyOf), [])
  }, 120_000)

  it("ask for nothing while nothing happens, but for what keeps their Leases", async () => {
    await quiet()
    const began = now()
    await sleep(3_000)
    const events = since(await replicas.ground.plane.readAudit(), began)
    const asked = events.filter((event) => replicaOf(event) !== undefined && event.verb !== "watch")
    assert.deepStrictEqual([...new Set(asked.map(({ objectRef, verb }) => `${verb} ${objectRef?.resource}`))], [
      "update leases"
    ])
    assert.isAtMost(asked.length, 3 * 5)
  }, 90_000)

  it("take over at once from one that is told to end", async () => {
    if (!replicas.running.has("c")) {
      // A second try.
      await replicas.begin("c", "another pod")
      await replicas.agree(["a", "b", "c"], patience)
    }
    const [began, signalled] = [performance.now(), now()]
    await Promise.all([replicas.end("c"), replicas.agree(["a", "b"], patience)])
    console.log(`others take over ${Math.round(performance.now() - began)} ms after the signal to end`)
    const ends = since(await replicas.ground.plane.readAudit(), signalled).filter(({ objectRef, verb }) =>
      objectRef?.resource === "leases" && objectRef.name === "sluice-c" && verb === "delete"
    )
    assert.deepStrictEqual(ends.map(replicaOf), ["c"], "its Lease did not expire: it gave it up")
    await onNewest(await commit(), patience)
    await replicas.begin("c", "another pod")
    await replicas.agree(["a", "b", "c"], patience)
  }, 2 * patience)

  it("judge by all bundles, and one speaks of each", async () => {
    const { plane } = replicas.ground
    const path = "/apis/sluice.dev/v1alpha1/policybundles/guard"
    await applyYaml(
      plane,
      `{apiVersion: sluice.dev/v1alpha1, kind: PolicyBundle, metadata: {name: guard}, spec: {
source: {library: [images/digest-required]}, match: {namespaceSelector: {matchLabels: {guarded: "true"}}}}}`
    )
    const isReady = async () => JSON.stringify(await plane.request("GET", path)).includes(`"reason":"Succeeded"`)
    for (let turn = 0; !(await isReady()) && turn < 400; turn++) await sleep(100)
    await sleep(1_500)
    const events = await plane.readAudit()
    const writers = events.filter(({ objectRef, verb }) => objectRef?.resource === "policybundles" && verb === "patch")
    const speakers = new Set(writers.map(replicaOf).filter((name) => name !== undefined))
    assert.deepStrictEqual([...speakers], [ownerOf(["a", "b", "c"], "bundle/guard")])
    for (const [name, agent] of replicas.running) {
      assert.isNotNull(await agent.says(/PolicyBundle guard judges by \d+ policies/u), name)
    }
  }, 40_000)

  it("speak of a Notifier as one, once", async () => {
    const events = await replicas.ground.plane.readAudit()
    const writers = events.filter(({ objectRef, verb }) => objectRef?.resource === "notifiers" && verb === "patch")
      // One that is made over a version which has just been superseded is refused.
      .filter((event) => replicaOf(event) !== undefined && event.responseStatus?.code === 200)
      .map(({ objectRef }) => `fleet/${objectRef?.name}`)
    // The last is the namespace's own, which nobody names.
    assert.deepStrictEqual(writers.toSorted(), [...ids, "fleet/chat"].toSorted())
  })

  it("inherit a source from a Delivery that another one tends", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `heir-${index}`)
    const nameOf = (owner: string) => names.find((name) => ownerOf(["a", "b", "c"], `fleet/${name}`) === owner)!
    const [parent, child] = [nameOf("a"), nameOf("b")]
    const family = await replicas.ground.git.repository("family")
    const delivery = {
      apiVersion: "sluice.dev/v1alpha1",
      kind: "Delivery",
      metadata: { name: child, namespace: "fleet" },
      spec: { path: "child" }
    }
    const first = await family.commit({
      "parent/child.yaml": JSON.stringify(delivery),
      "child/object.yaml": configMap("inherited", 1)
    }, "Add the family")
    await replicas.ground.deliver(`fleet/${parent}`, family.url, "path: parent, apply: {wait: false}")
    const { deliveries } = replicas.ground
    await deliveries.ready(`fleet/${child}`, first, 40_000)
    const next = await family.commit({ "child/object.yaml": configMap("inherited", 2) }, "Change the object")
    await deliveries.ready(`fleet/${child}`, next, 40_000)
    const events = await replicas.ground.plane.readAudit()
    const writers = new Set(
      events.filter(({ objectRef, verb }) => objectRef?.name === "inherited" && verb === "patch").map(replicaOf)
    )
    assert.deepStrictEqual([...writers], ["b"])
  }, 60_000)

  it("take a webhook that came to the wrong one", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `hooked-${index}`)
    const isKnown = (name: string) => replicas.ground.deliveries.get(`fleet/${name}`) !== undefined
    const name = names.find((name) => !isKnown(name) && ownerOf(["a", "b", "c"], `fleet/${name}`) === "a")!
    const hooked = await replicas.ground.git.repository("hooked")
    const first = await hooked.commit({ "object.yaml": configMap("hooked", 1) }, "Add the object")
    await applyYaml(
      replicas.ground.plane,
      `{apiVersion: v1, kind: Secret, metadata: {name: hook, namespace: fleet}, stringData: {token: open-sesame}}
---
{apiVersion: sluice.dev/v1alpha1, kind: Delivery, metadata: {name: ${name}, namespace: fleet}, spec: {source: {
git: {url: "${hooked.url}", branch: main}, interval: 1h, webhook: {secretRef: {name: hook}}}}}`
    )
    await replicas.ground.deliveries.ready(`fleet/${name}`, first, 20_000)
    const next = await hooked.commit({ "object.yaml": configMap("hooked", 2) }, "Change the object")
    const body = JSON.stringify({
      object_kind: "push",
      after: next,
      checkout_sha: next,
      ref: "refs/heads/main",
      project: { git_http_url: hooked.url, web_url: hooked.url }
    })
    const address = await replicas.running.get("c")!.address("http")
    const send = (token: string) =>
      fetch(`${address}/hooks/gitlab`, { method: "POST", headers: senders.gitlab(body, token), body })
    assert.strictEqual((await send("wrong")).status, 401)
    const began = performance.now()
    assert.strictEqual((await send("open-sesame")).status, 202)
    await replicas.ground.deliveries.ready(`fleet/${name}`, next, 20_000)
    console.log(
      `a webhook to the wrong replica has its commit applied after ${Math.round(performance.now() - began)} ms`
    )
  }, 60_000)

  it(`are killed, paused and started again under a stream of commits: seed ${seed}`, async () => {
    const all = ["a", "b", "c"]
    const [takeOvers, story]: [Array<number>, Array<string>] = [[], []]
    const deadline = performance.now() + stormMs
    let revision = await commit()
    let pods = 0
    const committing = (async () => {
      while (performance.now() < deadline) {
        await sleep(isLong ? 5_000 : 1_500)
        revision = await commit()
      }
    })()
    while (performance.now() < deadline) {
      const name = all[below(3)]!
      const others = all.filter((other) => other !== name)
      const agent = replicas.running.get(name)!
      const what = ["kill", "pause", "restart", "blink"][below(4)]!
      story.push(`${now()} ${what} ${name}`)
      const began = performance.now()
      if (what === "kill" || what === "restart") {
        await replicas.end(name, what === "kill" ? "SIGKILL" : "SIGTERM")
        await replicas.agree(others, patience)
        if (what === "kill") takeOvers.push(performance.now() - began)
        await replicas.begin(name, below(2) === 0 ? undefined : `pod-${pods++}`)
      } else {
        agent.process.kill("SIGSTOP")
        // Longer than its Lease holds, or not quite.
        if (what === "pause") {
          await replicas.agree(others, patience)
          takeOvers.push(performance.now() - began)
          await sleep(below(2_000))
        } else await sleep(1_000 + below(1_000 * leaseSeconds - 1_500))
        agent.process.kill("SIGCONT")
      }
      await replicas.agree(all, patience)
      await sleep(below(1_000))
    }
    await committing
    revision = await commit()
    await onNewest(revision, patience)
    const times = takeOvers.map(Math.round).sort((a, b) => a - b)
    const events = await replicas.ground.plane.readAudit()
    const changes = changesOf(events, keyOf)
    const moves = toldViews(events).length
    console.log(`${story.length} faults, ${version} commits, ${changes.length} changes, ${moves} views`)
    console.log(`taken over after ${times.join(", ")} ms, with a Lease of ${leaseSeconds} s`)

    for (const id of ids) assert.deepStrictEqual(await replicas.ground.live(id), { [id.split("/")[1]!]: `${version}` })
    assert.deepStrictEqual([...new Set(changes.map(({ replica }) => replica))].sort(), all)
    assert.deepStrictEqual(strangers(events, keyOf), [], `seed ${seed}\n${story.join("\n")}`)
    const transitions = new Map<string, string>()
    for (const { body, id, path } of replicas.ground.chat.messages) {
      const transition = `${path} ${JSON.stringify(body.type)} ${JSON.stringify(body.subject)}`
      assert.include([undefined, id], transitions.get(transition), `seed ${seed}: ${transition} was told twice`)
      transitions.set(transition, id)
    }
    assert.isAtLeast(transitions.size, 2 * count)
    console.log(`${transitions.size} transitions told by ${replicas.ground.chat.messages.length} messages`)
  }, stormMs + 2 * patience + 180_000)
})
