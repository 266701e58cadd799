import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { AgentProcess, applyYaml } from "../support/AgentGround.ts"
import { anew } from "../support/anew.ts"
import { configMap } from "../support/ChaosGround.ts"
import { replicaOf } from "../support/ownership.ts"
import { Replicas } from "../support/Replicas.ts"
import { agentName } from "../support/Tenants.ts"

let replicas: Replicas

beforeAll(async () => {
  replicas = await Replicas.start()
}, 120_000)

afterAll(() => replicas?.stop())

const probe = async (agent: AgentProcess) => (await fetch(`${await agent.address("http")}/readyz`)).status

/** Waits until it has ended by itself. */
const ended = async ({ process }: AgentProcess) => {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit")
  return process.exitCode
}

describe("a replica that cannot have its Lease", () => {
  /** Another instance at another try. */
  let same = ""

  it("ends with an error where another process of its machine has it, and the other goes on", async () => {
    // Those of a first try.
    for (const instance of replicas.running.keys()) await replicas.end(instance)
    same = anew("same")
    const first = await replicas.begin(same)
    const second = await replicas.begin(same, undefined, true)
    assert.strictEqual(await ended(second), 2)
    assert.match(second.output, /another process \(same-\d+_\S+\) runs as instance same-\d+ and holds its Lease/u)
    assert.match(second.output, /Give each process a name of its own with --instance/u)
    assert.isNull(first.process.exitCode)
    assert.notInclude(first.output, "level=ERROR")
    const leases = (await replicas.leases()).filter(({ instance }) => instance === same)
    assert.deepStrictEqual(leases, [{ instance: same, view: [same] }])
    assert.strictEqual(await first.stop("SIGKILL"), null)
    const next = await replicas.begin(same)
    assert.notMatch(next.output, /waits until the Lease/u, "nobody waits for a process that is gone")
  }, 60_000)

  it("ends with an error where the next process of its pod has taken it", async () => {
    const restarted = anew("restarted")
    const first = await replicas.begin(restarted, "its-pod")
    const second = await replicas.begin(restarted, "its-pod")
    assert.strictEqual(await ended(first), 2)
    assert.match(
      first.output,
      /another process \(restarted-\d+_its-pod\) runs as instance restarted-\d+ and holds its Lease/u
    )
    assert.isNull(second.process.exitCode)
    await replicas.end(restarted)
  }, 60_000)

  it("waits for the Lease of another pod, and ends where that one lives", async () => {
    const stranger = await replicas.begin(same, "another-pod", true)
    assert.strictEqual(await ended(stranger), 2)
    assert.match(stranger.output, /waits until the Lease that same-\d+_\S+ left has expired/u)
    assert.match(stranger.output, /another process \(same-\d+_\S+\) runs as instance same/u)
    // Nobody is left who renews it: the next pod has to wait, and gets it.
    replicas.running.delete(same)
  }, 60_000)

  it("says what would help where there is no namespace or no right, changes nothing and is not ready", async () => {
    const { plane } = replicas.ground
    const kubeconfig = join(plane.folder, "least.kubeconfig")
    await writeFile(kubeconfig, plane.user(agentName))
    const reader = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: sluice, namespace: sluice-system}]
`
    await applyYaml(plane, reader)
    await replicas.ground.namespace("poor")
    const repository = await replicas.ground.git.repository("poor")
    await repository.commit({ "object.yaml": configMap("poor", 1) }, "Add the object")
    const [nowhere, since] = [anew("nowhere"), new Date().toISOString()]
    const args = ["--instance", "poor", "--lease-duration", "3s"]
    const missing = await AgentProcess.start({
      kubeconfig: plane.adminKubeconfigFile,
      args: [...args, "--agent-namespace", nowhere],
      atOnce: true
    })
    const poor = await AgentProcess.start({ kubeconfig, args, atOnce: true })
    await missing.says(/make the namespace nowhere-\d+, or name another with --agent-namespace/u)
    await poor.says(/grant it with a Role in sluice-system: leases of coordination\.k8s\.io/u)
    await replicas.ground.deliver("poor/shop", repository.url)
    assert.deepStrictEqual([await probe(missing), await probe(poor)], [503, 503])
    const writes = (await plane.readAudit()).filter((event) =>
      replicaOf(event) === "poor" && !["get", "list", "watch"].includes(event.verb) &&
      event.requestReceivedTimestamp > since
    )
    assert.deepStrictEqual(
      [...new Set(writes.map(({ objectRef, verb }) => `${verb} ${objectRef?.resource}`))],
      ["create leases"],
      "nothing else is even tried"
    )
    await applyYaml(plane, `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${nowhere}}\n`)
    await missing.says(/ready: all Deliveries are known/u)
    assert.deepStrictEqual([await probe(missing), await probe(poor)], [200, 503])
    await Promise.all([missing.remove(), poor.remove()])
  }, 90_000)
})
