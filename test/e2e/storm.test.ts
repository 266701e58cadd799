import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Agent } from "../support/Agent.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"

let plane: ControlPlane
let git: GitServer
let chat: ChatServer
let folder: string
let kubeconfig: string

beforeAll(async () => {
  ;[plane, git, chat] = await Promise.all([
    startControlPlane({ controllers: true }),
    startGitServer(),
    startChatServer()
  ])
  folder = await mkdtemp(join(tmpdir(), "sluice-storm-"))
  kubeconfig = plane.adminKubeconfigFile
}, 60_000)

afterAll(async () => {
  await Promise.all([plane.stop(), git.stop(), chat.stop(), rm(folder, { recursive: true, force: true })])
})

/** A reproducible stream of chance: a failure names its seed. */
const chance = (seed: number) => {
  let state = seed
  return (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state % limit
  }
}

const configMap = (name: string, version: number) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {version: "${version}"}\n`

const write = async (name: string, url: string) => {
  const path = join(folder, `${name}.yaml`)
  await writeFile(
    path,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: default}
spec:
  source: {git: {url: "${url}", branch: main}, interval: 100ms}
  apply: {deletionLimit: 100%}
  notify: [{name: chat}]
---
apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: default}
spec: {webhook: {secretRef: {name: chat}}}
---
apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: default}
stringData: {address: "${chat.url}/hooks/${name}"}
`
  )
  return path
}

interface ConfigMapList {
  readonly items: ReadonlyArray<
    { readonly metadata: { readonly name: string }; readonly data: { readonly version: string } }
  >
}

const live = async (name: string) => {
  const selector = encodeURIComponent(`sluice.dev/delivery=default.${name}`)
  const list = await plane.request(
    "GET",
    `/api/v1/namespaces/default/configmaps?labelSelector=${selector}`
  ) as ConfigMapList
  return Object.fromEntries(list.items.map(({ data, metadata }) => [metadata.name, data.version]))
}

/** `SLUICE_CHAOS=long`: the full numbers; otherwise as few as show the same. */
const isLong = process.env.SLUICE_CHAOS === "long"

describe("storms of real commits and kills", () => {
  it("ends on the newest revision, with nothing orphaned and nothing told twice", async () => {
    const seed = Number(process.env.SLUICE_SEED ?? Date.now() % 1_000_000)
    const below = chance(seed)
    const repository = await git.repository("storm")
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    let wanted: Record<string, string> = {}
    let version = 0
    const commit = async () => {
      version++
      wanted = Object.fromEntries(
        names.filter((_, index) => index === 0 || below(3) > 0).map((name) => [name, `${version}`])
      )
      const files = Object.fromEntries(Object.keys(wanted).map((name) => [`${name}.yaml`, configMap(name, version)]))
      return repository.commit(files, `Version ${version}`, { replace: true })
    }
    let newest = await commit()
    const delivery = await write("storm", repository.url)
    const started: Array<Agent> = []
    for (let kill = 0; kill < (isLong ? 20 : 8); kill++) {
      const agent = new Agent(["-f", delivery, "--kubeconfig", kubeconfig])
      started.push(agent)
      await agent.line((line) => line.event === "run-started")
      for (let commits = below(3); commits > 0; commits--) {
        newest = await commit()
        await sleep(below(150))
      }
      await sleep(below(300))
      await agent.stop("SIGKILL")
    }
    const last = new Agent(["-f", delivery, "--kubeconfig", kubeconfig])
    const outcome = await last.outcome("default/storm", newest)
    assert.include(["Applied", "Unchanged"], outcome.outcome, `seed ${seed}: ${JSON.stringify(outcome)}`)
    await last.stop()
    assert.deepStrictEqual(await live("storm"), wanted, `seed ${seed}`)
    const transitions = new Map<string, string>()
    for (const { body, id } of chat.messages) {
      const transition = `${JSON.stringify(body.type)} ${JSON.stringify(body.subject)}`
      assert.include([undefined, id], transitions.get(transition), `seed ${seed}: ${transition} was told twice`)
      transitions.set(transition, id)
    }
  }, 180_000)

  it("makes progress under a commit every 300 ms", async () => {
    const repository = await git.repository("stream")
    const delivery = await write("stream", repository.url)
    let newest = await repository.commit({ "a.yaml": configMap("stream", 0) }, "Version 0")
    const agent = new Agent(["-f", delivery, "--kubeconfig", kubeconfig])
    await agent.outcome("default/stream", newest)
    const seconds = isLong ? 60 : 12
    const end = Date.now() + seconds * 1_000
    for (let version = 1; Date.now() < end; version++) {
      newest = await repository.commit({ "a.yaml": configMap("stream", version) }, `Version ${version}`)
      await sleep(300)
    }
    await agent.outcome("default/stream", newest)
    const applied = agent.lines.filter((line) => line.outcome === "Applied").length
    const interrupted = agent.lines.filter((line) => line.event === "run-interrupted").length
    console.log(`a commit every 300 ms for ${seconds} s: ${applied} revisions applied, ${interrupted} runs interrupted`)
    assert.isAbove(applied, seconds / 6)
    await agent.stop()
  }, 120_000)
})
