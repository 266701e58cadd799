import { once } from "node:events"
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { JsonObject } from "../../src/domain/Json.ts"
import { fromEnvironment } from "../../src/programs/Programs.ts"
import { Agent, type RunLine } from "../support/Agent.ts"
import { startChatServer } from "../support/ChatServer.ts"
import { startControlPlane } from "../support/ControlPlane.ts"
import { findPrograms } from "../support/controlplane/programs.ts"
import { startGitServer } from "../support/GitServer.ts"
import { deliveries, productionPatch, shop } from "../support/shop.ts"
import { healing } from "./drift.ts"
import { changedLines, chatLines, duration, paint, strip } from "./tell.ts"

if (Number(process.versions.node.split(".")[0]) < 24) {
  console.error(`Sluice needs Node 24 or newer; this is ${process.version}. Start it as \`npm run demo\`.`)
  process.exit(2)
}

const keep = process.argv.includes("--keep")
const started = performance.now()
const clock = () => paint("dim", `${((performance.now() - started) / 1_000).toFixed(1).padStart(5)} s`)
const say = (who: string, text: string) => console.log(`         ${paint("dim", who.padEnd(5))} ${text}`)
const title = (text: string) => console.log(`\n${clock()}  ${paint("bold", text)}`)

const image = (digit: string) => `registry.example.com/shop/checkout@sha256:${digit.repeat(64)}`
/** Asks for a node that the cluster does not have: the rollout stays where it is. */
const nowhere = `
      nodeSelector: {disk: none-such}`

const folder = await mkdtemp(join(tmpdir(), "sluice-demo-"))
const stops: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true, force: true })]
let stopped: Promise<void> | undefined
const stopAll = () =>
  stopped ??= (async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })()
/** Stopped at the end, also if something beside it does not start. */
const kept = async <A extends { readonly stop: () => Promise<unknown> }>(starting: Promise<A>): Promise<A> => {
  const one = await starting
  stops.push(() => one.stop())
  return one
}
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(code)))
}

/** A cache of its own, for what is left of this demo; what was built or compiled before is shared. */
const cache = async () => {
  const own = join(folder, "cache")
  const shared = dirname(fromEnvironment(process.env).cacheDirectory)
  await mkdir(own)
  for (const name of ["programs", "policies", "code"]) {
    await mkdir(join(shared, name), { recursive: true })
    await symlink(join(shared, name), join(own, name))
  }
  return own
}

let isLeftUp = false
const hear = (body: JsonObject, isWhole: boolean) => {
  const [first, ...more] = chatLines(body, isWhole)
  say("chat", first!)
  for (const line of more) say("", `  ${line}`)
}

const story = async () => {
  title("Starting a Kubernetes control plane, a Git server and a chat room: all real, all on this machine")
  const [plane, git, chat, [kubectl], cacheDirectory] = await Promise.all([
    kept(startControlPlane({ nodes: 2, progress: (line) => say("", line) })),
    kept(startGitServer()),
    kept(startChatServer({ onMessage: ({ body }) => isLeftUp && hear(body, true) })),
    keep ? findPrograms(["kubectl"], (line) => say("", line)).then((found) => [found.get("kubectl")!]) : [""],
    cache()
  ])
  say("ready", `Kubernetes at ${plane.server}, Git at ${git.url}`)

  const repository = await git.repository("shop")
  // Whoever clones it under --keep may push.
  await repository.git(["config", "http.receivepack", "true"])
  const delivery = join(folder, "delivery.yaml")
  await writeFile(delivery, deliveries({ repository: repository.url, chat: `${chat.url}/services/T0/B0/demo` }))
  let agent: Agent | undefined
  const files = shop()
  const summary: Array<ReadonlyArray<string>> = []
  let pushed = 0
  let told = 0

  /** Commits, and shows the subject and the lines that changed. */
  const push = async (subject: string, path?: string, text = "") => {
    const before = path === undefined ? "" : files[path]!
    if (path !== undefined) files[path] = text
    const commit = await repository.commit(path === undefined ? files : { [path]: text }, subject)
    pushed = performance.now()
    const size = path === undefined ? `${Object.keys(files).length} files` : path
    say("push", `${commit.slice(0, 8)} ${paint("bold", subject)}  ${paint("dim", size)}`)
    if (path !== undefined) { for (const line of changedLines(before, text)) say("", line) }
    return { commit, subject }
  }

  const outcome = (line: RunLine, lines: ReadonlyArray<RunLine>) => {
    const changes = Object.entries(line.changes ?? {}).filter(([, count]) => count > 0)
      .map(([word, count]) => `${count} ${word}`).join(", ")
    const stages = lines.filter(({ event, run }) => event === "stage-finished" && run === line.run)
    switch (line.outcome) {
      case "Applied":
        return `${paint("green", "✔ applied and healthy")}: ${changes}  ${paint("dim", strip(stages))}`
      case "Denied":
        return `${paint("red", "✗ denied")}: nothing was written  ${paint("dim", strip(stages))}`
      case "Failed":
        return `${paint("red", "✗ failed")}: ${line.error?.reason}: ${line.error?.message}`
      default:
        return `${paint("green", "✔ unchanged")}: nothing that it reads was touched`
    }
  }

  const live = async () => {
    const { spec, status } = await plane.request("GET", "/apis/apps/v1/namespaces/shop-prod/deployments/checkout") as {
      spec: { template: { spec: { containers: [{ image: string }] } } }
      status: { readyReplicas?: number; replicas?: number }
    }
    const running = spec.template.spec.containers[0].image.replace(/.*\//u, "").replace(/(sha256:\w{12})\w+/u, "$1…")
    return `production runs ${running}, ${status.readyReplicas ?? 0} of ${status.replicas ?? 0} pods ready`
  }

  /** Waits for both environments and for what the chat has to hear, and tells it. */
  const follow = async (
    { commit, subject }: { readonly commit: string; readonly subject: string },
    expected: { readonly dev: RunLine["outcome"]; readonly prod: RunLine["outcome"] }
  ) => {
    const running = agent ??= await kept(Promise.resolve(
      new Agent(["-f", delivery, "--kubeconfig", plane.adminKubeconfigFile], { SLUICE_CACHE: cacheDirectory })
    ))
    const environments = ["dev", "prod"] as const
    const lines = await Promise.all(
      environments.map((environment) => running.outcome(`shop-${environment}/shop-${environment}`, commit))
    )
    const took = duration(performance.now() - pushed)
    for (const [index, environment] of environments.entries()) {
      say(environment, outcome(lines[index]!, running.lines))
      if (lines[index]!.outcome !== expected[environment]) {
        throw new Error(`expected ${environment} to be ${expected[environment]}`)
      }
    }
    const messages = environments.filter((environment) => expected[environment] !== "Unchanged").length
    await chat.received(told + messages)
    for (const { body } of chat.messages.slice(told)) hear(body, expected.prod === "Denied")
    told = chat.messages.length
    say("now", `${await live()}  ${paint("dim", `${took} after the push`)}`)
    summary.push([commit.slice(0, 8), subject, ...lines.map((line) => line.outcome!), took])
  }

  const patch = "environments/prod/checkout.yaml"
  const base = "base/kustomization.yaml"

  title("1. The first commit: one base, two environments, and a policy that judges production only")
  await follow(await push("Sell something"), { dev: "Applied", prod: "Applied" })

  title("2. A change: a new image for production")
  await follow(await push("Roll out checkout 1.5", patch, productionPatch(image("a"))), {
    dev: "Unchanged",
    prod: "Applied"
  })

  title("3. An unsafe commit: a tag that anybody can move. The gate refuses it and tells its author why")
  const latest = "registry.example.com/shop/checkout:latest"
  await follow(await push("Always the latest", patch, productionPatch(latest)), { dev: "Unchanged", prod: "Denied" })

  title("4. The fix: the same image by its digest")
  await follow(await push("Pin the image by digest", patch, productionPatch(image("b"))), {
    dev: "Unchanged",
    prod: "Applied"
  })

  title("5. A rollout that hangs, overtaken by the next commit: nobody waits for a timeout")
  const { commit: hanging } = await push("Only on fast disks", patch, productionPatch(image("c"), nowhere))
  const applying = await agent!.line((line) =>
    line.event === "stage-started" && line.stage === "apply" && line.revision?.endsWith(hanging) === true
  )
  say("prod", "… waits for pods that no node can take; meanwhile comes the next commit")
  const overtaking = await push("Any disk will do", patch, productionPatch(image("d")))
  const interrupted = await agent!.line((line) => line.event === "run-interrupted" && line.run === applying.run)
  summary.push([hanging.slice(0, 8), "Only on fast disks", "Unchanged", "Interrupted", ""])
  say(
    "prod",
    `${paint("yellow", "↷ interrupted")} at ${interrupted.stage}, ${
      duration(performance.now() - pushed)
    } after the push`
  )
  await follow(overtaking, { dev: "Unchanged", prod: "Applied" })

  title("6. A change for everybody…")
  const flagged = files[base]!.replace("newCart=false", "newCart=true")
  await follow(await push("Turn the new cart on", base, flagged), { dev: "Applied", prod: "Applied" })

  title("7. …and its rollback: git revert, nothing else")
  const reverted = await repository.revert()
  pushed = performance.now()
  say("push", `${reverted.slice(0, 8)} ${paint("bold", "Revert \"Turn the new cart on\"")}`)
  await follow({ commit: reverted, subject: "Revert \"Turn the new cart on\"" }, { dev: "Applied", prod: "Applied" })

  title("8. The same Deliveries, kept by an agent in the cluster: what people change by hand is put back")
  await agent!.stop()
  const keeper = await healing({
    plane,
    file: delivery,
    commit: reverted,
    cache: cacheDirectory,
    stops,
    onReady: () => say("agent", `${paint("green", "✔ ready")}: it took over what is there, and wrote nothing`),
    onEdit: (command) => say("you", paint("bold", command)),
    onHealed: ({ note, took }) => say("agent", `${paint("green", "✔ healed")} after ${took}: ${note}`)
  })

  title("What Git says, the cluster runs")
  const rows = [["commit", "subject", "dev", "prod", "after"], ...summary]
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(Math.max(...rows.map((other) => other[column]!.length))))
    const line = cells.join("  ").trimEnd()
    console.log(`         ${index === 0 ? paint("dim", line) : line}`)
  }
  say(
    "",
    paint("dim", "Counted from the push: until the poll (every 250 ms), through the loop, until the pods are ready.")
  )

  if (!keep) return
  title("It stays up until Ctrl-C. To look around, in another terminal:")
  console.log([
    `export KUBECONFIG=${plane.adminKubeconfigFile}`,
    `${kubectl} get deployments,services,configmaps -A -l sluice.dev/delivery`,
    `git clone ${repository.url} && cd shop     # change something, commit, push, and watch this terminal`,
    "npx sluice get -A && npx sluice explain shop-prod -n shop-prod"
  ].join("\n"))
  isLeftUp = true
  for (const stream of [keeper.process.stdout, keeper.process.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      for (const [, text, about] of chunk.toString().matchAll(/message="(.*)" delivery=(\S+)/gu)) {
        say("agent", `${about}: ${text}`)
      }
    })
  }
  await once(keeper.process, "exit")
}

try {
  await story()
} catch (error) {
  // An end that was asked for makes everything that runs fail.
  if (stopped === undefined) {
    process.exitCode = 1
    console.error(`\n${paint("red", "The demo failed:")} ${error instanceof Error ? error.message : String(error)}`)
  }
}
await stopAll()
if (process.exitCode === undefined) console.log(`\n${clock()}  Everything is stopped, and nothing is left behind.`)
