import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { AgentProcess, applyYaml, Deliveries, installCrds } from "./AgentGround.ts"
import { type ControlPlane, startControlPlane } from "./ControlPlane.ts"
import { type GitServer, startGitServer } from "./GitServer.ts"
import { type LiveObject, Objects } from "./Objects.ts"

/** As whom the agent signs in: the audit log knows it by this name. */
export const agentUser = "sluice-agent"
export const namespace = "bulk"
/** Who edits objects in these tests. */
export const rival = "rival"

const perFile = 50
const deployments = 20

const filler = "x".repeat(400)
export const configMap = (name: string, version: string): string =>
  `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}}
data: {version: "${version}", filler: ${filler}}
`
export const deployment = (name: string, more = ""): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2${more}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: web, image: "example.com/web:1"}]}
`
const service = (name: string): string =>
  `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
`

/** So many objects, fifty a file: ConfigMaps, and a few Deployments with their Services. */
export const bulk = (count: number): Record<string, string> => {
  const documents: Array<string> = []
  for (let index = 0; index < deployments; index++) {
    documents.push(deployment(`web-${index}`), service(`web-${index}`))
  }
  for (let index = documents.length; index < count; index++) documents.push(configMap(`bulk-${index}`, "git"))
  const files: Record<string, string> = {}
  for (let at = 0; at < documents.length; at += perFile) {
    files[`objects-${at / perFile}.yaml`] = documents.slice(at, at + perFile).join("---\n")
  }
  return files
}

/** A reproducible stream of chance: a failure names its seed. */
export const chance = (seed: number) => {
  let state = seed
  return (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % limit
  }
}

/** One thing that somebody does to an object of ours, and how it shows that it was undone. */
export interface Edit {
  readonly id: string
  readonly deletes?: boolean
  readonly does: () => Promise<unknown>
  /** Whether an object shows the edit; a deletion shows as nothing at all. */
  readonly isDone: (object: LiveObject | undefined) => boolean
}

/** A control plane, a Git server and, once started, an agent with one Delivery of many objects. */
export class DriftGround {
  readonly plane: ControlPlane
  readonly git: GitServer
  readonly deliveries: Deliveries
  readonly objects: Objects
  readonly folder: string
  #agent: AgentProcess | undefined

  private constructor(
    plane: ControlPlane,
    git: GitServer,
    deliveries: Deliveries,
    objects: Objects,
    folder: string
  ) {
    this.plane = plane
    this.git = git
    this.deliveries = deliveries
    this.objects = objects
    this.folder = folder
  }

  static async start(): Promise<DriftGround> {
    const [plane, git] = await Promise.all([startControlPlane(), startGitServer()])
    await installCrds(plane)
    await applyYaml(
      plane,
      `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
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
    const core = `/api/v1/namespaces/${namespace}`
    const objects = await Objects.open(plane, [
      `${core}/configmaps`,
      `${core}/services`,
      `${core}/secrets`,
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
    ])
    const folder = await mkdtemp(join(tmpdir(), "sluice-drift-"))
    await writeFile(join(folder, "agent.kubeconfig"), plane.user(agentUser, ["system:masters"]))
    return new DriftGround(plane, git, new Deliveries(plane), objects, folder)
  }

  /** Starts the agent, with what an earlier one left in its folder. */
  async startAgent(): Promise<AgentProcess> {
    return this.#agent = await AgentProcess.start({
      kubeconfig: join(this.folder, "agent.kubeconfig"),
      dataFolder: join(this.folder, "data")
    })
  }

  get agent(): AgentProcess {
    return this.#agent!
  }

  /** Makes a Delivery of a repository; it waits for no health, since nothing runs here, unless `spec` says so. */
  async deliver(name: string, url: string, apply = "", interval = "1m"): Promise<void> {
    await applyYaml(
      this.plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  source: {git: {url: "${url}", branch: main}, interval: ${interval}}
  apply: {wait: false, deletionLimit: 100%${apply === "" ? "" : `, ${apply}`}}
`
    )
  }

  path(id: string): string {
    const [kind = "", name = ""] = id.split("/")
    const base = kind === "Deployment" ? "/apis/apps/v1" : "/api/v1"
    return `${base}/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`
  }

  /** Writes as another manager; what it answers is the object as the server left it. */
  merge(id: string, patch: unknown, manager = rival, subresource = ""): Promise<LiveObject> {
    const path = `${this.path(id)}${subresource}?fieldManager=${manager}`
    return this.plane.request("PATCH", path, patch, "application/merge-patch+json") as Promise<LiveObject>
  }

  /** Edits and deletions of objects of `bulk`, each of another object, by chance. */
  edits(count: number, objects: number, random: (limit: number) => number): ReadonlyArray<Edit> {
    const free = Array.from({ length: objects }, (_, index) => index).filter((index) => index >= 2 * deployments)
    const remove = (id: string): Edit => {
      const before = this.objects.get(id)?.metadata.uid
      return {
        id,
        deletes: true,
        does: () => this.plane.request("DELETE", this.path(id)),
        isDone: (object) => object === undefined || object.metadata.uid === before
      }
    }
    const edits: Array<Edit> = []
    for (let index = 0; index < count; index++) {
      const kind = random(10)
      if (index < deployments / 2) {
        const id = `${index % 2 === 0 ? "Deployment" : "Service"}/web-${index}`
        edits.push(
          kind < 3 ? remove(id) : index % 2 === 0
            ? {
              id,
              does: () => this.merge(id, { spec: { replicas: 7 } }),
              isDone: (object) => object?.spec?.["replicas"] !== 2
            }
            : {
              id,
              does: () => this.merge(id, { spec: { selector: { app: "elsewhere" } } }),
              isDone: (object) =>
                (object?.spec?.["selector"] as { readonly app: string } | undefined)?.app !== `web-${index}`
            }
        )
        continue
      }
      const id = `ConfigMap/bulk-${free.splice(random(free.length), 1)[0]}`
      edits.push(
        kind < 3
          ? remove(id)
          : kind < 5
          ? {
            id,
            does: () => this.merge(id, { data: { filler: null } }),
            isDone: (object) => object?.data?.["filler"] === undefined
          }
          : {
            id,
            does: () => this.merge(id, { data: { version: rival } }),
            isDone: (object) => object?.data?.["version"] !== "git"
          }
      )
    }
    return edits
  }

  /** Does all of it, so many milliseconds apart (0: all at once); answers how long each took to be undone. */
  async healed(edits: ReadonlyArray<Edit>, apartMs: number, timeoutMs: number): Promise<ReadonlyArray<number>> {
    const begun = new Map<string, number>()
    const done = new Map<string, { readonly edit: Edit; readonly version: number }>()
    const took = new Map<string, number>()
    const look = (id: string, object: LiveObject | undefined) => {
      const one = done.get(id)
      if (one === undefined || object === undefined || took.has(id) || one.edit.isDone(object)) return
      if (Number(object.metadata.resourceVersion) > one.version) took.set(id, performance.now() - begun.get(id)!)
    }
    const stop = this.objects.listen(look)
    const one = async (edit: Edit) => {
      begun.set(edit.id, performance.now())
      const { metadata } = await edit.does() as Partial<LiveObject>
      done.set(edit.id, { edit, version: Number(metadata?.resourceVersion ?? 0) })
      // What was undone before we heard that it was done.
      look(edit.id, this.objects.get(edit.id))
    }
    try {
      if (apartMs === 0) await Promise.all(edits.map(one))
      else for (const edit of edits) await Promise.all([one(edit), sleep(apartMs)])
      await this.objects.until("all edits are undone", () => took.size === edits.length, timeoutMs).catch((cause) => {
        const left = edits.filter(({ id }) => !took.has(id)).map(({ id }) => id)
        throw new Error(`${left.length} are not healed: ${left.slice(0, 10).join(", ")}`, { cause })
      })
    } finally {
      stop()
    }
    return [...took.values()]
  }

  /** What the agent asked the API server since a time, in its own name or another's: `PATCH /api/v1/…`. */
  async requestsSince(time: string): Promise<ReadonlyArray<string>> {
    return (await this.plane.readAudit())
      .filter(({ requestReceivedTimestamp, user }) => user.username === agentUser && requestReceivedTimestamp >= time)
      .map(({ requestURI, verb }) => `${verb} ${requestURI}`)
  }

  async stop(): Promise<void> {
    this.objects.stop()
    this.deliveries.stop()
    await this.#agent?.stop()
    await Promise.all([this.plane.stop(), this.git.stop()])
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
