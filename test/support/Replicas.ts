import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { AgentProcess } from "./AgentGround.ts"
import { ChaosGround } from "./ChaosGround.ts"

/** What a Lease says, as far as tests read it. */
export interface LeaseTold {
  readonly instance: string
  readonly view: ReadonlyArray<string>
}

/** Short, and yet not shorter than a machine with too much to do takes to answer. */
export const leaseSeconds = 5

/** Several agents that share the Deliveries of one cluster, each with a Lease of `leaseSeconds`. */
export class Replicas {
  readonly ground: ChaosGround
  readonly running = new Map<string, AgentProcess>()
  /** Every process that was begun, for who has to find out what happened: the last that it said. */
  readonly begun: Array<{ readonly instance: string; readonly agent: AgentProcess }> = []
  readonly #folder: string
  readonly #args: ReadonlyArray<string>

  private constructor(ground: ChaosGround, folder: string, args: ReadonlyArray<string>) {
    ;[this.ground, this.#folder, this.#args] = [ground, folder, args]
  }

  static async start(args: ReadonlyArray<string> = []): Promise<Replicas> {
    return new Replicas(await ChaosGround.start(), await mkdtemp(join(tmpdir(), "sluice-replicas-")), args)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((agent) => agent.stop("SIGKILL")))
    await this.ground.stop()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** A replica by its name; with a uid it is another pod than one of the same name before. */
  async begin(instance: string, uid?: string, atOnce = false): Promise<AgentProcess> {
    const agent = await AgentProcess.start({
      atOnce,
      kubeconfig: this.ground.plane.adminKubeconfigFile,
      args: ["--allow-loopback", "--instance", instance, "--lease-duration", `${leaseSeconds}s`, ...this.#args],
      dataFolder: join(this.#folder, instance),
      environment: uid === undefined ? {} : { POD_UID: uid }
    })
    this.running.set(instance, agent)
    this.begun.push({ instance, agent })
    return agent
  }

  async end(instance: string, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const agent = this.running.get(instance)
    this.running.delete(instance)
    return await agent?.stop(signal) ?? null
  }

  async leases(): Promise<ReadonlyArray<LeaseTold>> {
    const path = "/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases"
    const { items } = await this.ground.plane.request("GET", path) as { readonly items: ReadonlyArray<JsonObject> }
    return items.map((lease) => ({
      instance: String(at(lease, "metadata", "name")).slice("sluice-".length),
      view: String(at(lease, "metadata", "annotations", "sluice.dev/members")).split(",")
    }))
  }

  /** What went wrong, by their own account. */
  get complaints(): string {
    return this.begun.map(({ agent, instance }) => {
      const lines = agent.output.split("\n").filter((line) => /level=(?:WARN|ERROR|FATAL)/u.test(line))
      return `${instance} (${agent.process.pid}):\n${lines.slice(-30).join("\n")}`
    }).join("\n")
  }

  /** Waits until these replicas, and no other, share the work; answers after how many milliseconds. */
  async agree(instances: ReadonlyArray<string>, timeoutMs = 40_000): Promise<number> {
    const [began, wanted] = [performance.now(), instances.toSorted().join(",")]
    for (;;) {
      const leases = await this.leases()
      const isAgreed = leases.map(({ instance }) => instance).sort().join(",") === wanted &&
        leases.every(({ view }) => view.join(",") === wanted)
      const elapsed = performance.now() - began
      if (isAgreed) return elapsed
      if (elapsed > timeoutMs) {
        throw new Error(`${wanted} do not agree within ${timeoutMs} ms: ${JSON.stringify(leases)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
