import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { Files, Repository } from "../support/git/Repository.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { leastRights, tenant } from "../support/Tenants.ts"

const soon = 40_000
/** Of a push on a Delivery that has nothing to do with the others: milliseconds. */
const unharmed = 15_000

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess
let deliveries: Deliveries
let repository: Repository
let tarpit: Server
const stuck = new Set<Socket>()

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane(), startGitServer()])
  await installCrds(plane)
  const kubeconfig = await leastRights(plane)
  await Promise.all([tenant(plane, "acme"), tenant(plane, "evil")])
  deliveries = new Deliveries(plane)
  agent = await AgentProcess.start({ kubeconfig })
  repository = await git.repository("acme")
  await deliver("acme", "web", repository.url)
  await push("first", soon)
  // It takes every connection, and never says a word.
  tarpit = createServer((socket) => {
    stuck.add(socket)
    socket.on("error", () => {}).on("close", () => stuck.delete(socket))
  })
  tarpit.listen(0, "127.0.0.1")
  await once(tarpit, "listening")
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  for (const socket of stuck) socket.destroy()
  tarpit?.close()
  await Promise.all([plane?.stop(), git?.stop()])
})

const deliver = (namespace: string, name: string, url: string, interval = "1s") =>
  applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec: {source: {git: {url: "${url}", branch: main}, interval: ${interval}}}
`
  )

const configMap = (name: string, says: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {says: "${says}"}\n`

/** A push to the Delivery of somebody else arrives, as if it were alone. */
const push = async (says: string, withinMs = unharmed) => {
  const commit = await repository.commit({ "a.yaml": configMap("web", says) }, `Say ${says}`)
  await deliveries.ready("acme/web", commit, withinMs)
}

const until = async (what: string, claim: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + soon; !claim();) {
    if (Date.now() > deadline) assert.fail(`not within ${soon} ms: ${what}`)
    await plane.request("GET", "/readyz")
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

const remove = (name: string) => plane.request("DELETE", `/apis/sluice.dev/v1alpha1/namespaces/evil/deliveries/${name}`)

describe("somebody else's Delivery goes on beside", () => {
  it("forty whose Git host answers nothing", async () => {
    const { port } = tarpit.address() as AddressInfo
    const names = numbers(40).map((index) => `stuck-${index}`)
    await Promise.all(names.map((name) => deliver("evil", name, `http://127.0.0.1:${port}/${name}.git`)))
    await until("many listings are stuck", () => stuck.size >= 4)
    await push("beside a tarpit")
    await push("beside a tarpit, again")
    await Promise.all(names.map(remove))
  })

  it("downloads that never end", async () => {
    const names = numbers(8).map((index) => `slow-${index}`)
    const posts = new Map<string, number>()
    let hanging = 0
    git.behaviour.intercept = ({ method, url = "" }) => {
      if (method !== "POST" || !url.includes("/slow-")) return false
      const count = (posts.get(url) ?? 0) + 1
      posts.set(url, count)
      // The first asks for the refs, the second for the objects.
      if (count === 2) hanging++
      return count >= 2
    }
    for (const name of names) {
      const slow = await git.repository(name)
      await slow.commit({ "a.yaml": configMap(name, name) }, name)
      await deliver("evil", name, slow.url, "10m")
    }
    await until("downloads hang", () => hanging >= 2)
    await push("beside downloads that hang")
    await push("beside downloads that hang, again")
    git.behaviour.intercept = () => false
    await Promise.all(names.map(remove))
  })

  const many = (count: number) => numbers(count).map((index) => configMap(`m-${index}`, "x")).join("---\n")
  const bomb = [
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\na: &a [x, x, x, x, x, x, x, x, x, x]\n",
    ..."bcdefghi".split("").map((name, index) => {
      const before = "abcdefgh"[index]
      return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]\n`
    })
  ].join("")
  const hostile: Readonly<Record<string, readonly [files: Files, says: RegExp]>> = {
    bomb: [{ "a.yaml": bomb }, /alias/u],
    huge: [{ "a.yaml": `${configMap("huge", "x")}# ${"x".repeat(20_000_000)}` }, /limit/u],
    deep: [{ "a.yaml": `a: ${"[".repeat(50_000)}${"]".repeat(50_000)}` }, /deep/u],
    link: [{ "a.yaml": { link: "/proc/self/environ" } }, /link|outside/u],
    climb: [{ "kustomization.yaml": "resources: [../../../etc/passwd]\n" }, /outside|leads out|\.\./u],
    remote: [{ "kustomization.yaml": "resources: [http://169.254.169.254/latest]\n" }, /http/u],
    fat: [Object.fromEntries(numbers(25).map((index) => [`${index}.yaml`, many(1_000)])), /./u]
  }
  for (const [name, [files, says]] of Object.entries(hostile)) {
    it(`a repository that is hostile: ${name}`, async () => {
      const evil = await git.repository(`hostile-${name}`)
      await evil.commit(files, name)
      await deliver("evil", name, evil.url)
      await push(`beside ${name}`)
      const refused = await deliveries.delivery(
        `evil/${name}`,
        "is refused",
        (delivery) => condition(delivery, "Ready")?.status === "False",
        soon
      )
      const { message } = condition(refused, "Ready")!
      assert.match(message, says)
      assert.isBelow(message.length, 1_100)
      await push(`after ${name}`)
      await remove(name)
    })
  }

  it("one that cannot be read, and that no schema refused", async () => {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/deliveries.sluice.dev"
    const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
    const schema = { type: "object", properties: { spec: anything, status: anything } }
    const patch = [{ op: "replace", path: "/spec/versions/0/schema/openAPIV3Schema", value: schema }]
    await plane.request("PATCH", path, patch, "application/json-patch+json")
    const malformed = `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: malformed, namespace: evil}
spec: {source: {git: 5, interval: 1 fortnight}, apply: [], path: {}}
`
    for (const deadline = Date.now() + soon;;) {
      const isTaken = await applyYaml(plane, malformed).then(() => true, () => false)
      if (isTaken) break
      assert.isBelow(Date.now(), deadline)
    }
    const stalled = await deliveries.reason("evil/malformed", "InvalidSpec", soon)
    assert.include(condition(stalled, "Ready")!.message, "spec.source.git")
    await push("beside one that cannot be read")
    // Also for an agent that begins with it.
    await agent.stop()
    agent = await AgentProcess.start({ kubeconfig: `${plane.folder}/agent.kubeconfig`, dataFolder: agent.dataFolder })
    await push("after a restart with it", soon)
  })
})
