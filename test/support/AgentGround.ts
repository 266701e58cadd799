import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { Agent as HttpsAgent, get } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse, parseAllDocuments } from "yaml"
import type { DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import type { ControlPlane } from "./ControlPlane.ts"

const root = join(import.meta.dirname, "..", "..")
const crds = join(root, "deploy", "base", "crds")

/** A Delivery as the API server tells it, as far as tests read it. */
export interface LiveDelivery {
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly uid: string
    readonly generation: number
    readonly resourceVersion: string
    readonly finalizers?: ReadonlyArray<string>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: DeliveryStatus
}

interface Applied {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

const plural = (kind: string): string => `${kind.toLowerCase().replace(/y$/u, "ie").replace(/ss$/u, "sse")}s`
const clusterScoped = new Set([
  "CustomResourceDefinition",
  "Namespace",
  "ClusterRole",
  "ClusterRoleBinding",
  "PolicyBundle",
  "PriorityClass",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding"
])

/** The path of an object of the kinds that tests make by hand. */
export const pathOf = ({ apiVersion, kind, metadata: { name, namespace } }: Applied): string => {
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const scope = clusterScoped.has(kind) ? "" : `/namespaces/${namespace ?? "default"}`
  return `${base}${scope}/${plural(kind)}/${name}`
}

/** Applies documents as the admin, by server-side apply. */
export const applyYaml = async (plane: ControlPlane, text: string, manager = "tests"): Promise<void> => {
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as Applied | null
    if (object === null) continue
    const path = `${pathOf(object)}?fieldManager=${manager}&force=true`
    await plane.request("PATCH", path, object, "application/apply-patch+yaml")
  }
}

/** Applies the CRDs of this version and makes the agent's namespace; returns when the kinds are served. */
export const installCrds = async (plane: ControlPlane): Promise<void> => {
  await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
  for (const file of readdirSync(crds).filter((name) => name.startsWith("sluice.dev_") || name.endsWith("s.yaml"))) {
    await applyYaml(plane, readFileSync(join(crds, file), "utf8"))
  }
  for (const plural of ["deliveries", "notifiers", "policybundles"]) {
    for (const deadline = Date.now() + 30_000;;) {
      try {
        await plane.request("GET", `/apis/sluice.dev/v1alpha1/${plural}?limit=1`)
        break
      } catch (error) {
        if (Date.now() > deadline) throw error
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
}

/** Follows the Deliveries of a cluster by a watch: what tests wait for is a state that it told. */
export class Deliveries {
  readonly #known = new Map<string, LiveDelivery>()
  readonly #waiting = new Set<() => void>()
  #request: { readonly destroy: () => void } | undefined
  #stopped = false

  readonly #plane: ControlPlane
  readonly #agent: HttpsAgent

  constructor(plane: ControlPlane) {
    this.#plane = plane
    const { users: [{ user }] } = parse(plane.adminKubeconfig) as {
      readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }]
    }
    const pem = (name: string) => Buffer.from(user[name] ?? "", "base64").toString()
    const credential = { cert: pem("client-certificate-data"), key: pem("client-key-data") }
    this.#agent = new HttpsAgent({ ca: plane.caData, ...credential, keepAlive: true })
    this.#watch()
  }

  #watch() {
    if (this.#stopped) return
    const url = `${this.#plane.server}/apis/sluice.dev/v1alpha1/deliveries?watch=true&resourceVersion=0`
    let rest = ""
    const again = () => void setTimeout(() => this.#watch(), 100).unref()
    this.#request = get(url, { agent: this.#agent }, (response) => {
      // Where the kind is not served (any more), there is none of it.
      if (response.statusCode === 404) {
        this.#known.clear()
        for (const wake of this.#waiting) wake()
        return void response.resume().on("close", again)
      }
      response.setEncoding("utf8")
      response.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n")
        rest = lines.pop()!
        for (const line of lines) this.#take(JSON.parse(line))
      })
      response.on("close", again)
      response.on("error", () => {})
    }).on("error", again)
  }

  #take({ object, type }: { readonly type?: string; readonly object?: LiveDelivery }) {
    // A server that is only just starting may answer with a Status.
    if (object?.metadata?.name === undefined) return
    const id = `${object.metadata.namespace}/${object.metadata.name}`
    if (type === "DELETED") this.#known.delete(id)
    else this.#known.set(id, object)
    for (const wake of this.#waiting) wake()
  }

  get(id: string): LiveDelivery | undefined {
    return this.#known.get(id)
  }

  /** Waits until all that is known fits the claim; fails after the time with what was there instead. */
  async until(what: string, claim: (known: ReadonlyMap<string, LiveDelivery>) => boolean, timeoutMs = 60_000) {
    const deadline = Date.now() + timeoutMs
    while (!claim(this.#known)) {
      const left = deadline - Date.now()
      if (left <= 0) {
        const states = [...this.#known].slice(0, 20).map(([id, { status }]) => {
          const ready = status?.conditions?.find(({ type }) => type === "Ready")
          return `${id}: ${ready?.status} ${ready?.reason} ${ready?.message} (${status?.lastAppliedRevision})`
        })
        throw new Error(`not within ${timeoutMs} ms: ${what}; there are\n${states.join("\n")}`)
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

  /** Waits for one Delivery to fit. */
  async delivery(
    id: string,
    what: string,
    claim: (delivery: LiveDelivery) => boolean,
    timeoutMs?: number
  ): Promise<LiveDelivery> {
    await this.until(`${id} ${what}`, (known) => {
      const delivery = known.get(id)
      return delivery !== undefined && claim(delivery)
    }, timeoutMs)
    return this.#known.get(id)!
  }

  /** Waits until a Delivery is Ready on a commit (on any, unless said). */
  ready(id: string, commit = "", timeoutMs?: number): Promise<LiveDelivery> {
    return this.delivery(
      id,
      `is Ready on ${commit === "" ? "something" : commit}`,
      (delivery) =>
        condition(delivery, "Ready")?.status === "True" &&
        delivery.status?.observedGeneration === delivery.metadata.generation &&
        delivery.status?.lastAppliedRevision?.endsWith(commit) === true,
      timeoutMs
    )
  }

  /** Waits until Ready says this reason. */
  reason(id: string, reason: string, timeoutMs?: number): Promise<LiveDelivery> {
    return this.delivery(
      id,
      `is ${reason}`,
      (delivery) => condition(delivery, "Ready")?.reason === reason,
      timeoutMs
    )
  }

  stop() {
    this.#stopped = true
    this.#request?.destroy()
    this.#agent.destroy()
  }
}

export const condition = ({ status }: LiveDelivery, type: string) =>
  status?.conditions?.find((each) => each.type === type)

/** A real `sluice agent` process on a control plane. */
export class AgentProcess {
  readonly process: ChildProcess
  readonly dataFolder: string
  output = ""
  readonly #waiting = new Set<() => void>()
  readonly #addresses = new Map<"http" | "metrics", string>()

  private constructor(process: ChildProcess, dataFolder: string) {
    this.process = process
    this.dataFolder = dataFolder
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-2_000_000)
        for (const wake of this.#waiting) wake()
      })
    }
    process.on("exit", () => this.#waiting.forEach((wake) => wake()))
  }

  static async start(options: {
    readonly kubeconfig: string
    readonly args?: ReadonlyArray<string>
    readonly environment?: Readonly<Record<string, string>>
    readonly dataFolder?: string
    readonly nodeArgs?: ReadonlyArray<string>
    /** A checkout of another version; default this one. */
    readonly checkout?: string
    /** Returns at once: it may never be ready. */
    readonly atOnce?: boolean
  }): Promise<AgentProcess> {
    const dataFolder = options.dataFolder ?? await mkdtemp(join(tmpdir(), "sluice-agent-"))
    const child = spawn(process.execPath, [
      ...options.nodeArgs ?? [],
      join(options.checkout ?? root, "src", "sluice.js"),
      "agent",
      "--kubeconfig",
      options.kubeconfig,
      ...options.args?.includes("--agent-namespace") === true ? [] : ["--agent-namespace", "sluice-system"],
      "--data-dir",
      dataFolder,
      "--http-address",
      "127.0.0.1:0",
      "--metrics-address",
      "127.0.0.1:0",
      ...options.args ?? []
    ], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const agent = new AgentProcess(child, dataFolder)
    if (options.atOnce !== true) await agent.says(/ready/u)
    return agent
  }

  /** An agent that was started in another way; returns when it is ready. */
  static async over(child: ChildProcess): Promise<AgentProcess> {
    const agent = new AgentProcess(child, "")
    await agent.says(/ready/u)
    return agent
  }

  get #ended() {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  /** Waits for the agent to say something. */
  async says(pattern: RegExp, timeoutMs = 45_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = pattern.exec(this.output)
      if (found !== null) return found
      if (this.#ended) throw new Error(`the agent ended with ${this.process.exitCode}: ${this.output.slice(-5_000)}`)
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`the agent did not say ${pattern} in time:\n${this.output.slice(-5_000)}`)
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

  /** `http://127.0.0.1:<port>` of what it serves. */
  async address(which: "http" | "metrics"): Promise<string> {
    // Said once, at the start, and of a long life only the last is kept.
    const address = this.#addresses.get(which) ??
      `http://${(await this.says(new RegExp(`${which} on (\\S+?)["\\s,]`, "u")))[1]}`
    this.#addresses.set(which, address)
    return address
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (!this.#ended) {
      this.process.kill(signal)
      await once(this.process, "exit")
    }
    return this.process.exitCode
  }

  /** Ends it and removes what it kept. */
  async remove(): Promise<void> {
    await this.stop()
    await rm(this.dataFolder, { recursive: true, force: true, maxRetries: 3 })
  }
}
