import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { shop } from "../support/shop.ts"

const sample = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "samples", "tenant.yaml"), "utf8")

describe("the sample of a tenant", () => {
  let plane: ControlPlane
  let git: GitServer
  let deliveries: Deliveries
  let agent: AgentProcess

  beforeAll(async () => {
    const started = await Promise.all([startControlPlane({ nodes: 1 }), startGitServer()])
    plane = started[0]
    git = started[1]
    await installCrds(plane)
    deliveries = new Deliveries(plane)
    agent = await AgentProcess.start({ kubeconfig: plane.adminKubeconfigFile })
  })
  afterAll(async () => {
    deliveries.stop()
    await agent.remove()
    await Promise.all([plane.stop(), git.stop()])
  })

  it("is all that a team needs to be delivered", async () => {
    const repository = await git.repository("shop")
    const commit = await repository.commit(shop(), "Sell something")
    await applyYaml(plane, sample.replace("https://gitlab.example.com/acme/shop.git", repository.url))
    const delivery = await deliveries.ready("shop/shop", commit)
    assert.strictEqual(condition(delivery, "Healthy")?.status, "True")
    assert.deepStrictEqual(delivery.status?.drift?.polled ?? [], [])
    assert.include(delivery.metadata.finalizers ?? [], "sluice.dev/finalizer")
  }, 90_000)

  it("heals what somebody changes by hand", async () => {
    const before = deliveries.get("shop/shop")?.status?.drift?.count ?? 0
    const path = "/apis/apps/v1/namespaces/shop/deployments/checkout?fieldManager=kubectl-edit"
    await plane.request("PATCH", path, { spec: { replicas: 7 } }, "application/merge-patch+json")
    const { status } = await deliveries.delivery(
      "shop/shop",
      "tells the drift",
      (delivery) => delivery.status?.drift?.count === before + 1
    )
    const { action, fields, manager, object } = status!.drift!.last!
    assert.deepStrictEqual({ action, fields, manager, object }, {
      action: "healed",
      fields: ["spec.replicas"],
      manager: "kubectl-edit",
      object: "Deployment/shop/checkout"
    })
    const live = await plane.request("GET", path) as { readonly spec: { readonly replicas: number } }
    assert.notStrictEqual(live.spec.replicas, 7)
  }, 60_000)
})
