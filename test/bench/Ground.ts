import { readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Agent, type RunLine } from "../support/Agent.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"

export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** `median [best]` in milliseconds. */
export const told = (numbers: ReadonlyArray<number>): string =>
  `${Math.round(median(numbers))} ms [${Math.round(Math.min(...numbers))}]`

/** Seconds of CPU that a process and its threads have used; its children apart. */
export const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** The most memory that a process with its threads ever held, in MiB; its children apart. */
export const peakMebibytes = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024

/** The stages of the run that an outcome ended, by name, in milliseconds. */
export const stagesOf = (agent: Agent, outcome: RunLine): Readonly<Record<string, number>> =>
  Object.fromEntries(
    agent.lines
      .filter((line) => line.run === outcome.run && line.event === "stage-finished")
      .map((line) => [line.stage!, line.durationMs!])
  )

/** From the source's answer to the outcome: the wait for the poll is not part of it. */
export const total = (agent: Agent, outcome: RunLine): number =>
  outcome.durationMs! + (stagesOf(agent, outcome).fetch ?? 0)

/** A control plane and a Git server for one benchmark, and what it takes to run Sluice against them. */
export class Ground {
  readonly plane: ControlPlane
  readonly git: GitServer
  readonly folder: string
  readonly #agents: Array<Agent> = []

  private constructor(plane: ControlPlane, git: GitServer, folder: string) {
    this.plane = plane
    this.git = git
    this.folder = folder
  }

  static async start(): Promise<Ground> {
    const [plane, git] = await Promise.all([startControlPlane(), startGitServer()])
    return new Ground(plane, git, await mkdtemp(join(tmpdir(), "sluice-bench-")))
  }

  async stop() {
    for (const agent of this.#agents) await agent.stop("SIGKILL")
    await Promise.all([this.plane.stop(), this.git.stop(), rm(this.folder, { recursive: true, force: true })])
  }

  /** The longest time that an agent kept its event loop from turning since a moment, and the most CPU of one turn, in ms. */
  longestBlock(name: string, since: string): { readonly wall: number; readonly cpu: number } {
    const lines = readFileSync(join(this.folder, `${name}.loop`), "utf8").trim().split("\n")
    const blocks = lines.map((line) => line.split(" ").map(Number)).filter(([time]) => time! >= Date.parse(since))
    return { wall: Math.max(...blocks.map(([, wall]) => wall!)), cpu: Math.max(...blocks.map(([, , cpu]) => cpu!)) }
  }

  /** Runs a delivery of a repository as a user of that name. */
  async run(name: string, url: string, ...more: ReadonlyArray<string>): Promise<Agent> {
    const [delivery, kubeconfig] = [join(this.folder, `${name}.yaml`), join(this.folder, `${name}.kubeconfig`)]
    await writeFile(kubeconfig, this.plane.user(name, ["system:masters"]))
    await writeFile(
      delivery,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: default}
spec:
  source: {git: {url: "${url}", branch: main}, interval: 50ms}
`
    )
    const agent = new Agent(["-f", delivery, "--kubeconfig", kubeconfig, ...more], {
      NODE_OPTIONS: `--import=${new URL("./eventLoop.js", import.meta.url).href}`,
      SLUICE_BENCH_EVENT_LOOP: join(this.folder, `${name}.loop`)
    })
    this.#agents.push(agent)
    return agent
  }

  /** Requests of one user, by verb, from a moment on. */
  async requests(user: string): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {}
    for (const event of await this.plane.readAudit()) {
      if (event.user.username !== user) continue
      const verb = event.requestURI.includes("dryRun=All") ? "dry-run" : event.verb
      counts[verb] = (counts[verb] ?? 0) + 1
    }
    return counts
  }
}

export const row = (what: string, figure: string, goal = "") =>
  console.log(`${what.padEnd(58)} ${figure.padEnd(26)} ${goal}`)
