import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Agent } from "../support/Agent.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { deliveries, productionPatch, shop } from "../support/shop.ts"

let plane: ControlPlane
let git: GitServer
let chat: ChatServer
let folder: string

beforeAll(async () => {
  ;[plane, git, chat] = await Promise.all([startControlPlane({ nodes: 2 }), startGitServer(), startChatServer()])
  folder = await mkdtemp(join(tmpdir(), "sluice-e2e-"))
}, 60_000)

afterAll(async () => {
  await Promise.all([plane.stop(), git.stop(), chat.stop(), rm(folder, { recursive: true, force: true })])
})

/** A file in the test's folder; its path. */
const file = async (name: string, text: string) => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** A user of its own for each run, so that its requests can be told apart in the audit log. */
const kubeconfig = (user: string) => file(`${user}.kubeconfig`, plane.user(user, ["system:masters"]))

const once = async (user: string, delivery: string, ...more: ReadonlyArray<string>) => {
  const agent = new Agent(["-f", delivery, "--once", "--kubeconfig", await kubeconfig(user), ...more])
  const code = await agent.exit()
  return { agent, code }
}

const requestsOf = async (user: string, verbs: ReadonlyArray<string>) =>
  (await plane.readAudit()).filter((event) => event.user.username === user && verbs.includes(event.verb))

const writes = ["create", "update", "patch", "delete", "deletecollection"]
const isRecord = (name: string | undefined) => name?.startsWith("sluice-") === true

describe("sluice run", () => {
  it("applies a first commit, healthy, and writes nothing the second time", async () => {
    const repository = await git.repository("first")
    await repository.commit(shop(), "Sell something")
    const delivery = await file(
      "first.yaml",
      deliveries({ repository: repository.url, chat: `${chat.url}/services/T0/B0/demo` })
    )
    const first = await once("first-run", delivery)
    assert.strictEqual(first.code, 0, first.agent.stderr)
    const deployment = await plane.request("GET", "/apis/apps/v1/namespaces/shop-prod/deployments/checkout")
    assert.strictEqual((deployment as { status: { readyReplicas: number } }).status.readyReplicas, 3)
    const second = await once("second-run", delivery)
    assert.strictEqual(second.code, 0, second.agent.stderr)
    assert.deepStrictEqual(
      second.agent.lines.filter((line) => line.event === "outcome").map((line) => line.outcome),
      ["Unchanged", "Unchanged"]
    )
    assert.deepStrictEqual(await requestsOf("second-run", writes), [])
  }, 60_000)

  it("refuses an unsafe commit: exit code 1, a message, no write but its own record", async () => {
    const repository = await git.repository("unsafe")
    const namespaced = Object.fromEntries(
      Object.entries(shop()).map(([path, text]) => [path, text.replaceAll("shop-prod", "unsafe-prod")])
    )
    await repository.commit({
      ...namespaced,
      "environments/prod/checkout.yaml": productionPatch("registry.example.com/shop/checkout:latest")
    }, "Always the latest")
    const prod = deliveries({ repository: repository.url, chat: `${chat.url}/services/T0/B0/demo` })
      .split("---\n").slice(3).join("---\n").replaceAll("shop-prod", "unsafe-prod")
    const before = chat.messages.length
    const { agent, code } = await once("unsafe-run", await file("unsafe.yaml", prod))
    assert.strictEqual(code, 1, agent.stderr)
    const denied = agent.lines.find((line) => line.event === "outcome")!
    assert.strictEqual(denied.outcome, "Denied")
    assert.include(JSON.stringify(denied), "environments/prod/checkout.yaml")
    const written = await requestsOf("unsafe-run", writes)
    assert.deepStrictEqual(written.filter((event) => !isRecord(event.objectRef?.name)), [])
    assert.strictEqual(chat.messages.length, before + 1)
    assert.include(JSON.stringify(chat.messages.at(-1)!.body), "image-digest-required")
  }, 60_000)

  it("says what is wrong and never a secret", async () => {
    const guarded = await startGitServer({ basic: { username: "dana", password: "right" } })
    const repository = await guarded.repository("guarded")
    await repository.commit(shop(), "Sell something")
    const delivery = (url: string, more = "") =>
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: guarded, namespace: default}
spec:
  source: {git: {url: "${url}", branch: main, insecure: true, secretRef: {name: git}${more}}}
  path: environments/dev
---
apiVersion: v1
kind: Secret
metadata: {name: git, namespace: default}
stringData: {username: dana, password: canary-8d3f}
`
    const { agent, code } = await once("guarded-run", await file("guarded.yaml", delivery(repository.url)))
    assert.strictEqual(code, 2)
    const outcome = agent.lines.find((line) => line.event === "outcome")!
    assert.strictEqual(outcome.error?.reason, "AuthFailed")
    assert.notInclude(agent.stderr + JSON.stringify(agent.lines), "canary-8d3f")
    await guarded.stop()
    const gone = await once("gone-run", await file("gone.yaml", delivery(repository.url)))
    assert.strictEqual(gone.code, 2)
    assert.include(JSON.stringify(gone.agent.lines), "ECONNREFUSED")
    assert.isAbove(gone.agent.lines.filter((line) => line.event === "outcome").length, 1)
  }, 90_000)

  it("says which verb on which resource as whom when the cluster refuses", async () => {
    const repository = await git.repository("forbidden")
    await repository.commit({ "flags.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags}\n" }, "Flags")
    const delivery = await file(
      "forbidden.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: forbidden, namespace: default}
spec:
  source: {git: {url: "${repository.url}", branch: main}}
`
    )
    const nobody = await file("nobody.kubeconfig", plane.user("nobody"))
    const agent = new Agent(["-f", delivery, "--once", "--kubeconfig", nobody])
    assert.strictEqual(await agent.exit(), 4, agent.stderr)
    const { error } = agent.lines.find((line) => line.event === "outcome")!
    assert.strictEqual(error?.reason, "AccessDenied")
    assert.match(error!.message, /configmaps.*nobody|nobody.*configmaps/u)
  }, 60_000)

  it("drains on SIGTERM with exit code 143", async () => {
    const repository = await git.repository("drain")
    const hash = await repository.commit(
      { "flags.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: drain}\n" },
      "Flags"
    )
    const delivery = await file(
      "drain.yaml",
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: drain, namespace: default}
spec:
  source: {git: {url: "${repository.url}", branch: main}, interval: 250ms}
`
    )
    const agent = new Agent(["-f", delivery, "--kubeconfig", await kubeconfig("drain")])
    await agent.outcome("default/drain", hash)
    assert.strictEqual(await agent.stop(), 143)
  }, 60_000)
})
