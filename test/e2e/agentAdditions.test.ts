import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { AgentScene, configMap, deployment } from "../support/AgentScene.ts"
import type { Repository } from "../support/git/Repository.ts"

const soon = 30_000
const namespace = "shop"

let scene: AgentScene

beforeAll(async () => {
  scene = await AgentScene.start()
  await scene.tenant(namespace)
}, 90_000)

afterAll(async () => {
  assert.notInclude(scene.agent.output, "a mistake in Sluice")
  await scene.stop()
})

const images = (registry: string) =>
  `# METADATA
# title: Images are ours
# custom:
#   id: our-images
package images
deny contains {"msg": sprintf("%s is not of ours", [container.image])} if {
	some container in input.spec.template.spec.containers
	not startswith(container.image, "${registry}")
}
`

const pathOf = (name: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
const containersOf = async (name: string): Promise<ReadonlyArray<unknown>> =>
  (at(await scene.find(pathOf(name)) ?? {}, "spec", "template", "spec", "containers") as ReadonlyArray<JsonObject>)
    .map(({ name }) => name).sort()

/** Puts a container into a Deployment, as some tool that is not kubectl. */
const addContainer = (deployed: string, name: string, image: string, manager = "k9s") =>
  scene.plane.request(
    "PATCH",
    `${pathOf(deployed)}?fieldManager=${manager}`,
    { spec: { template: { spec: { containers: [{ name, image }] } } } },
    "application/strategic-merge-patch+json"
  )

/** Waits for the drift of a Delivery that is about a container. */
const driftAbout = async (id: string, container: string) => {
  const delivery = await scene.deliveries.delivery(
    id,
    `tells of ${container}`,
    ({ status }) => status?.drift?.last?.fields.some((field) => field.includes(container)) === true,
    soon
  )
  return delivery.status!.drift!
}

describe("what others add inside our objects", () => {
  let repository: Repository

  const delivered = async (name: string, apply: string) => {
    repository = await scene.git.repository(name)
    const commit = await repository.commit({
      "policies/images.rego": images("ours.example/"),
      [`app/${name}.yaml`]: deployment(name, "ours.example/app:1")
    }, "Begin")
    await scene.deliver(`${namespace}/${name}`, repository.url, `path: app, apply: {wait: false, ${apply}}`)
    await scene.ready(`${namespace}/${name}`, commit)
  }

  it("goes away where an enforced policy refuses it, and stays where none does", async () => {
    await delivered("web", "drift: heal")
    await addContainer("web", "proxy", "ours.example/proxy:1", "mesh")
    await addContainer("web", "tools", "ours.example/tools:1")
    await addContainer("web", "miner", "elsewhere.example/miner:1")
    const { last } = await driftAbout("shop/web", "miner")
    assert.deepInclude(last, {
      action: "healed",
      manager: "k9s",
      fields: ["spec.template.spec.containers[name=miner]"],
      why: "our-images refuses it: elsewhere.example/miner:1 is not of ours"
    })
    assert.deepStrictEqual(await containersOf("web"), ["app", "proxy", "tools"], "what else it added stays")
    assert.match(
      String((await scene.event("shop/web", "Healed", /miner/u)).note),
      /k9s, put back: our-images refuses it/u
    )
    assert.strictEqual(scene.deliveries.get("shop/web")?.status?.drift?.count, 1, "of the proxy nothing is told")
  })

  it("is judged anew when the policies change", async () => {
    const commit = await repository.commit({
      "policies/images.rego": images("ours.example/app"),
      "app/web.yaml": deployment("web", "ours.example/app:1")
    }, "Nothing but the app")
    await scene.ready("shop/web", commit)
    const { last } = await driftAbout("shop/web", "proxy")
    assert.deepInclude(last, { action: "healed", manager: "k9s, mesh" })
    assert.deepStrictEqual(await containersOf("web"), ["app"])
  })

  it("is seen after a restart too, when nothing has been read from Git yet", async () => {
    await scene.restart()
    await scene.ready("shop/web")
    await addContainer("web", "again", "elsewhere.example/again:1")
    const { last } = await driftAbout("shop/web", "again")
    assert.deepInclude(last, { action: "healed", manager: "k9s" })
    assert.deepStrictEqual(await containersOf("web"), ["app"])
  })

  it("is told once and left where drift is only reported", async () => {
    await delivered("told", "drift: report")
    await addContainer("told", "miner", "elsewhere.example/miner:1")
    const { count, last } = await driftAbout("shop/told", "miner")
    assert.deepInclude(last, { action: "reported", manager: "k9s" })
    assert.match(last?.why ?? "", /our-images refuses it/u)
    assert.deepStrictEqual(await containersOf("told"), ["app", "miner"])
    // A run on another revision judges anew, and finds the same.
    await scene.ready("shop/told", await repository.commit({ "README.md": "more" }, "More"))
    await scene.ready(
      "shop/told",
      await repository.commit({ "app/told.yaml": deployment("told", "ours.example/app:2") }, "Two")
    )
    assert.strictEqual(scene.deliveries.get("shop/told")?.status?.drift?.count, count)
  })

  it("is tried ever more seldom and told once where it cannot be taken away", async () => {
    const name = `fixed-${Date.now()}`
    repository = await scene.git.repository(name)
    const commit = await repository.commit({ [`app/${name}.yaml`]: configMap(name, "1") }, "Begin")
    await scene.deliver(`${namespace}/${name}`, repository.url, "path: app")
    await scene.ready(`${namespace}/${name}`, commit)
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
    const since = new Date().toISOString()
    await scene.plane.request(
      "PATCH",
      `${path}?fieldManager=kubectl-edit`,
      { immutable: true },
      "application/merge-patch+json"
    )
    const delivery = await scene.deliveries.delivery(
      `${namespace}/${name}`,
      "says that it stays",
      ({ status }) => status?.drift?.last?.why?.includes("immutable") === true,
      soon
    )
    assert.deepInclude(delivery.status?.drift?.last, { action: "reported", manager: "kubectl-edit" })
    // Others touch it meanwhile: that is no reason to try again at once.
    for (let count = 0; count < 20; count++) {
      await scene.plane.request("PATCH", `${path}?fieldManager=noise`, {
        metadata: { annotations: { count: `${count}` } }
      }, "application/merge-patch+json")
    }
    const writes = (await scene.requests(since)).filter(({ objectRef, verb }) =>
      verb === "patch" && objectRef?.resource === "configmaps" && objectRef.name === name
    )
    assert.isBelow(writes.length, 10)
    assert.strictEqual(scene.deliveries.get(`${namespace}/${name}`)?.status?.drift?.count, 1)
  })

  it("is left alone where the Delivery allows it", async () => {
    await delivered("mine", "allowManagers: [k9s]")
    await addContainer("mine", "debug", "elsewhere.example/debug:1")
    await addContainer("mine", "miner", "elsewhere.example/miner:1", "curl")
    await driftAbout("shop/mine", "miner")
    assert.deepStrictEqual(await containersOf("mine"), ["app", "debug"])
  })
})

describe("what stands, after a restart", () => {
  for (
    const [what, broken, reason] of [
      ["does not render", "kind: ConfigMap\n", "RenderFailed"],
      ["is denied", configMap("denied", "bad"), "PolicyDenied"]
    ] as const
  ) {
    it(`is put back though the newest revision ${what}`, async () => {
      const name = `stands-${Date.now()}`
      const repository = await scene.git.repository(name)
      const rule = `package values\ndeny contains {"msg": "it is bad"} if input.data.value == "bad"\n`
      const files = { "policies/values.rego": rule, [`app/${name}.yaml`]: configMap(name, "1") }
      const commit = await repository.commit(files, "Begin")
      await scene.deliver(`${namespace}/${name}`, repository.url, "path: app")
      await scene.ready(`${namespace}/${name}`, commit)
      await repository.commit({ "app/more.yaml": broken }, "Break it")
      await scene.deliveries.reason(`${namespace}/${name}`, reason, soon)
      await scene.restart()
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`
      const edit = { data: { value: "edited" } }
      await scene.plane.request("PATCH", `${path}?fieldManager=kubectl-edit`, edit, "application/merge-patch+json")
      const { status } = await scene.deliveries.delivery(
        `${namespace}/${name}`,
        "was healed",
        ({ status }) => status?.drift?.last?.action === "healed",
        soon
      )
      assert.deepInclude(status?.drift?.last, { manager: "kubectl-edit", fields: ["data.value"] })
      assert.strictEqual(at(await scene.find(path), "data", "value"), "1")
    })
  }
})
