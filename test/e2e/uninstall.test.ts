import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { applyYaml } from "../support/AgentGround.ts"
import { AgentScene, configMap } from "../support/AgentScene.ts"
import { startApiProxy } from "../support/ApiProxy.ts"
import { sluiceOn, writes } from "../support/installed.ts"
import { sluice as run } from "../support/Sluice.ts"

const home = "/api/v1/namespaces/sluice-system"
const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/deliveries.sluice.dev"
const statefulSet = "/apis/apps/v1/namespaces/sluice-system/statefulsets/sluice"

describe("sluice uninstall, on a real API server", () => {
  let scene: AgentScene
  let sluice: ReturnType<typeof sluiceOn>
  let url = ""
  const install = async () => {
    const { code, stderr } = await sluice("install")
    assert.strictEqual(code, 0, stderr)
  }
  const object = (name: string) => scene.find(`/api/v1/namespaces/shop/configmaps/${name}`)

  beforeAll(async () => {
    scene = await AgentScene.start({ nodes: 1 })
    sluice = sluiceOn(scene.plane)
    const repository = await scene.git.repository("shop")
    url = repository.url
    await repository.commit({ "a.yaml": configMap("a", "1"), "b.yaml": configMap("b", "1") }, "Two settings")
    await scene.tenant("shop")
  })
  afterAll(() => scene?.stop())

  it("does not pass over Deliveries that are held by an agent that was made otherwise", async () => {
    const nothing = await sluice("uninstall", "--yes")
    assert.strictEqual(nothing.code, 0, nothing.stderr)
    assert.include(nothing.stderr, "nothing that sluice install installed is in namespace sluice-system")
    await scene.deliver("shop/shop", url, "path: '', apply: {serviceAccountName: sluice}")
    await scene.ready("shop/shop")
    const held = await sluice("uninstall", "--yes", "-o", "json")
    assert.strictEqual(held.code, 1, held.stderr)
    assert.deepInclude(JSON.parse(held.stdout), { kind: "UninstallReport", deliveries: 1, removed: [] })
    assert.include(held.stderr, "and 1 Delivery has a finalizer that only an agent takes off")
    assert.include(held.stderr, "sluice install --overlay <yours>, and sluice uninstall then lets its Deliveries go")
    const release = (name: string | null) => {
      const body = { metadata: { annotations: { "meta.helm.sh/release-name": name } } }
      return scene.plane.request("PATCH", crd, body, "application/merge-patch+json")
    }
    await release("gitops")
    assert.include((await sluice("uninstall")).stderr, "helm uninstall leaves every Delivery with a finalizer")
    await release(null)
  })

  it("takes over what kubectl applied, without a conflict", async () => {
    await applyYaml(scene.plane, (await run(["install", "--export", "--overlay", "production"])).stdout, "kubectl")
    const unsaid = await sluice("install", "--no-wait")
    assert.strictEqual(unsaid.code, 2, unsaid.stderr)
    assert.include(unsaid.stderr, "of which overlay it is cannot be told")
    const taken = await sluice("install", "--overlay", "production", "--no-wait")
    assert.strictEqual(taken.code, 0, taken.stderr)
    assert.include(taken.stdout, " 0 created")
  })

  it("asks first, and where nobody can be asked does nothing", async () => {
    // By its time: the log may be behind with what came before.
    const since = new Date().toISOString()
    const dry = await sluice("uninstall", "--dry-run")
    assert.strictEqual(dry.code, 0, dry.stderr)
    assert.include(dry.stdout, "1 Delivery is let go: the 2 objects that they own stay as they are")
    assert.include(dry.stdout, "3 definitions go, and with them the 1 Delivery, 0 PolicyBundles and 0 Notifiers.")
    const asked = await sluice("uninstall")
    assert.strictEqual(asked.code, 2)
    assert.include(asked.stderr, "nobody is there to be asked")
    const own = (await scene.plane.readAudit()).filter(({ requestReceivedTimestamp, user }) =>
      user.username === "admin" && requestReceivedTimestamp > since
    )
    // The agent is at work beside it, and keeps its Lease.
    const touched = writes(own).filter((write) => write.includes("sluice-system") && !write.includes("/leases/"))
    assert.deepStrictEqual(touched, [])
  })

  it("lets nothing go while an agent is at work that it did not stop", async () => {
    await scene.agent.stop()
    const lease = (time: number) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: "sluice-elsewhere",
        namespace: "sluice-system",
        labels: { "app.kubernetes.io/name": "sluice" }
      },
      spec: {
        holderIdentity: "elsewhere",
        leaseDurationSeconds: 15,
        renewTime: new Date(time).toISOString().replace("Z", "000Z")
      }
    })
    const path = "/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases/sluice-elsewhere"
    const renew = () =>
      scene.plane.request("PATCH", `${path}?fieldManager=x`, lease(Date.now()), "application/apply-patch+yaml")
    await renew()
    const renewing = setInterval(() => void renew().catch(() => {}), 300)
    const answer = await sluice("uninstall", "--yes", "-o", "json")
    clearInterval(renewing)
    assert.strictEqual(answer.code, 2, answer.stderr)
    assert.deepInclude(JSON.parse(answer.stdout), { kind: "UninstallReport", removed: [] })
    assert.include(
      answer.stderr,
      "an agent is still at work: elsewhere renews the Lease sluice-system/sluice-elsewhere"
    )
    const delivery = await scene.find("/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/shop")
    assert.deepStrictEqual(at(delivery, "metadata", "finalizers"), ["sluice.dev/finalizer"])
    await scene.plane.request("DELETE", path)
  })

  it("stops half-way when it is told to, and another run goes on", async () => {
    // A deletion takes so long that it is not over before anybody can say so.
    const proxy = await startApiProxy(scene.plane)
    proxy.fate = ({ method, path }) => method === "DELETE" && !path.includes("dryRun") ? { delay: 300 } : undefined
    const kubeconfig = join(scene.plane.folder, "slow.kubeconfig")
    writeFileSync(kubeconfig, scene.plane.adminKubeconfig.replaceAll(scene.plane.server, proxy.url))
    const first = await run(["uninstall", "--yes", "--kubeconfig", kubeconfig], { signal: "SIGINT" })
    await proxy.stop()
    assert.strictEqual(first.code, 130, first.stderr)
    assert.match(first.stderr, /interrupted: \d+ objects? of \d+ gone; sluice uninstall goes on from there/u)
    const second = await sluice("uninstall", "--yes")
    assert.strictEqual(second.code, 0, second.stderr)
    assert.include(second.stdout, "sluice is uninstalled; what Deliveries applied is as it was")
    assert.isUndefined(await scene.find(crd))
    assert.isUndefined(await scene.find(home))
  })

  it("leaves what Deliveries applied, and their record: a new agent takes over without a write", async () => {
    const [a, b] = [await object("a"), await object("b")]
    assert.isDefined(a)
    assert.isDefined(b)
    assert.strictEqual((await sluice("uninstall", "--yes")).code, 0)
    await install()
    await scene.begin()
    await scene.deliver("shop/shop", url, "path: '', apply: {serviceAccountName: sluice}")
    await scene.ready("shop/shop")
    assert.deepStrictEqual([await object("a"), await object("b")], [a, b])
  })

  it("leaves definitions and Deliveries where it is told to, and nothing that hangs", async () => {
    await scene.agent.stop()
    const answer = await sluice("uninstall", "--yes", "--keep-crds", "-o", "json")
    assert.strictEqual(answer.code, 0, answer.stderr)
    const report = JSON.parse(answer.stdout) as JsonObject
    assert.strictEqual(report.deliveries, 1)
    const delivery = await scene.find("/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/shop")
    assert.isDefined(delivery)
    assert.isUndefined(at(delivery, "metadata", "finalizers"))
    assert.isUndefined(await scene.find(statefulSet))
    assert.isDefined(await object("a"))
  })

  it("leaves a namespace that holds something else, and says what", async () => {
    await install()
    await scene.plane.request("POST", `${home}/secrets`, { metadata: { name: "platform-git" } })
    const answer = await sluice("uninstall", "--yes", "--keep-crds")
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.include(answer.stderr, "namespace sluice-system stays, for it holds Secret/sluice-system/platform-git")
    assert.isUndefined(await scene.find(`${home}/configmaps/sluice-installation`))
  })

  it("prunes by the running agent where it is told to, and refuses where none runs", async () => {
    const without = await sluice("uninstall", "--yes", "--prune")
    assert.strictEqual(without.code, 2, without.stderr)
    assert.include(without.stderr, "nobody would delete what Deliveries own: no agent is installed")
    await install()
    await scene.begin()
    await scene.ready("shop/shop")
    const removal = sluice("uninstall", "--yes", "--prune")
    await scene.gone("shop/shop", 40_000)
    // The real one ends with its StatefulSet; the pods of this cluster are nobody's.
    await scene.agent.stop()
    const first = await removal
    // Where it was stopped too late for that, another run goes on.
    const answer = first.stderr.includes("an agent is still at work") ? await sluice("uninstall", "--yes") : first
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.isUndefined(await object("a"))
    assert.isUndefined(await object("b"))
    assert.isUndefined(await scene.find(crd))
    assert.include(answer.stderr, "Secret/sluice-system/platform-git")
  })
})
