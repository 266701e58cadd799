import { Agent as HttpsAgent, get } from "node:https"
import { parse } from "yaml"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { AgentProcess, applyYaml, Deliveries, installCrds, type LiveDelivery } from "./AgentGround.ts"
import { type ControlPlane, type Options, startControlPlane } from "./ControlPlane.ts"
import type { AuditEvent } from "./controlplane/audit.ts"
import { type GitServer, startGitServer } from "./GitServer.ts"

/** What the admin of a control plane proves itself with. */
export const adminCredential = ({ adminKubeconfig }: ControlPlane) => {
  const user = at(parse(adminKubeconfig) as JsonObject, "users", 0, "user")
  const pem = (name: string) => Buffer.from(String(at(user, name)), "base64").toString()
  return { cert: pem("client-certificate-data"), key: pem("client-key-data") }
}

/** What one watch has told, oldest first: tests wait for something in it. */
export class Told {
  readonly all: Array<{ readonly type: string; readonly object: JsonObject; readonly at: number }> = []
  readonly #waiting = new Set<() => void>()
  readonly #request: { readonly destroy: () => void }
  readonly #agent: HttpsAgent

  constructor(plane: ControlPlane, path: string) {
    this.#agent = new HttpsAgent({ ca: plane.caData, ...adminCredential(plane), keepAlive: true })
    let rest = ""
    this.#request = get(`${plane.server}${path}`, { agent: this.#agent }, (response) => {
      response.setEncoding("utf8").on("error", () => {}).on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n")
        rest = lines.pop()!
        for (const line of lines) this.all.push({ ...JSON.parse(line), at: performance.now() })
        for (const wake of this.#waiting) wake()
      })
    }).on("error", () => {})
  }

  /** The first that fits, now or later. */
  async find(
    what: string,
    claim: (object: JsonObject, type: string) => boolean,
    timeoutMs = 40_000
  ): Promise<{ readonly object: JsonObject; readonly at: number }> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = this.all.find(({ object, type }) => claim(object, type))
      if (found !== undefined) return found
      const left = deadline - Date.now()
      if (left <= 0) {
        const known = this.all.slice(-20).map(({ object, type }) =>
          `${type} ${String(at(object, "regarding", "name"))}: ${String(object.reason)}: ${String(object.note)}`
        )
        throw new Error(`not within ${timeoutMs} ms: ${what}; there are\n${known.join("\n")}`)
      }
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting
        const timer = setTimeout(done, left)
        function done() {
          clearTimeout(timer)
          waiting.delete(done)
          resolve()
        }
        waiting.add(done)
      })
    }
  }

  stop() {
    this.#request.destroy()
    this.#agent.destroy()
  }
}

/** A cluster with Sluice's CRDs, a Git server, and an agent that can be stopped and started. */
export class AgentScene {
  readonly plane: ControlPlane
  readonly git: GitServer
  readonly deliveries: Deliveries
  readonly events: Told
  agent: AgentProcess
  readonly #args: ReadonlyArray<string>

  private constructor(plane: ControlPlane, git: GitServer, agent: AgentProcess, args: ReadonlyArray<string>) {
    this.plane = plane
    this.git = git
    this.agent = agent
    this.#args = args
    this.deliveries = new Deliveries(plane)
    this.events = new Told(plane, "/apis/events.k8s.io/v1/events?watch=true&resourceVersion=0")
  }

  static async start(
    options: Options & { readonly args?: ReadonlyArray<string>; readonly nodeArgs?: ReadonlyArray<string> } = {}
  ): Promise<AgentScene> {
    const { args = [], nodeArgs = [], ...control } = options
    const [plane, git] = await Promise.all([startControlPlane(control), startGitServer()])
    await installCrds(plane)
    await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
    const agent = await AgentProcess.start({ kubeconfig: plane.adminKubeconfigFile, args, nodeArgs })
    return new AgentScene(plane, git, agent, args)
  }

  /** Another process on what the one before kept. */
  async restart(): Promise<void> {
    const { dataFolder } = this.agent
    await this.agent.stop()
    await this.begin(dataFolder)
  }

  async begin(dataFolder = this.agent.dataFolder): Promise<void> {
    const { adminKubeconfigFile: kubeconfig } = this.plane
    this.agent = await AgentProcess.start({ kubeconfig, args: this.#args, dataFolder })
  }

  async stop(): Promise<void> {
    this.deliveries.stop()
    this.events.stop()
    await this.agent.remove()
    await Promise.all([this.plane.stop(), this.git.stop()])
  }

  /** A namespace whose account `sluice` may do everything in it. */
  tenant(namespace: string, labels = "{}"): Promise<void> {
    return applyYaml(
      this.plane,
      `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}, labels: ${labels}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sluice, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sluice, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: sluice, namespace: ${namespace}}]
`
    )
  }

  /** Applies a Delivery: its spec is YAML in flow style, without the braces. */
  deliver(id: string, url: string, spec = "path: ''", metadata = ""): Promise<void> {
    const [namespace, name] = id.split("/")
    return applyYaml(
      this.plane,
      `{apiVersion: sluice.dev/v1alpha1, kind: Delivery, metadata: {name: ${name}, namespace: ${namespace}${
        metadata === "" ? "" : `, ${metadata}`
      }}, spec: {source: {git: {url: "${url}", branch: main}, interval: 1s}, ${spec}}}`
    )
  }

  patch(id: string, body: unknown, type: "json" | "merge" = "merge"): Promise<unknown> {
    return this.plane.request("PATCH", pathOfDelivery(id), body, `application/${type}-patch+json`)
  }

  remove(id: string): Promise<unknown> {
    return this.plane.request("DELETE", pathOfDelivery(id))
  }

  /** Waits until a Delivery is Ready on a commit, or on any. */
  ready(id: string, commit?: string, timeoutMs = 40_000): Promise<LiveDelivery> {
    return this.deliveries.ready(id, commit, timeoutMs)
  }

  /** Waits until a Delivery is no more. */
  gone(id: string, timeoutMs = 40_000): Promise<void> {
    return this.deliveries.until(`${id} is gone`, (known) => !known.has(id), timeoutMs)
  }

  /** Waits for an Event about a Delivery. */
  async event(id: string, reason: string, message: RegExp = /(?:)/u, timeoutMs?: number): Promise<JsonObject> {
    const [namespace, name] = id.split("/")
    const { object } = await this.events.find(
      `${id}: Event ${reason} ${message}`,
      (event) =>
        event.reason === reason && at(event, "regarding", "namespace") === namespace &&
        at(event, "regarding", "name") === name && message.test(String(event.note)),
      timeoutMs
    )
    return object
  }

  eventsOf(id: string): ReadonlyArray<string> {
    const [namespace, name] = id.split("/")
    return this.events.all.filter(({ object, type }) =>
      type === "ADDED" && at(object, "regarding", "namespace") === namespace &&
      at(object, "regarding", "name") === name
    ).map(({ object }) => String(object.reason))
  }

  /** An object, or undefined if there is none. */
  async find(path: string): Promise<JsonObject | undefined> {
    try {
      return await this.plane.request("GET", path) as JsonObject
    } catch (error) {
      if (error instanceof Error && /: 404 /u.test(error.message)) return undefined
      throw error
    }
  }

  /** Requests of the agent, as itself or as an account, that are no watches and no Lease. */
  async requests(since = ""): Promise<ReadonlyArray<AuditEvent>> {
    return (await this.plane.readAudit()).filter(({ requestReceivedTimestamp, stage, userAgent, verb }) =>
      stage === "ResponseComplete" && userAgent?.startsWith("sluice") === true && verb !== "watch" &&
      requestReceivedTimestamp > since
    )
  }
}

export const pathOfDelivery = (id: string): string => {
  const [namespace, name] = id.split("/")
  return `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/deliveries/${name}`
}

export const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {value: "${value}"}\n`

export const deployment = (name: string, image: string, more = ""): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: app, image: "${image}"}]
${more}`
