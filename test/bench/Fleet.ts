import { createHmac, randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { get } from "node:https"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parse } from "yaml"
import { AgentProcess, applyYaml, Deliveries, installCrds, type LiveDelivery } from "../support/AgentGround.ts"
import type { ControlPlane } from "../support/ControlPlane.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import type { Repository } from "../support/git/Repository.ts"
import { type Ground, peakMebibytes, row } from "./Ground.ts"
import type { Vitals, Watcher } from "./Vitals.ts"

export interface FleetOptions {
  readonly deliveries: number
  readonly objects: number
  readonly renderer: "plain" | "kustomize"
  /** How often the source is polled. */
  readonly interval: string
  /** Looks into the agent. */
  readonly watcher?: Watcher
}

/** Whom the API server's audit log calls the agent. */
const user = "agent"
const namespace = "fleet"

/** What a piece of work cost the agent and the API server. */
interface Cost {
  readonly cpu: number
  /** CPU of the programs that it ran: kustomize. */
  readonly programs: number
  /** By `verb resource`, and as whom. */
  readonly requests: ReadonlyMap<string, number>
}

const credentialOf = (plane: ControlPlane) => {
  const { user } = parse(plane.adminKubeconfig).users[0]
  const decoded = (text: string) => Buffer.from(text, "base64").toString()
  return { cert: decoded(user["client-certificate-data"]), key: decoded(user["client-key-data"]) }
}

const cpuOf = (pid: number): { readonly cpu: number; readonly programs: number } => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ").map(Number)
  return { cpu: (fields[11]! + fields[12]!) / 100, programs: (fields[13]! + fields[14]!) / 100 }
}

const residentMebibytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024

const isReadyOn = (commit: string) => ({ metadata, status }: LiveDelivery): boolean =>
  status?.lastAppliedRevision?.endsWith(commit) === true && status.observedGeneration === metadata.generation &&
  status.conditions?.some(({ status, type }) => type === "Ready" && status === "True") === true

/** Deliveries of one monorepo, a folder each, and the agent that keeps them. */
export class Fleet {
  readonly options: FleetOptions
  readonly #ground: Ground
  readonly #repository: Repository
  readonly #secret = randomBytes(24).toString("hex")
  readonly #known: Deliveries
  #agent: AgentProcess | undefined
  #hooks = 0
  #starts = 0

  private constructor(ground: Ground, repository: Repository, options: FleetOptions) {
    this.#ground = ground
    this.#repository = repository
    this.options = options
    this.#known = new Deliveries(ground.plane)
  }

  /** A namespace whose account `sluice` may do anything in it, and a monorepo; no Delivery yet. */
  static async make(ground: Ground, options: FleetOptions): Promise<Fleet> {
    const { plane } = ground
    await installCrds(plane)
    const fleet = new Fleet(ground, await ground.git.repository("monorepo"), options)
    await applyYaml(
      plane,
      `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: Namespace
metadata: {name: sluice-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sluice, namespace: ${namespace}}
---
apiVersion: v1
kind: Secret
metadata: {name: hook, namespace: ${namespace}}
stringData: {token: ${fleet.#secret}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sluice, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: sluice, namespace: ${namespace}}]
`
    )
    return fleet
  }

  get pid(): number {
    return this.#agent!.process.pid!
  }

  /** Of all of them, or of those that were made so far. */
  #names(from = 0, to = this.options.deliveries): ReadonlyArray<string> {
    return Array.from({ length: to - from }, (_, index) => `app-${from + index}`)
  }

  /** Commits a version of what some of the Deliveries apply: of all, unless said. */
  commit(version: number, which: ReadonlyArray<number> = [...Array(this.options.deliveries).keys()]): Promise<string> {
    const { objects, renderer } = this.options
    const files: Record<string, string> = {}
    for (const index of which) {
      const names = Array.from({ length: objects }, (_, object) => `app-${index}-${object}`)
      for (const name of names) {
        files[`apps/app-${index}/${name}.yaml`] =
          `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {version: "${version}"}\n`
      }
      if (renderer === "kustomize") {
        files[`apps/app-${index}/kustomization.yaml`] = `resources: [${
          names.map((name) => `${name}.yaml`).join(", ")
        }]\n`
      }
    }
    return this.#repository.commit(files, `Version ${version}`)
  }

  /** Makes the Deliveries, as one `kubectl apply` would: all, unless said. */
  async create(from = 0, to = this.options.deliveries) {
    const { interval } = this.options
    for (const name of this.#names(from, to)) {
      await this.#ground.plane.request("POST", `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/deliveries`, {
        apiVersion: "sluice.dev/v1alpha1",
        kind: "Delivery",
        metadata: { name, namespace },
        spec: {
          source: {
            git: { url: this.#repository.url, branch: "main" },
            interval,
            webhook: { secretRef: { name: "hook" } }
          },
          path: `apps/${name}`
        }
      })
    }
  }

  async start() {
    const { folder, plane } = this.#ground
    const file = join(folder, "agent.kubeconfig")
    await writeFile(file, plane.user(user, ["system:masters"]))
    const profiles = process.env.SLUICE_BENCH_PROFILES
    this.#agent = await AgentProcess.start({
      kubeconfig: file,
      dataFolder: join(folder, "agent"),
      nodeArgs: [
        `--import=${new URL("./eventLoop.js", import.meta.url).href}`,
        ...this.options.watcher?.nodeArgs ?? [],
        ...profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(profiles, String(this.#starts++))}`]
      ],
      // As in the cluster: deploy/base/agent.
      environment: {
        MALLOC_ARENA_MAX: "1",
        SLUICE_BENCH_EVENT_LOOP: join(folder, "agent.loop"),
        ...this.options.watcher?.environment
      }
    })
  }

  /** What the agent holds right now, after its garbage was collected. */
  look(): Promise<Vitals> {
    return this.options.watcher!.look(this.#agent!, true)
  }

  async stop() {
    await this.#agent?.stop()
    this.#agent = undefined
  }

  async remove() {
    this.#known.stop()
    await this.#agent?.remove()
  }

  /** Until all Deliveries are Ready on a commit. */
  ready(commit: string, timeoutMs = 900_000, to = this.options.deliveries): Promise<void> {
    const isReady = isReadyOn(commit)
    const ids = this.#names(0, to).map((name) => `${namespace}/${name}`)
    let behind = ids
    return this.#known.until(`all are Ready on ${commit}`, (known) => {
      behind = behind.filter((id) => {
        const delivery = known.get(id)
        return delivery === undefined || !isReady(delivery)
      })
      return behind.length === 0
    }, timeoutMs)
  }

  /** Until the requests of a moment are answered in every Delivery's status. */
  handled(value: string): Promise<void> {
    return this.#known.until(
      `all have handled ${value}`,
      (known) =>
        this.#names().every((name) => known.get(`${namespace}/${name}`)?.status?.lastHandledReconcileAt === value),
      600_000
    )
  }

  /** Asks all Deliveries to reconcile, as `sluice reconcile` does. */
  async request(value: string) {
    const path = (name: string) => `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/deliveries/${name}`
    const annotations = { "sluice.dev/requestedAt": value }
    for (const name of this.#names()) {
      await this.#ground.plane.request(
        "PATCH",
        path(name),
        { metadata: { annotations } },
        "application/merge-patch+json"
      )
    }
  }

  /** Resolves when an object of a Delivery holds a version in the cluster; it is watched by the time that this returns. */
  async stands(index: number, version: number): Promise<{ readonly applied: Promise<void> }> {
    const { plane } = this.#ground
    const query = `fieldSelector=metadata.name%3Dapp-${index}-0&watch=true`
    const url = `${plane.server}/api/v1/namespaces/${namespace}/configmaps?${query}`
    const watching = Promise.withResolvers<void>()
    const applied = new Promise<void>((resolve, reject) => {
      const request = get(url, { ca: plane.caData, ...credentialOf(plane) }, (response) => {
        watching.resolve()
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk
          if (!text.includes(`"version":"${version}"`)) return
          resolve()
          request.destroy()
        }).on("error", reject)
      }).on("error", reject)
    })
    await watching.promise
    return { applied }
  }

  /** Hints as a Git server does. */
  async hook() {
    const body = JSON.stringify({ repository: this.#repository.url, ref: "refs/heads/main" })
    const response = await fetch(`${await this.#agent!.address("http")}/hooks/generic`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "webhook-id": `hook-${this.#hooks++}`,
        "x-signature": `sha256=${createHmac("sha256", this.#secret).update(body).digest("hex")}`
      }
    })
    if (response.status !== 202) throw new Error(`the hook was answered ${response.status}: ${await response.text()}`)
  }

  async #cost(): Promise<{ readonly at: number } & ReturnType<typeof cpuOf>> {
    return { at: (await this.#ground.plane.readAudit()).length, ...this.#agent === undefined ? zero : cpuOf(this.pid) }
  }

  /** Does a piece of work and tells what it took; `settle` is waited for, and is not part of the time. */
  async measured<A>(
    what: string,
    goal: string,
    work: () => Promise<A>,
    settle = 1_500
  ): Promise<Cost & { readonly answer: A }> {
    const before = await this.#cost()
    const since = new Date().toISOString()
    const began = performance.now()
    const answer = await work()
    const ms = Math.round(performance.now() - began)
    await sleep(settle)
    const after = await this.#cost()
    const requests = counted((await this.#ground.plane.readAudit()).slice(before.at))
    const [cpu, programs] = [after.cpu - before.cpu, after.programs - before.programs]
    row(what, `${ms} ms`, goal)
    const all = [...requests.values()].reduce((sum, count) => sum + count, 0)
    console.log(`  ${all} requests: ${[...requests].map(([name, count]) => `${count} ${name}`).join(", ")}`)
    const { cpu: turn, wall } = this.#ground.longestBlock("agent", since)
    console.log(
      `  CPU ${cpu.toFixed(2)} s, of programs ${programs.toFixed(2)} s; resident ${
        residentMebibytes(this.pid).toFixed(0)
      } MiB, ` +
        `at most ${peakMebibytes(this.pid).toFixed(0)}; longest turn ${turn.toFixed(0)} ms CPU, ${wall.toFixed(0)} ms`
    )
    return { cpu, programs, requests, answer }
  }
}

const zero = { cpu: 0, programs: 0 }

/** A watch counts when it begins, everything else when it is answered. */
const counted = (events: ReadonlyArray<AuditEvent>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { impersonatedUser, objectRef, requestURI, stage, user: { username }, verb } of events) {
    if (username !== user || (verb === "watch") !== (stage === "ResponseStarted")) continue
    const done = requestURI.includes("dryRun=All") ? "dry-run" : verb
    const resource = objectRef === undefined
      ? "(discovery)"
      : [objectRef.resource, objectRef.subresource].filter(Boolean).join("/")
    const name = `${done} ${resource}${impersonatedUser === undefined ? "" : " as account"}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return new Map([...counts].sort(([, a], [, b]) => b - a))
}
