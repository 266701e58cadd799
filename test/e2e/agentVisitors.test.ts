import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Watcher } from "../bench/Vitals.ts"
import type { AgentProcess } from "../support/AgentGround.ts"
import { ChaosGround, configMap } from "../support/ChaosGround.ts"
import type { Files, Repository } from "../support/git/Repository.ts"

const namespace = "visit"
const many = 20
/** Only with `SLUICE_CHAOS=long`: what is kept for half a minute has to be waited for. A thousand in all. */
const isLong = process.env.SLUICE_CHAOS === "long"
const rounds = 50

let ground: ChaosGround
let repository: Repository
let agent: AgentProcess
let watcher: Watcher
let folder: string

beforeAll(async () => {
  if (!isLong) return
  ground = await ChaosGround.start()
  await ground.namespace(namespace)
  repository = await ground.git.repository("visitors")
  folder = mkdtempSync(join(tmpdir(), "sluice-visitors-"))
  watcher = new Watcher(folder, folder)
  agent = await ground.agent(undefined, [], watcher)
}, 120_000)

afterAll(async () => {
  await ground?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Deliveries that come, are Ready, and go; every other by kustomize, and all of them tell a chat. */
const visit = async (round: number) => {
  const names = Array.from({ length: many }, (_, index) => `visitor-${round}-${index}`)
  const files = names.flatMap((name, index) => [
    [`${name}/one.yaml`, configMap(name, round)],
    ...index % 2 === 0 ? [] : [[`${name}/kustomization.yaml`, "resources: [one.yaml]\n"]]
  ])
  const commit = await repository.commit(Object.fromEntries(files) as Files, `Round ${round}`, { replace: true })
  for (const name of names) {
    await ground.deliver(`${namespace}/${name}`, repository.url, `path: ${name}, notify: [{name: chat}]`)
  }
  for (const name of names) await ground.deliveries.ready(`${namespace}/${name}`, commit)
  for (const name of names) {
    await ground.plane.request("DELETE", `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/deliveries/${name}`)
  }
  await ground.deliveries.until("all are gone", (known) => known.size === 0)
}

/** The watches that the API server serves. */
const watches = async (): Promise<number> => {
  const text = await ground.plane.request("GET", "/metrics") as string
  return [...text.matchAll(/^apiserver_longrunning_requests\{.*verb="WATCH".*\} (\d+)$/gmu)]
    .reduce((sum, [, count]) => sum + Number(count), 0)
}

it.runIf(isLong)("keeps nothing of Deliveries that come and go", async () => {
  const before = await watches()
  const rested = async () => {
    // A lane that begins anew would find its watches as it left them: they are kept for half a minute.
    for (let turn = 0; turn < 60 && await watches() > before; turn++) await sleep(1_000)
    return watcher.look(agent)
  }
  await visit(0)
  const first = await watcher.look(agent)
  for (let round = 1; round < rounds; round++) await visit(round)
  const last = await rested()
  console.log(
    `after ${many} and ${rounds * many} Deliveries: heap ${first.heap.toFixed(1)}, ${
      last.heap.toFixed(1)
    } MiB; resident ` +
      `${first.resident.toFixed(0)}, ${last.resident.toFixed(0)} MiB; ${first.handles}, ${last.handles} handles; ` +
      `${before}, ${await watches()} watches`
  )
  assert.isAtMost(await watches(), before)
  assert.isAtMost(last.handles, first.handles + 2)
  assert.isAtMost(last.threads, first.threads)
  assert.isAtMost(last.heap, first.heap * 1.1)
  // Neither what they applied nor what the agent wrote down about it.
  const { items } = await ground.plane.request("GET", `/api/v1/namespaces/${namespace}/configmaps`) as {
    readonly items: ReadonlyArray<{ readonly metadata: { readonly name: string } }>
  }
  assert.deepStrictEqual(items.map(({ metadata }) => metadata.name).filter((name) => name !== "kube-root-ca.crt"), [])
  assert.notMatch(agent.output, /mistake in Sluice/u)
}, 120_000 + rounds * 20_000)
