import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { setTimeout as pause } from "node:timers/promises"
import { gunzipSync } from "node:zlib"
import { digest } from "../../src/domain/digest.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { encode, headOf, pack } from "../../src/kube/record.ts"
import { AgentProcess, applyYaml } from "../support/AgentGround.ts"
import { AgentScene, configMap } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import { type Checkout, earlierCheckout } from "../support/earlierCheckout.ts"
import type { Repository } from "../support/git/Repository.ts"
import { shop } from "../support/shop.ts"

/** From which commit the agent before comes: from the one before this, unless said. */
const from = process.env.SLUICE_UPGRADE_FROM ?? "HEAD~1"
/** Whether versions between brought new records, which are written once. */
const isFar = process.env.SLUICE_UPGRADE_FAR !== undefined

let scene: AgentScene
let chat: ChatServer
let repository: Repository
let head: string
let earlier: Checkout | undefined

const denied = "old-denied/denied"
const ids = ["old-shop/shop", "old-plain/plain", "old-told/told", denied, "old-suspended/suspended"]
const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {value: hunter2}\n"

const isWrite = ({ requestURI, verb }: AuditEvent) =>
  ["create", "update", "patch", "delete", "deletecollection"].includes(verb) && !requestURI.includes("dryRun=All")

/** What an agent wrote since: all that is no Lease. */
const writes = async (since: string): Promise<ReadonlyArray<string>> =>
  (await scene.requests(since)).filter(isWrite)
    .filter(({ objectRef }) => objectRef?.resource !== "leases")
    .map(({ objectRef, verb }) =>
      `${verb} ${objectRef?.resource}${objectRef?.subresource === undefined ? "" : `/${objectRef.subresource}`} ${
        objectRef?.namespace ?? ""
      }/${objectRef?.name ?? ""}`
    )

const now = () => new Date().toISOString()

const start = async (checkout?: Checkout) => {
  // At a second try that of the first may still run.
  await scene.agent.remove()
  return AgentProcess.start({
    kubeconfig: scene.plane.adminKubeconfigFile,
    args: ["--allow-loopback"],
    ...checkout === undefined ? {} : { checkout: checkout.folder }
  })
}

/** Its first questions to the Git server: where the branch is, and for the tree. After them it polls, once a second. */
const first = 4

/** Waits until the agent watches what each Delivery owns, as its account, and then polls twice and asks nothing more. */
const settled = async (since: string, seen: number) => {
  const accounts = ids.filter((id) => id !== denied).map((id) => `system:serviceaccount:${id.split("/")[0]}:sluice`)
  const isWatched = async () => {
    const watching = new Set(
      (await scene.plane.readAudit())
        .filter(({ requestReceivedTimestamp, verb }) => verb === "watch" && requestReceivedTimestamp > since)
        .map(({ impersonatedUser }) => impersonatedUser?.username)
    )
    return accounts.every((account) => watching.has(account))
  }
  const asked = async () =>
    (await scene.requests(since)).filter(({ objectRef }) => objectRef?.resource !== "leases").length
  const polled = async (count: number) => {
    while (scene.git.requests.length < count) await pause(50)
  }
  while (!await isWatched()) await pause(50)
  await polled(seen + first)
  for (let before = -1, now = await asked(); before !== now; now = await asked()) {
    before = now
    await polled(scene.git.requests.length + 2)
  }
}

beforeAll(async () => {
  earlier = await earlierCheckout(from)
  if (earlier === undefined) console.error(`the history has no ${from}: this version stands for the one before`)
  scene = await AgentScene.start({ nodes: 1 })
  await scene.agent.remove()
  chat = await startChatServer()
}, 120_000)

afterAll(async () => {
  await Promise.all([scene?.stop(), chat?.stop(), earlier?.remove()])
})

/** What a commit says anew: to one that applies it, and to one that is denied. */
const change = (value: string) => ({
  "plain/a.yaml": configMap("a", value),
  "denied/a.yaml": configMap("denied", value)
})

/** Waits until each Delivery that runs came to its end on a commit, well or not. */
const arrived = async (commit: string) => {
  for (const id of ids.filter((id) => id !== denied && scene.deliveries.get(id)?.spec.suspend !== true)) {
    await scene.ready(id, commit)
  }
  await scene.deliveries.delivery(denied, `is denied on ${commit}`, ({ status }) => {
    const ready = status?.conditions?.find(({ type }) => type === "Ready")
    return ready?.reason === "PolicyDenied" && status?.history?.[0]?.revision?.endsWith(commit) === true
  })
}

/** What a version left: Deliveries with policies in force, with a Secret, told, denied and suspended. */
const leave = async () => {
  scene.agent = await start(earlier)
  for (const id of ids) await scene.tenant(id.split("/")[0]!)
  await applyYaml(
    scene.plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: old-told}
spec: {webhook: {secretRef: {name: chat}}}
---
apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: old-told}
stringData: {address: "${chat.url}/hooks/told"}
`
  )
  repository = await scene.git.repository("upgrade")
  head = await repository.commit({
    ...shop(),
    ...change(anew("before")),
    "plain/secret.yaml": secret,
    "told/a.yaml": configMap("told", "1"),
    "suspended/a.yaml": configMap("suspended", "1"),
    "denied/policies/none.rego": "package none\n\ndeny contains \"nothing\" if input.kind == \"ConfigMap\"\n"
  }, "Before")
  await scene.deliver("old-shop/shop", repository.url, "path: base, policy: {paths: [policies]}")
  await scene.deliver("old-plain/plain", repository.url, "path: plain")
  await scene.deliver("old-told/told", repository.url, "path: told, notify: [{name: chat, on: [applied]}]")
  await scene.deliver(denied, repository.url, "path: denied, policy: {paths: [denied/policies]}")
  await scene.deliver("old-suspended/suspended", repository.url, "path: suspended")
  await arrived(head)
  await chat.received(1)
  // A second revision, so that the records know of one before.
  head = await repository.commit(change(anew("before")), "Before, again")
  await arrived(head)
  await scene.patch("old-suspended/suspended", { spec: { suspend: true, suspension: { reason: "INC-42" } } })
  await scene.deliveries.reason("old-suspended/suspended", "Suspended")
  await scene.agent.remove()
}

/** Our own: what became of a Delivery, and the records beside it. All else is a workload. */
const isOwn = (line: string) =>
  / (?:events|deliveries\/status|(?:configmaps|secrets) [^/]+\/sluice-)/u.test(` ${line.slice(line.indexOf(" ") + 1)}`)

/** Starts an agent on what there is; then something new comes, and it ends. What was written, before and after. */
const takeOver = async (checkout: Checkout | undefined, value: string) => {
  const began = now()
  const messages = chat.messages.length
  const questions = scene.git.requests.length
  scene.agent = await start(checkout)
  await settled(began, questions)
  const taken = await writes(began)
  const told = chat.messages.length - messages
  const next = await repository.commit(change(value), `Set ${value}`)
  await arrived(next)
  const workloads = (await writes(began)).filter((line) => !isOwn(line))
  await scene.agent.remove()
  return { taken, told, workloads }
}

/** The keys of a record that versions before 2026-11-28 did not have. */
const since: Readonly<Record<string, ReadonlyArray<string>>> = {
  inventory: ["earlier", "policies", "healthyObjects"],
  outbox: ["drift"]
}

const selector = encodeURIComponent("app.kubernetes.io/managed-by=sluice")
const recordsOf = (id: string) => `/api/v1/namespaces/${id.split("/")[0]}/configmaps`

/** Writes the records as an older version would have left them. */
const age = async () => {
  for (const id of ids) {
    const [namespace] = id.split("/")
    const path = recordsOf(id)
    const { items } = await scene.plane.request("GET", `${path}?labelSelector=${selector}`) as {
      items: Array<JsonObject>
    }
    for (const item of items) {
      const part = String(at(item, "metadata", "labels", "sluice.dev/record"))
      const head = Result.getOrThrow(headOf({ ...item }))
      const name = String(at(item, "metadata", "name"))
      if (part === "policies") {
        await scene.plane.request("DELETE", `${path}/${name}`)
        continue
      }
      const text = gunzipSync(Buffer.from(String(at(item, "binaryData", "record")), "base64")).toString()
      const kept = Object.entries(JSON.parse(text) as JsonObject).filter(([key]) => since[part]?.includes(key) !== true)
      const bytes = new TextEncoder().encode(JSON.stringify(Object.fromEntries(kept)))
      const packed = await Effect.runPromise(pack(bytes))
      const [older] = encode({ delivery: id, part, namespace: namespace! }, head.generation, digest(bytes), packed)
      await scene.plane.request("PUT", `${path}/${name}`, older)
    }
  }
}

const onlyTheNew = ["patch configmaps old-plain/a"]

describe("an agent of a new version", { timeout: 120_000 }, () => {
  it("takes over what the one before left, and writes nothing but its Lease", async () => {
    await leave()
    const { taken, told, workloads } = await takeOver(undefined, anew("new"))
    // From far back: what versions between brought is written once, and no workload.
    assert.deepStrictEqual(isFar ? taken.filter((line) => !isOwn(line)) : taken, [])
    if (!isFar) assert.strictEqual(told, 0)
    assert.deepStrictEqual(workloads, onlyTheNew)
  })

  it("gives it back to the one before", async () => {
    const { taken, workloads } = await takeOver(earlier, anew("before"))
    // What it writes of Deliveries is its own affair: nobody mends it any more.
    assert.deepStrictEqual(taken.filter((line) => !isOwn(line)), [])
    assert.deepStrictEqual(workloads, onlyTheNew)
  })

  it("takes over records of a form that knew less, and writes no workload", async () => {
    await age()
    const { taken, workloads } = await takeOver(undefined, anew("new"))
    assert.deepStrictEqual(taken.filter((line) => !isOwn(line)), [])
    assert.deepStrictEqual(workloads, onlyTheNew)
    for (
      const path of ["old-plain/secrets/token", "old-shop/services/checkout", "old-suspended/configmaps/suspended"]
    ) {
      const [namespace, plural, name] = path.split("/")
      assert.isDefined(await scene.find(`/api/v1/namespaces/${namespace}/${plural}/${name}`), path)
    }
  })

  it("adopts what it owns where the records were lost, and prunes from then on", async () => {
    for (const id of ids) await scene.plane.request("DELETE", `${recordsOf(id)}?labelSelector=${selector}`)
    scene.agent = await start()
    await arrived(await repository.commit(change(anew("new")), "Without records"))
    head = await repository.commit({ "plain/secret.yaml": null }, "Without the Secret")
    await scene.ready("old-plain/plain", head)
    assert.isUndefined(await scene.find("/api/v1/namespaces/old-plain/secrets/token"))
  })
})
