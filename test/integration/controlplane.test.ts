import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node"
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync } from "node:fs"
import { connect } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { adminCredential, Told } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane({ nodes: 2 })
}, 900_000) // the first time the programs may have to be built

afterAll(() => plane.stop())

const api = (text: string) => {
  const config = new KubeConfig()
  config.loadFromString(text)
  return config.makeApiClient(CoreV1Api)
}

const template = (app: string, annotations: Record<string, string> = {}) => ({
  metadata: { labels: { app }, annotations },
  spec: { containers: [{ name: "main", image: "registry.example.com/main:1" }] }
})

/** Reads an object until it is as wanted. */
const eventually = async (path: string, wanted: (object: unknown) => boolean) => {
  for (const deadline = Date.now() + 60_000;;) {
    const object = await plane.request("GET", path)
    if (wanted(object)) return object
    if (Date.now() > deadline) throw new Error(`not as wanted: ${JSON.stringify(object)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const status = (object: unknown) => (object as { readonly status?: Record<string, unknown> }).status ?? {}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("ControlPlane", () => {
  it("reports the pinned version", async () => {
    const version = await plane.request("GET", "/version") as { readonly gitVersion: string }
    assert.match(version.gitVersion, /^v1\.36\.\d+$/)
  })

  it("lists namespaces as the admin", async () => {
    const { items } = await api(plane.adminKubeconfig).listNamespace()
    assert.includeMembers(items.map((item) => item.metadata?.name), ["default", "kube-system"])
  })

  it("knows a user by its certificate and gives it no rights by itself", async () => {
    const dana = api(plane.user("dana", ["developers"]))
    const refusal = await dana.listNamespacedSecret({ namespace: "default" }).then(
      () => undefined,
      (error: unknown) => error
    )
    assert.include(String(refusal), "403")
    const seen = (await plane.readAudit()).filter((event) => event.user.username === "dana")
    assert.lengthOf(seen, 1)
    assert.include(seen[0]!.user.groups ?? [], "developers")
    assert.strictEqual(seen[0]!.objectRef?.resource, "secrets")
    assert.strictEqual(seen[0]!.responseStatus?.code, 403)
  })

  it("has every write in its audit log that a watch has told of, also before it is answered", async () => {
    const path = "/api/v1/namespaces/default/configmaps"
    const name = anew("seen")
    const told = new Told(plane, `${path}?watch=true`)
    const session = connect(plane.server, { ca: plane.caData, ...adminCredential(plane) })
    // As long as nobody reads the answer, which is larger than the window of HTTP/2, it is not complete.
    const answer = session.request({ ":method": "POST", ":path": path, "content-type": "application/json" })
    answer.end(JSON.stringify({ metadata: { name }, data: { large: "a".repeat(900_000) } }))
    await told.find("it is seen", ({ metadata }) => (metadata as { name?: string }).name === name)
    const log = plane.readAudit()
    setTimeout(() => answer.resume(), 500)
    const created = (await log).filter(({ objectRef, verb }) => verb === "create" && objectRef?.name === name)
    assert.deepStrictEqual(created.map(({ stage }) => stage), ["ResponseComplete"])
    session.close()
    told.stop()
  })

  it("makes a Deployment available", async () => {
    const path = "/apis/apps/v1/namespaces/default/deployments"
    const spec = { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template("web") }
    await plane.request("POST", path, { metadata: { name: "web" }, spec })
    await eventually(`${path}/web`, (object) => status(object).availableReplicas === 3)
  })

  it("completes a Job", async () => {
    const path = "/apis/batch/v1/namespaces/default/jobs"
    const pod = template("once")
    await plane.request("POST", path, {
      metadata: { name: "once" },
      spec: { template: { ...pod, spec: { ...pod.spec, restartPolicy: "Never" } } }
    })
    await eventually(`${path}/once`, (object) => status(object).succeeded === 1)
  })

  it("crashes the pods that ask for it", async () => {
    const path = "/api/v1/namespaces/default/pods"
    const pod = template("crash", { "test.sluice.dev/fate": "crash" })
    await plane.request("POST", path, { ...pod, metadata: { ...pod.metadata, name: "crash" } })
    await eventually(`${path}/crash`, (object) => JSON.stringify(status(object)).includes("CrashLoopBackOff"))
  })

  it("deletes a namespace with all that is in it", async () => {
    await plane.request("POST", "/api/v1/namespaces", { metadata: { name: "gone" } })
    await plane.request("POST", "/api/v1/namespaces/gone/configmaps", { metadata: { name: "settings" } })
    await plane.request("DELETE", "/api/v1/namespaces/gone")
    await eventually(
      "/api/v1/namespaces",
      (object) =>
        !(object as { items: ReadonlyArray<{ metadata: { name: string } }> }).items.some((item) =>
          item.metadata.name === "gone"
        )
    )
  })

  it("does not outlive its owner, and takes its folder along", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-owner-"))
    const processes = new URL("../support/controlplane/Processes.ts", import.meta.url).href
    const owner = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `
      import { makeProcesses } from "${processes}"
      const processes = makeProcesses(${JSON.stringify(folder)}, false)
      processes.start("/bin/sh", ["-c", "echo $$ > pid.part; mv pid.part pid; exec sleep 600"])
      const { readFileSync } = await import("node:fs")
      const pid = await processes.until("no pid", async () => readFileSync(${
        JSON.stringify(join(folder, "pid"))
      }, "utf8"))
      console.log(pid.trim())
      setInterval(() => {}, 1000)
    `
    ], { stdio: ["ignore", "pipe", "inherit"] })
    const pid = await new Promise<number>((resolve) => owner.stdout.once("data", (line) => resolve(Number(line))))
    assert.isTrue(isAlive(pid))
    owner.kill("SIGKILL")
    while (isAlive(pid) || existsSync(folder)) await new Promise((resolve) => setTimeout(resolve, 20))
  })
})
