import { setTimeout as sleep } from "node:timers/promises"
import { cpuSeconds, type Ground, median, row, stagesOf, told, total } from "./Ground.ts"

const configMap = (index: number, version: number) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags-${index}}\ndata: {version: "${version}"}\n`

const kustomization = {
  "kustomization.yaml": `resources:\n${Array.from({ length: 10 }, (_, index) => `  - flags-${index}.yaml\n`).join("")}`
}

/** Ten objects by kustomize: first sync, push to applied, an idle minute in short. */
export const latency = async (ground: Ground) => {
  const firsts: Array<number> = []
  const repository = await ground.git.repository("ten")
  const files = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`flags-${index}.yaml`, configMap(index, 0)])
  )
  const first = await repository.commit({ ...kustomization, ...files }, "Ten objects")
  for (const name of ["first-a", "first-b", "first-c", "first-d", "first-e"]) {
    const agent = await ground.run(name, repository.url)
    firsts.push(total(agent, await agent.outcome(`default/${name}`, first)))
    await agent.stop()
    await ground.plane.request("DELETE", "/api/v1/namespaces/default/configmaps")
  }
  row("first sync of 10 objects by kustomize, fresh process", told(firsts), "goal 400 ms (Flux 1060 [970])")

  const warm: Array<number> = []
  const withSeed = kustomization["kustomization.yaml"] + "  - seed.yaml\n"
  for (const name of ["warm-a", "warm-b", "warm-c", "warm-d", "warm-e"]) {
    const repository = await ground.git.repository(name)
    const seed = await repository.commit({
      "seed.yaml": configMap(99, 0),
      "kustomization.yaml": "resources: [seed.yaml]\n"
    }, "Seed")
    const agent = await ground.run(name, repository.url)
    await agent.outcome(`default/${name}`, seed)
    const ten = await repository.commit({ "kustomization.yaml": withSeed, ...files }, "Ten objects")
    warm.push(total(agent, await agent.outcome(`default/${name}`, ten)))
    await agent.stop()
    await ground.plane.request("DELETE", "/api/v1/namespaces/default/configmaps")
  }
  row(
    "ten new objects by kustomize, process warm",
    told(warm),
    "goal 400 ms (Flux, whose controllers are warm: 1060 [970])"
  )

  const agent = await ground.run("push", repository.url)
  await agent.outcome("default/push", first)
  const pushes: Array<number> = []
  const stages: Record<string, Array<number>> = {}
  for (let version = 1; version <= 20; version++) {
    const commit = await repository.commit({ "flags-3.yaml": configMap(3, version) }, `Version ${version}`)
    const outcome = await agent.outcome("default/push", commit)
    pushes.push(total(agent, outcome))
    for (const [stage, ms] of Object.entries(stagesOf(agent, outcome))) (stages[stage] ??= []).push(ms)
  }
  row("push to applied, without the wait for the poll", told(pushes), "goal 110 ms (Flux 215 [155])")
  for (const [stage, numbers] of Object.entries(stages)) row(`  of it ${stage}`, told(numbers))

  const [cpu, polls] = [cpuSeconds(agent.process.pid!), ground.git.requests.length]
  const requests = await ground.requests("push")
  await sleep(5_000)
  const polled = ground.git.requests.length - polls
  const spent = (cpuSeconds(agent.process.pid!) - cpu) * 1_000
  const asked = Object.values(await ground.requests("push")).reduce((sum, count) => sum + count, 0) -
    Object.values(requests).reduce((sum, count) => sum + count, 0)
  row("no-change poll: CPU, Git requests a poll, API requests", `${(spent / polled).toFixed(1)} ms, 1, ${asked}`)
  await agent.stop()
}

/** How soon a newer commit ends a run that waits for health. */
export const interruption = async (ground: Ground) => {
  const repository = await ground.git.repository("interruption")
  const deployment = (version: number) =>
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: never}
spec:
  selector: {matchLabels: {app: never}}
  template:
    metadata: {labels: {app: never}, annotations: {version: "${version}"}}
    spec: {containers: [{name: main, image: "registry.example.com/never:1"}]}
`
  let commit = await repository.commit({ "never.yaml": deployment(0) }, "Never ready")
  const agent = await ground.run("interruption", repository.url)
  const times: Array<number> = []
  for (let version = 1; version <= 5; version++) {
    await agent.line((line) => line.stage === "apply" && line.revision?.endsWith(commit) === true)
    await sleep(300)
    const [from, pushed] = [agent.lines.length, performance.now()]
    commit = await repository.commit({ "never.yaml": deployment(version) }, `Version ${version}`)
    await agent.line((line) => line.event === "run-interrupted", 20_000, from)
    times.push(performance.now() - pushed)
  }
  row("a newer push ends the older run (poll 50 ms, push itself in)", told(times), "goal 500 ms")
  await agent.stop("SIGKILL")
  return median(times)
}
