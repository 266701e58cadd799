import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AgentProcess, applyYaml, Deliveries, installCrds } from "./AgentGround.ts"
import { type ChatServer, startChatServer } from "./ChatServer.ts"
import { type ControlPlane, startControlPlane } from "./ControlPlane.ts"
import { type GitServer, startGitServer } from "./GitServer.ts"
import { masterOf } from "./masterOf.ts"

interface ConfigMapList {
  readonly items: ReadonlyArray<
    {
      readonly metadata: { readonly name: string; readonly resourceVersion: string }
      readonly data?: Readonly<Record<string, string>>
    }
  >
}

/** A ConfigMap of one value, as a file of a repository. */
export const configMap = (name: string, version: number | string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {version: "${version}"}\n`

/** A cluster, a Git server and a chat, and agents that are started and ended on them. */
export class ChaosGround {
  readonly plane: ControlPlane
  readonly git: GitServer
  readonly chat: ChatServer
  readonly deliveries: Deliveries
  readonly #folder: string
  readonly #agents: Array<AgentProcess> = []

  private constructor(plane: ControlPlane, git: GitServer, chat: ChatServer, folder: string) {
    ;[this.plane, this.git, this.chat, this.#folder] = [plane, git, chat, folder]
    this.deliveries = new Deliveries(plane)
  }

  /** Starts what is not given. */
  static async start(given?: { readonly plane: ControlPlane; readonly git: GitServer }): Promise<ChaosGround> {
    const [plane, git, chat] = await Promise.all([
      given?.plane ?? startControlPlane(),
      given?.git ?? startGitServer(),
      startChatServer()
    ])
    await installCrds(plane)
    await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
    return new ChaosGround(plane, git, chat, await mkdtemp(join(tmpdir(), "sluice-chaos-")))
  }

  async stop() {
    this.deliveries.stop()
    await this.stopAgents()
    await Promise.all([this.plane.stop(), this.git.stop(), this.chat.stop()])
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** A namespace whose account `sluice` may do anything in it, and whose Notifier tells the chat. */
  namespace(name: string): Promise<void> {
    return applyYaml(
      this.plane,
      `${masterOf(name)}apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: ${name}}
stringData: {address: "${this.chat.url}/hooks/${name}"}
---
apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: ${name}}
spec: {webhook: {secretRef: {name: chat}}}
`
    )
  }

  /** Applies a Delivery; `more` are further lines of its spec, in YAML's flow style. */
  deliver(id: string, url: string, more = ""): Promise<void> {
    const [namespace, name] = id.split("/")
    return applyYaml(
      this.plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec: {source: {git: {url: "${url}", branch: main}, interval: 1s}${more === "" ? "" : `, ${more}`}}
`
    )
  }

  /** An agent on the cluster, by the way that a proxy's URL is, if given. */
  async agent(
    server = this.plane.server,
    args: ReadonlyArray<string> = [],
    more: Pick<Parameters<typeof AgentProcess.start>[0], "nodeArgs" | "environment"> = {}
  ): Promise<AgentProcess> {
    const kubeconfig = join(this.#folder, `${this.#agents.length}.kubeconfig`)
    await writeFile(kubeconfig, this.plane.adminKubeconfig.replaceAll(this.plane.server, server))
    const agent = await AgentProcess.start({
      ...more,
      kubeconfig,
      args: ["--allow-loopback", ...args],
      dataFolder: join(this.#folder, "data")
    })
    this.#agents.push(agent)
    return agent
  }

  /** Kills the agents that run. */
  async stopAgents() {
    for (const agent of this.#agents) await agent.stop("SIGKILL")
  }

  /** What a Delivery applied, by its label: the value of each of its ConfigMaps. */
  async live(id: string): Promise<Readonly<Record<string, string | undefined>>> {
    const [namespace, name] = id.split("/")
    const selector = encodeURIComponent(`sluice.dev/delivery=${namespace}.${name}`)
    const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=${selector}`
    const { items } = await this.plane.request("GET", path) as ConfigMapList
    return Object.fromEntries(items.map(({ data, metadata }) => [metadata.name, data?.version]))
  }

  /** The names of the ConfigMaps that a Delivery's status says it owns. */
  owned(id: string): ReadonlyArray<string> {
    const entries = this.deliveries.get(id)?.status?.inventory?.entries ?? []
    return entries.map((entry) => entry.id.split("_")[1]!).sort()
  }

  /** Edits a ConfigMap as somebody else. */
  async edit(namespace: string, name: string, version: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=somebody`
    await this.plane.request("PATCH", path, { data: { version } }, "application/merge-patch+json")
  }

  /** Waits until the cluster holds exactly this. */
  async stands(id: string, wanted: Readonly<Record<string, string>>, timeoutMs = 60_000): Promise<void> {
    const sorted = (values: object) => JSON.stringify(Object.entries(values).sort())
    for (const deadline = Date.now() + timeoutMs;;) {
      const live = await this.live(id)
      if (sorted(live) === sorted(wanted)) return
      if (Date.now() > deadline) {
        throw new Error(`${id} is not as wanted within ${timeoutMs} ms: ${sorted(live)}, and not ${sorted(wanted)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
