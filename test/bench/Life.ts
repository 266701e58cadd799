import { createHmac, randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { request } from "node:http"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import {
  AgentProcess,
  applyYaml,
  condition,
  Deliveries,
  installCrds,
  type LiveDelivery
} from "../support/AgentGround.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { chance } from "../support/DriftGround.ts"
import type { Files } from "../support/git/Repository.ts"
import type { Ground } from "./Ground.ts"
import { type App, appsOf, cluster, filesOf, namespaceOf, objectOf, policy, type Team } from "./Team.ts"
import type { Watcher } from "./Vitals.ts"

const api = "/apis/sluice.dev/v1alpha1"
const merge = "application/merge-patch+json"
const requestedAt = "sluice.dev/requestedAt"

const isWell = (live: LiveDelivery | undefined, head: string): boolean =>
  live?.status?.lastAppliedRevision?.endsWith(head) === true && condition(live, "Ready")?.status === "True" &&
  live.metadata.annotations?.[requestedAt] === live.status.lastHandledReconcileAt

/** Deliveries of a few teams, and all that happens to them in a day. */
export class Life {
  readonly #ground: Ground
  readonly #chat: ChatServer
  readonly #below = chance(7)
  readonly #token = randomBytes(24).toString("hex")
  readonly #known: Deliveries
  readonly #teams: Array<Team> = []
  #agent: AgentProcess | undefined
  #hooks = 0
  #version = 0
  #edited = 0
  #asked = 0
  /** How hooks were answered. */
  readonly hooks = { taken: 0, tooMany: 0, refused: 0 }

  private constructor(ground: Ground, chat: ChatServer) {
    ;[this.#ground, this.#chat] = [ground, chat]
    this.#known = new Deliveries(ground.plane)
  }

  /** Teams with a namespace and a repository each; ten Deliveries each, of some ConfigMaps by all renderers. */
  static async make(ground: Ground, teams: number, objects: number): Promise<Life> {
    await installCrds(ground.plane)
    const life = new Life(ground, await startChatServer())
    await applyYaml(ground.plane, cluster)
    for (let team = 0; team < teams; team++) {
      const namespace = `team-${team}`
      const apps = appsOf(namespace, objects)
      await applyYaml(ground.plane, namespaceOf(namespace, life.#token, life.#chat.url))
      const repository = await ground.git.repository(namespace)
      const head = await repository.commit(
        { "policies/objects.rego": policy, ...Object.assign({}, ...apps.map(filesOf)) as Files },
        "Begin"
      )
      life.#teams.push({ namespace, repository, apps, head, pushing: Promise.resolve() })
      for (const { name } of apps) await life.#deliver(namespace, name, repository.url, `apps/${name}`)
    }
    await applyYaml(ground.plane, namespaceOf("visitors", life.#token, life.#chat.url))
    return life
  }

  async #deliver(namespace: string, name: string, url: string, path: string) {
    await this.#ground.plane.request("POST", `${api}/namespaces/${namespace}/deliveries`, {
      apiVersion: "sluice.dev/v1alpha1",
      kind: "Delivery",
      metadata: { name, namespace },
      spec: {
        source: { git: { url, branch: "main" }, interval: "10s", webhook: { secretRef: { name: "hook" } } },
        path,
        notify: [{ name: "chat" }]
      }
    })
  }

  /** Starts the agent; it is no member of `system:masters`, so that its requests can be told from others. */
  async start(watcher: Watcher): Promise<AgentProcess> {
    const { folder, plane } = this.#ground
    const kubeconfig = join(folder, "agent.kubeconfig")
    await writeFile(kubeconfig, plane.user("agent"))
    return this.#agent = await AgentProcess.start({
      kubeconfig,
      dataFolder: join(folder, "agent"),
      args: ["--allow-loopback"],
      nodeArgs: watcher.nodeArgs,
      environment: watcher.environment
    })
  }

  async stop() {
    this.#known.stop()
    await this.#agent?.remove()
    await this.#chat.stop()
  }

  get messages(): number {
    return this.#chat.messages.length
  }

  #team(): Team {
    return this.#teams[this.#below(this.#teams.length)]!
  }

  #app(): App {
    return this.#team().apps[this.#below(10)]!
  }

  #patch(path: string, body: unknown): Promise<unknown> {
    return this.#ground.plane.request("PATCH", path, body, merge)
  }

  /** The next object, so that nobody fights about one. */
  #next(): { readonly app: App; readonly path: string } {
    const all = this.#teams.length * 10
    const count = this.#edited++
    const app = this.#teams[count % this.#teams.length]!.apps[Math.floor(count / this.#teams.length) % 10]!
    const object = Math.floor(count / all) % app.versions.length
    return { app, path: `/api/v1/namespaces/${app.namespace}/configmaps/${objectOf(app, object)}` }
  }

  /** What wakes an agent, each with how many of a thousand it is. */
  readonly #triggers: ReadonlyArray<readonly [number, () => Promise<unknown>]> = [
    [460, async () => {
      const { name, namespace } = this.#app()
      await this.#patch(`${api}/namespaces/${namespace}/deliveries/${name}`, {
        metadata: { annotations: { [requestedAt]: `${Date.now()}-${this.#asked++}` } }
      })
    }],
    [240, async () => {
      const { path } = this.#next()
      await this.#patch(`${path}?fieldManager=somebody`, { data: { version: "edited" } }).catch(ignoreMissing)
    }],
    [80, async () => {
      await this.#ground.plane.request("DELETE", this.#next().path).catch(ignoreMissing)
    }],
    [140, () => this.#hook(this.#team())],
    [40, () => {
      const { namespace } = this.#team()
      return this.#patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations: { seen: `${Date.now()}` } } })
    }],
    [20, () => {
      const { namespace } = this.#team()
      const path = `${api}/namespaces/${namespace}/notifiers/chat`
      return this.#patch(path, { metadata: { annotations: { seen: `${Date.now()}` } } })
    }],
    // Both end the lane, and begin it anew.
    [10, async () => {
      const { name, namespace } = this.#app()
      const path = `${api}/namespaces/${namespace}/deliveries/${name}`
      await this.#patch(path, { spec: { suspend: true } })
      await sleep(50)
      await this.#patch(path, { spec: { suspend: false } })
    }],
    [7, () => {
      const { name, namespace } = this.#app()
      return this.#patch(`${api}/namespaces/${namespace}/deliveries/${name}`, {
        spec: { source: { interval: `${10 + this.#below(5)}s` } }
      })
    }],
    [3, () => {
      const { namespace } = this.#team()
      const path = `/api/v1/namespaces/${namespace}/secrets/hook`
      return this.#patch(path, { metadata: { annotations: { seen: `${Date.now()}` } } })
    }]
  ]

  /** One of all that wakes an agent, by chance. */
  async trigger(): Promise<void> {
    let left = this.#below(1_000)
    for (const [share, wake] of this.#triggers) {
      left -= share
      if (left < 0) return void await wake()
    }
  }

  /** A hint as a Git server sends it, from one of eight addresses: of one only twenty a second are taken. */
  async #hook({ repository }: Team): Promise<void> {
    const body = JSON.stringify({ repository: repository.url, ref: "refs/heads/main" })
    const address = await this.#agent!.address("http")
    const count = this.#hooks++
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(`${address}/hooks/generic`, {
        agent: false,
        method: "POST",
        localAddress: `127.0.1.${1 + count % 8}`,
        headers: {
          "content-type": "application/json",
          "webhook-id": `hook-${count}`,
          "x-signature": `sha256=${createHmac("sha256", this.#token).update(body).digest("hex")}`
        }
      }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode))
      }).on("error", reject).end(body)
    })
    if (status !== 202 && status !== 429 && status !== 401) throw new Error(`a hook was answered ${status}`)
    this.hooks[status === 202 ? "taken" : status === 429 ? "tooMany" : "refused"]++
  }

  /** Commits: mostly one object of one Delivery; now and then what the gate refuses or nobody can read, and then its end. */
  async commit(): Promise<void> {
    const team = this.#team()
    const pushing = team.pushing.then(() => this.#push(team))
    team.pushing = pushing
    await pushing
  }

  async #push(team: Team): Promise<void> {
    const app = team.apps[this.#below(10)]!
    const object = this.#below(app.versions.length)
    const kind = this.#below(100)
    const publish = async (files: Files, message: string) => {
      team.head = await team.repository.commit(files, message)
      if (this.#below(5) > 0) await this.#hook(team)
    }
    const next = `v${++this.#version}`
    if (kind < 2 && app.renderer !== "helm") {
      app.versions[object] = `bad ${next}`
      await publish(filesOf(app), `What the gate refuses ${next}`)
      await sleep(100)
    } else if (kind < 4 && app.renderer !== "helm") {
      await publish({ [`apps/${app.name}/${objectOf(app, object)}.yaml`]: "{" }, `What nobody can read ${next}`)
      await sleep(100)
    }
    if (kind === 4) {
      for (const each of team.apps) each.versions[object] = next
      return publish(Object.assign({}, ...team.apps.map(filesOf)) as Files, `All of the team ${next}`)
    }
    app.versions[object] = next
    await publish(filesOf(app), `Version ${next} of ${app.name}`)
  }

  /** Until all that was asked for is answered, every Delivery is Ready on the newest commit and the cluster is as Git says. */
  async settle(timeoutMs = 300_000): Promise<void> {
    const all = this.#teams.flatMap(({ apps, head, namespace }) =>
      apps.map(({ name }) => ({ head, id: `${namespace}/${name}` }))
    )
    let behind: ReadonlyArray<string> = []
    await this.#known.until("all are well", (known) => {
      behind = all.filter(({ head, id }) => !isWell(known.get(id), head)).map(({ id }) => id)
      return behind.length === 0
    }, timeoutMs).catch((error: Error) => {
      throw new Error(`not well are ${behind.join(", ")}:\n${this.#lines(behind)}`, { cause: error })
    })
    for (const deadline = Date.now() + timeoutMs;;) {
      const wrong = await this.#wrong()
      if (wrong.length === 0) return
      if (Date.now() > deadline) {
        const owners = all.map(({ id }) => id).filter((id) => wrong.some((one) => one.startsWith(`${id}-`)))
        throw new Error(`not as Git says: ${wrong.slice(0, 10).join(", ")}:\n${this.#lines(owners)}`)
      }
      await sleep(500)
    }
  }

  /** What the agent said last of some Deliveries. */
  #lines(ids: ReadonlyArray<string>): string {
    const lines = (this.#agent?.output ?? "").split("\n").filter((line) => ids.some((id) => line.includes(id)))
    return lines.slice(-20).join("\n")
  }

  /** The objects that are not as Git says. */
  async #wrong(): Promise<ReadonlyArray<string>> {
    const wrong: Array<string> = []
    for (const { apps, namespace } of this.#teams) {
      const { items } = await this.#ground.plane.request("GET", `/api/v1/namespaces/${namespace}/configmaps`) as {
        readonly items: ReadonlyArray<
          { readonly metadata: { readonly name: string }; readonly data?: Readonly<Record<string, string>> }
        >
      }
      const live = new Map(items.map(({ data, metadata }) => [metadata.name, data?.version]))
      for (const app of apps) {
        for (const [object, version] of app.versions.entries()) {
          const name = objectOf(app, object)
          if (live.get(name) !== version) wrong.push(`${namespace}/${name}: ${live.get(name)}, not ${version}`)
        }
      }
    }
    return wrong
  }

  /** Deliveries that come, are Ready, and go; every tenth with a repository of its own. */
  async visit(from: number, count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, index) => `visitor-${from + index}`)
    const { repository } = this.#teams[0]!
    for (const [index, name] of names.entries()) {
      let [url, path] = [repository.url, `apps/${name}`]
      const files: Files = {
        [`${path}/one.yaml`]: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {version: "1"}\n`,
        ...index % 2 === 0 ? {} : { [`${path}/kustomization.yaml`]: "resources: [one.yaml]\n" }
      }
      if (index % 10 === 0) {
        const own = await this.#ground.git.repository(name)
        await own.commit(files, "A visitor")
        ;[url, path] = [own.url, `apps/${name}`]
      } else {
        this.#teams[0]!.head = await repository.commit(files, `Visitor ${name}`)
      }
      await this.#deliver("visitors", name, url, path)
    }
    for (const name of names) await this.#known.ready(`visitors/${name}`, "", 120_000)
    for (const name of names) {
      await this.#ground.plane.request("DELETE", `${api}/namespaces/visitors/deliveries/${name}`)
    }
    await this.#known.until(
      "all visitors are gone",
      (known) => names.every((name) => !known.has(`visitors/${name}`)),
      120_000
    )
    const gone = Object.fromEntries(names.map((name) => [`apps/${name}`, null]))
    this.#teams[0]!.head = await repository.commit(gone, "The visitors are gone")
  }
}

/** What was deleted a moment ago may not be back. */
const ignoreMissing = (error: Error) => {
  if (!/: (?:404|409) /u.test(error.message)) throw error
}
