import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { applyYaml } from "../support/AgentGround.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { otherPackage, sluiceOn, writes } from "../support/installed.ts"
import { sluice as run } from "../support/Sluice.ts"

const home = "/api/v1/namespaces/sluice-system"
const statefulSet = "/apis/apps/v1/namespaces/sluice-system/statefulsets/sluice"
const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
const base = join(import.meta.dirname, "..", "..", "deploy", "base")

describe("sluice install, on a real API server", () => {
  let plane: ControlPlane
  let sluice: ReturnType<typeof sluiceOn>
  const get = async (path: string) => await plane.request("GET", path) as JsonObject
  const find = (path: string) =>
    get(path).catch((error: Error) => {
      if (/: 404 /u.test(error.message)) return undefined
      throw error
    })
  const patch = (path: string, body: unknown, manager = "kubectl-edit") =>
    plane.request("PATCH", `${path}?fieldManager=${manager}`, body, "application/merge-patch+json")
  const written = async <A>(what: () => Promise<A>) => {
    const before = (await plane.readAudit()).length
    const answer = await what()
    return { answer, writes: writes((await plane.readAudit()).slice(before)) }
  }

  beforeAll(async () => {
    plane = await startControlPlane({ nodes: 1 })
    sluice = sluiceOn(plane)
  })
  afterAll(() => plane?.stop())

  it("prints what it would apply without a cluster, for another namespace and image too", async () => {
    const nowhere = { environment: { KUBECONFIG: "/dev/null" } }
    const plain = await run(["install", "--export"], nowhere)
    assert.strictEqual(plain.code, 0, plain.stderr)
    assert.include(plain.stdout, "image: registry.sluice.dev/sluice:0.1.0")
    assert.notInclude(plain.stdout, "sluice.dev/installation")
    const other = await run(
      ["install", "--export", "--overlay", "multi-tenant", "-n", "gitops", "--image", "r.example.com:5000/s/luice:1"],
      nowhere
    )
    assert.strictEqual(other.code, 0, other.stderr)
    assert.notInclude(other.stdout, "sluice-system")
    assert.include(other.stdout, "image: r.example.com:5000/s/luice:1")
    const list = JSON.parse((await run(["install", "--export", "-o", "json"], nowhere)).stdout)
    assert.deepInclude(list, { apiVersion: "v1", kind: "List" })
    assert.deepStrictEqual(list.items, parseAllDocuments(plain.stdout).map((one) => one.toJS()))
    const wrong = await run(["install", "--export", "--image", "Not An Image"], nowhere)
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "is no image")
    const verbs = [["install", "--export"], ["install"], ["uninstall"], ["doctor"]]
    for (const named of await Promise.all(verbs.map((verb) => run([...verb, "-n", "Bad NS"], nowhere)))) {
      assert.strictEqual(named.code, 2)
      assert.match(named.stderr, /^error: --namespace "Bad NS" is no name of a namespace\n {2}help: /u)
    }
  })

  it("says what it would do, and does nothing", async () => {
    const { answer, writes } = await written(() => sluice("install", "--dry-run"))
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.include(answer.stdout, "statefulset.apps/sluice created (dry run)")
    assert.deepStrictEqual(writes, [])
  })

  it("installs in order, and waits until the agent is ready", async () => {
    const { answer, writes } = await written(() => sluice("install"))
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.match(answer.stdout, /24 created, 0 configured, 0 unchanged, 0 pruned; the agent is ready/u)
    const place = (part: string) => writes.findIndex((write) => write.includes(part))
    const last = (part: string) => writes.findLastIndex((write) => write.includes(part))
    assert.isBelow(last("customresourcedefinitions"), place("/api/v1/namespaces/sluice-system"))
    assert.isBelow(place("/api/v1/namespaces/sluice-system"), place("rbac.authorization.k8s.io"))
    assert.isBelow(last("rbac.authorization.k8s.io"), place("/services/"))
    assert.isBelow(last("/services/"), place("statefulsets"))
    assert.strictEqual(at(await get(statefulSet), "status", "readyReplicas"), 1)
  })

  it("writes nothing a second time", async () => {
    const { answer, writes } = await written(() => sluice("install"))
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.include(answer.stdout, "0 created, 0 configured, 24 unchanged, 0 pruned")
    assert.deepStrictEqual(writes, [])
  })

  it("writes nothing where somebody else changed what it would, until it is told to", async () => {
    await patch(statefulSet, { spec: { replicas: 2 } })
    const { answer, writes } = await written(() => sluice("install"))
    assert.strictEqual(answer.code, 1)
    assert.include(answer.stderr, "StatefulSet/sluice-system/sluice: .spec.replicas: conflict with \"kubectl-edit\"")
    assert.include(answer.stderr, "--force-conflicts")
    assert.include(answer.stderr, "sluice install --export --overlay quickstart -n sluice-system.")
    assert.deepStrictEqual(writes, [])
    const forced = await sluice("install", "--force-conflicts", "-o", "json")
    assert.strictEqual(forced.code, 0, forced.stderr)
    const report = JSON.parse(forced.stdout) as JsonObject
    assert.deepStrictEqual(report.changes, { created: 0, configured: 1, unchanged: 23, pruned: 0 })
    assert.strictEqual(at(await get(statefulSet), "spec", "replicas"), 1)
  })

  it("leaves Helm, GitOps and other installations alone", async () => {
    await patch(statefulSet, { metadata: { annotations: { "meta.helm.sh/release-name": "gitops" } } })
    const helm = await sluice("install")
    assert.strictEqual(helm.code, 1)
    assert.include(helm.stderr, "is kept by Helm (release gitops)")
    await patch(statefulSet, {
      metadata: {
        annotations: { "meta.helm.sh/release-name": null },
        labels: { "kustomize.toolkit.fluxcd.io/name": "platform" }
      }
    })
    const flux = await sluice("install")
    assert.include(flux.stderr, "is kept by Flux (platform)")
    await patch(statefulSet, { metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": null } } })
    const other = await sluice("install", "-n", "gitops")
    assert.strictEqual(other.code, 1)
    assert.include(other.stderr, "the installation in namespace sluice-system")
    assert.isUndefined(await find("/api/v1/namespaces/gitops"))
  })

  it("upgrades: changes what changed, and deletes what an earlier version installed, and nothing else", async () => {
    const more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-legacy, namespace: sluice-system}\n---\n" +
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: sluice-legacy}\nrules: []\n"
    const text = readFileSync(join(base, "agent", "services.yaml"), "utf8")
    const old = await otherPackage("0.0.9", { "deploy/base/agent/services.yaml": `${text}---\n${more}` })
    try {
      const before = await sluiceOn(plane, old.program)("install", "--overlay", "production")
      assert.strictEqual(before.code, 0, before.stderr)
      assert.include(before.stdout, "configmap/sluice-legacy created")
      assert.include(before.stdout, "serviceaccount/deployer pruned")
    } finally {
      await old.remove()
    }
    // Labels get copied: what nobody installed stays.
    await applyYaml(
      plane,
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: sluice-system, labels: " +
        "{sluice.dev/installation: sluice-system}}\n"
    )
    const { answer, writes } = await written(() => sluice("install"))
    assert.strictEqual(answer.code, 0, answer.stderr)
    assert.include(answer.stdout, "sluice 0.0.9 -> 0.1.0, overlay production")
    assert.include(answer.stdout, "clusterrole.rbac.authorization.k8s.io/sluice-legacy pruned")
    assert.sameMembers(writes.filter((write) => write.startsWith("delete")), [
      `delete ${home}/configmaps/sluice-legacy`,
      `delete ${roles}/sluice-legacy`
    ])
    assert.isDefined(await find(`${home}/configmaps/mine`))
    assert.isUndefined(await find(`${home}/configmaps/sluice-legacy`))
    assert.strictEqual(at(await get(statefulSet), "spec", "replicas"), 3)
  })

  it("keeps an image that was chosen, and asks for the one of another version", async () => {
    const chosen = await sluice("install", "--image", "r.example.com/sluice:mine")
    assert.strictEqual(chosen.code, 0, chosen.stderr)
    const again = await written(() => sluice("install"))
    assert.deepStrictEqual(again.writes, [])
    const text = readFileSync(join(base, "agent", "statefulset.yaml"), "utf8")
    const other = text.replace("podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady")
    const newer = await otherPackage("0.2.0", { "deploy/base/agent/statefulset.yaml": other })
    try {
      const upgrade = await sluiceOn(plane, newer.program)("install")
      assert.strictEqual(upgrade.code, 2)
      assert.include(upgrade.stderr, "Name the image of version 0.2.0 with --image.")
      // What cannot be changed in place is found before anything is written.
      const { answer, writes } = await written(() =>
        sluiceOn(plane, newer.program)("install", "--image", "r.example.com/sluice:2")
      )
      assert.strictEqual(answer.code, 2)
      assert.include(answer.stderr, "kubectl delete statefulset sluice -n sluice-system, and install again")
      assert.deepStrictEqual(writes, [])
    } finally {
      await newer.remove()
    }
  })

  it("says what keeps the agent from being ready", async () => {
    await patch("/api/v1/nodes/node-0", { spec: { unschedulable: true } })
    await plane.request("DELETE", `${home}/pods/sluice-0`)
    const isUnschedulable = async () => JSON.stringify(await find(`${home}/pods/sluice-0`))?.includes("Unschedulable")
    while (await isUnschedulable() !== true) await new Promise((resolve) => setTimeout(resolve, 50))
    const answer = await sluice("install", "--timeout", "3s", "-o", "json")
    assert.strictEqual(answer.code, 3, answer.stderr)
    assert.deepInclude(JSON.parse(answer.stdout), { kind: "InstallReport", ready: false })
    assert.match(answer.stderr, /the agent is applied, and not healthy after 3 s: .*sluice-0: .*unschedulable/su)
    await patch("/api/v1/nodes/node-0", { spec: { unschedulable: false } })
  })
})
