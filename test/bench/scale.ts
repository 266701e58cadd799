import { type Ground, peakMebibytes, row, stagesOf, total } from "./Ground.ts"

const count = 2_000
const filler = "x".repeat(900)
const configMap = (index: number, version: number) =>
  `apiVersion: v1
kind: ConfigMap
metadata:
  name: bulk-${index}
data:
  version: "${version}"
  filler: ${filler}
`

/** 2,000 ConfigMaps of 1 KB, a file each: first applied, one changed, run again unchanged; memory at its highest. */
export const scale = async (ground: Ground, renderer: "plain" | "kustomize") => {
  const name = `bulk-${renderer}`
  const repository = await ground.git.repository(name)
  const files: Record<string, string> = {}
  for (let index = 0; index < count; index++) files[`bulk-${index}.yaml`] = configMap(index, 0)
  if (renderer === "kustomize") {
    files["kustomization.yaml"] = `resources:\n${Object.keys(files).map((file) => `  - ${file}\n`).join("")}`
  }
  const first = await repository.commit(files, "Two thousand")
  const agent = await ground.run(name, repository.url)
  const applied = await agent.outcome(`default/${name}`, first, 120_000)
  const stages = (outcome: typeof applied) =>
    Object.entries(stagesOf(agent, outcome)).map(([stage, ms]) => `${stage} ${ms}`).join(", ")
  row(
    `${count} ConfigMaps by ${renderer}: first applied`,
    `${total(agent, applied)} ms`,
    "goal 6,000 ms (Flux 18,000 [13,600])"
  )
  console.log(`  ${stages(applied)}`)
  const rendering = agent.lines.find((line) => line.stage === "render")!.time
  const { cpu, wall } = ground.longestBlock(name, rendering)
  row("  longest block of the event loop", `${wall.toFixed(0)} ms, ${cpu.toFixed(0)} ms CPU`, "goal 50 ms")

  const one = await repository.commit({ "bulk-7.yaml": configMap(7, 1) }, "One of them")
  const changed = await agent.outcome(`default/${name}`, one, 60_000)
  const goal = renderer === "plain" ? "goal 500 ms" : "goal 2,500 ms"
  row(
    `${count} ConfigMaps by ${renderer}: one of them changed`,
    `${total(agent, changed)} ms`,
    `${goal} (Flux 11,000 [9,400])`
  )
  console.log(`  ${stages(changed)}`)
  row(
    "  peak memory of the process with its workers",
    `${Math.round(peakMebibytes(agent.process.pid!))} MiB`,
    "goal 200 MiB"
  )
  await agent.stop()

  const before = await ground.requests(name)
  const again = await ground.run(name, repository.url, "--once")
  await again.exit()
  const after = await ground.requests(name)
  const delta = Object.entries(after).map(([verb, n]) => `${verb} ${n - (before[verb] ?? 0)}`).filter((text) =>
    !text.endsWith(" 0")
  )
  const outcome = again.lines.findLast((line) => line.event === "outcome")!
  row(
    `${count} ConfigMaps by ${renderer}: run again, ${outcome.outcome}`,
    `${total(again, outcome)} ms: ${delta.join(", ")}`,
    "goal no write, no dry-run"
  )
  await ground.plane.request("DELETE", "/api/v1/namespaces/default/configmaps")
}
