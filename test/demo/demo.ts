import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Agent } from "../support/Agent.ts"
import { startChatServer } from "../support/ChatServer.ts"
import { startControlPlane } from "../support/ControlPlane.ts"
import { startGitServer } from "../support/GitServer.ts"
import { deliveries, productionPatch, shop } from "../support/shop.ts"

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`Sluice needs Node 24 or newer; this is ${process.version}. Start it as \`npm run demo\`.`)
  process.exit(2)
}

const keep = process.argv.includes("--keep")
const started = performance.now()
const seconds = () => `${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s`
const say = (text = "") => console.log(text === "" ? "" : `${seconds()}  ${text}`)
const title = (text: string) => console.log(`\n${seconds()}  ── ${text}`)

const digest = (digit: string) => `registry.example.com/shop/checkout@sha256:${digit.repeat(64)}`
/** Asks for a node that the cluster does not have: the rollout stays where it is. */
const nowhere = `
      nodeSelector: {disk: none-such}`

const folder = await mkdtemp(join(tmpdir(), "sluice-demo-"))
const stops: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true, force: true })]
const stopAll = async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(130)))
}

try {
  title("A control plane, a Git server and a chat room, all real, all on loopback")
  const [plane, git, chat] = await Promise.all([
    startControlPlane({ nodes: 2, progress: (line) => say(line) }),
    startGitServer(),
    startChatServer({
      onMessage: (message) => say(`  chat ▏ ${message.text.split("\n").join("\n                ▏ ")}`)
    })
  ])
  stops.push(plane.stop, git.stop, chat.stop)
  say(`Kubernetes at ${plane.server}, Git at ${git.url}`)

  const repository = await git.repository("shop")
  const first = await repository.commit(shop(), "Sell something")
  const file = join(folder, "delivery.yaml")
  await writeFile(file, deliveries({ repository: `${git.url}/shop.git`, chat: `${chat.url}/services/T0/B0/demo` }))

  const agent = new Agent(["-f", file, "--kubeconfig", plane.adminKubeconfigFile])
  stops.push(() => agent.stop())
  const live = async () => {
    const path = "/apis/apps/v1/namespaces/shop-prod/deployments/checkout"
    const { spec, status } = await plane.request("GET", path) as {
      spec: { template: { spec: { containers: [{ image: string }] } } }
      status: { readyReplicas?: number; replicas?: number }
    }
    const image = spec.template.spec.containers[0].image.replace(/^.*\//u, "").slice(0, 28)
    return `shop-prod/checkout runs ${image}…, ${status.readyReplicas ?? 0} of ${status.replicas ?? 0} ready`
  }
  const tell = async (commit: string, environments = ["dev", "prod"]) => {
    const pushed = performance.now()
    const outcomes = await Promise.all(environments.map(async (environment) => {
      const line = await agent.outcome(`shop-${environment}/shop-${environment}`, commit)
      const words = line.outcome === "Failed"
        ? `${line.error!.reason}: ${line.error!.message}`
        : Object.entries(line.changes ?? {}).filter(([, n]) => n > 0).map(([word, n]) => `${n} ${word}`).join(", ")
      say(`  ${environment.padEnd(4)} ${line.outcome} in ${line.durationMs} ms${words === "" ? "" : `: ${words}`}`)
      return line.outcome
    }))
    say(
      `  ${
        Math.round(performance.now() - pushed)
      } ms after the push, the wait for the poll (250 ms) and for health included`
    )
    say(`  ${await live()}`)
    return outcomes
  }
  const expect = (found: ReadonlyArray<unknown>, ...wanted: ReadonlyArray<string>) => {
    if (found.join() !== wanted.join()) throw new Error(`expected ${wanted.join(" and ")}, got ${found.join(" and ")}`)
  }

  title("1. The first commit: one base, two environments, one policy for production")
  expect(await tell(first), "Applied", "Applied")

  title("2. A change: a new image in production")
  const second = await repository.commit(
    { "environments/prod/checkout.yaml": productionPatch(digest("a")) },
    "Roll out checkout 1.5"
  )
  expect(await tell(second), "Unchanged", "Applied")

  title("3. An unsafe commit: production by a tag that anybody can move")
  const unsafe = await repository.commit(
    { "environments/prod/checkout.yaml": productionPatch("registry.example.com/shop/checkout:latest") },
    "Always the latest"
  )
  expect(await tell(unsafe), "Unchanged", "Denied")

  title("4. The fix: the same version by its digest")
  const fixed = await repository.commit(
    { "environments/prod/checkout.yaml": productionPatch(digest("b")) },
    "Pin the image by digest"
  )
  expect(await tell(fixed), "Unchanged", "Applied")

  title("5. A rollout that hangs, overtaken by the next commit")
  const hanging = await repository.commit(
    { "environments/prod/checkout.yaml": productionPatch(digest("c"), nowhere) },
    "Only on nodes that we do not have"
  )
  await agent.line((line) =>
    line.event === "stage-started" && line.stage === "apply" && line.revision?.endsWith(hanging) === true
  )
  await agent.line((line) => line.event === "stage-finished" && line.stage === "diff" && line.delivery.endsWith("prod"))
  say("  prod waits for pods that nobody can schedule; now comes the next commit")
  const overtaking = await repository.commit(
    { "environments/prod/checkout.yaml": productionPatch(digest("d")) },
    "Any node will do"
  )
  const interrupted = await agent.line((line) => line.event === "run-interrupted" && line.delivery.endsWith("prod"))
  say(`  prod interrupted at ${interrupted.stage} by ${interrupted.by}`)
  expect(await tell(overtaking), "Unchanged", "Applied")

  title("6. A change for everybody, and its rollback: git revert, nothing else")
  const flagged = await repository.commit(
    { "base/kustomization.yaml": shop()["base/kustomization.yaml"]!.replace("newCart=false", "newCart=true") },
    "Turn the new cart on"
  )
  expect(await tell(flagged), "Applied", "Applied")
  const reverted = await repository.revert()
  expect(await tell(reverted), "Applied", "Applied")

  title("What Git says, the cluster runs; every step is on record")
  if (keep) {
    say(`kubectl --kubeconfig ${plane.adminKubeconfigFile} get all,configmaps -A -l sluice.dev/delivery`)
    say(`git clone ${git.url}/shop.git, commit to it, push, and watch; Ctrl-C ends it all`)
    await agent.exit()
  }
} finally {
  await stopAll()
}
