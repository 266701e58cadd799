import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at } from "../../src/domain/Json.ts"
import { condition } from "../support/AgentGround.ts"
import { AgentScene, configMap, deployment, pathOfDelivery } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"

let scene: AgentScene

beforeAll(async () => {
  scene = await AgentScene.start({ controllers: true })
}, 90_000)

afterAll(() => scene?.stop())

const configMapAt = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`

/** What is left in a namespace that Sluice made: objects with its label, and its own records. */
const leftIn = async (namespace: string) => {
  const names = async (plural: string) => {
    const list = await scene.plane.request("GET", `/api/v1/namespaces/${namespace}/${plural}`)
    return (at(list as never, "items") as unknown as ReadonlyArray<{ readonly metadata: { readonly name: string } }>)
      .map(({ metadata }) => metadata.name).filter((name) => name !== "kube-root-ca.crt")
  }
  return [...await names("configmaps"), ...await names("secrets")]
}

/** A tenant with one Delivery that is ready. */
const ready = async (namespace: string, files: Readonly<Record<string, string>>, spec = "path: app") => {
  await scene.tenant(namespace)
  const repository = await scene.git.repository(namespace)
  const commit = await repository.commit(files, "First")
  const id = `${namespace}/app`
  await scene.deliver(id, repository.url, spec)
  await scene.ready(id, commit)
  return { id, repository }
}

describe("a Delivery that is deleted", () => {
  it("takes its objects along, the last applied first, and leaves no record", async () => {
    const { id } = await ready("prune", {
      "app/a.yaml": `${configMap("one", "1")}---\n${configMap("two", "2")}`,
      "app/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: worker}\n",
      "app/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: hunter2}\n",
      "app/web.yaml": deployment("web", "registry.example.com/web:1")
    }, "path: app, apply: {wait: false}")
    assert.include((await leftIn("prune")).join(" "), "sluice")
    const since = new Date().toISOString()
    await scene.remove(id)
    await scene.gone(id)
    await scene.event(id, "Deleted", /5 objects deleted/u)
    assert.deepStrictEqual(await leftIn("prune"), [])
    assert.isUndefined(await scene.find("/apis/apps/v1/namespaces/prune/deployments/web"))
    const deleted = (await scene.requests(since)).filter(({ verb, objectRef }) =>
      verb === "delete" && objectRef?.name !== undefined &&
      ["web", "one", "two", "key", "worker"].includes(objectRef.name)
    )
    assert.strictEqual(deleted[0]?.objectRef?.name, "web")
    for (const { impersonatedUser } of deleted) {
      assert.strictEqual(impersonatedUser?.username, "system:serviceaccount:prune:sluice")
    }
  })

  it("leaves its objects where it is told to, and those that say so", async () => {
    const { id } = await ready("orphan", { "app/a.yaml": configMap("one", "1") }, "path: app, deletion: orphan")
    await scene.remove(id)
    await scene.gone(id)
    await scene.event(id, "Orphaned", /1 stay behind: spec\.deletion is orphan/u)
    assert.deepStrictEqual(await leftIn("orphan"), ["one"])

    const other = await ready("keeps", {
      "app/a.yaml": configMap("one", "1"),
      "app/b.yaml": configMap("two", "2").replace(
        "{name: two}",
        "{name: two, annotations: {sluice.dev/prune: disabled}}"
      )
    })
    await scene.remove(other.id)
    await scene.gone(other.id)
    await scene.event(other.id, "Orphaned", /ConfigMap.*two stays behind: sluice\.dev\/prune is disabled/u)
    assert.deepStrictEqual(await leftIn("keeps"), ["two"])
  })

  it("goes while it is suspended, and when it never applied", async () => {
    const { id, repository } = await ready("paused", { "app/a.yaml": configMap("one", "1") })
    await scene.patch(id, { spec: { suspend: true } })
    await scene.deliveries.reason(id, "Suspended")
    await scene.remove(id)
    await scene.gone(id)
    assert.deepStrictEqual(await leftIn("paused"), [])

    await scene.deliver("paused/nowhere", `${repository.url}x`)
    await scene.deliveries.delivery(
      "paused/nowhere",
      "has failed",
      (delivery) => condition(delivery, "Ready")?.status === "False"
    )
    await scene.remove("paused/nowhere")
    await scene.gone("paused/nowhere")
    assert.deepStrictEqual(await leftIn("paused"), [])
  })

  it("is not held by an account that is gone, nor by one that may do nothing any more", async () => {
    const { id } = await ready("accountless", { "app/a.yaml": configMap("one", "1") })
    await scene.plane.request("DELETE", "/api/v1/namespaces/accountless/serviceaccounts/sluice")
    await scene.deliveries.reason(id, "AccessDenied")
    await scene.remove(id)
    await scene.gone(id)
    await scene.event(id, "Orphaned", /the ServiceAccount that it acts as is gone/u)
    assert.include(await leftIn("accountless"), "one")

    const other = await ready("rightless", { "app/a.yaml": configMap("one", "1") }, "path: app, apply: {timeout: 3s}")
    await scene.plane.request(
      "DELETE",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/rightless/rolebindings/sluice"
    )
    const deleted = performance.now()
    await scene.remove(other.id)
    await scene.gone(other.id)
    console.log(`without rights it is let go after ${Math.round(performance.now() - deleted)} ms`)
    await scene.event(other.id, "Orphaned", /ConfigMap\/rightless\/one: .* is forbidden/u)
    assert.include(await leftIn("rightless"), "one")
  })

  it("goes with its namespace, account and all", async () => {
    const { id } = await ready("doomed", {
      "app/a.yaml": configMap("one", "1"),
      "app/web.yaml": deployment("web", "registry.example.com/web:1")
    }, "path: app, apply: {wait: false}")
    await scene.plane.request("DELETE", "/api/v1/namespaces/doomed")
    await scene.gone(id)
    while (await scene.find("/api/v1/namespaces/doomed") !== undefined);
  })

  it("is seen off by an agent that was not there when it was deleted", async () => {
    const { id } = await ready("later", { "app/a.yaml": configMap("one", "1") })
    await scene.agent.stop()
    await scene.remove(id)
    assert.isDefined(at(await scene.find(pathOfDelivery(id)), "metadata", "deletionTimestamp"))
    await scene.begin()
    await scene.gone(id)
    assert.deepStrictEqual(await leftIn("later"), [])
  })

  it("takes the Deliveries along that it applied, and they their objects", async () => {
    await scene.tenant("family")
    const repository = await scene.git.repository("family")
    const child = (name: string) =>
      `apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: ${name}}\nspec: {path: ${name}}\n`
    const commit = await repository.commit({
      "root/a.yaml": child("a"),
      "root/b.yaml": child("b"),
      "a/one.yaml": configMap("one", "1"),
      "b/two.yaml": configMap("two", "2")
    }, "A family")
    await scene.deliver("family/root", repository.url, "path: root, apply: {wait: false}")
    for (const name of ["root", "a", "b"]) await scene.ready(`family/${name}`, commit)
    assert.isDefined(await scene.find(configMapAt("family", "one")))
    await scene.remove("family/root")
    for (const name of ["root", "a", "b"]) await scene.gone(`family/${name}`)
    assert.deepStrictEqual(await leftIn("family"), [])
  })
})

const claim = (name: string) =>
  `apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Mi}}}
`

describe("a Delivery that a commit removes", () => {
  const child = (name: string, more = "") =>
    `apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: ${name}}\n` +
    `spec: {path: ${name}, apply: {wait: false}${more}}\n`
  const claimAt = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`

  it("is asked about where it owns a claim, and confirmed by the digest that is told", async () => {
    const namespace = anew("removed")
    await scene.tenant(namespace)
    const repository = await scene.git.repository(namespace)
    const commit = await repository.commit({
      "root/data.yaml": child("data"),
      "root/plain.yaml": child("plain"),
      "root/kept.yaml": child("kept", ", deletion: orphan"),
      "root/one.yaml": configMap("one", "1"),
      "data/claim.yaml": claim("data"),
      "plain/two.yaml": configMap("two", "2"),
      "kept/claim.yaml": claim("kept")
    }, "Three children")
    const id = `${namespace}/root`
    await scene.deliver(id, repository.url, "path: root, apply: {wait: false, deletionLimit: 100%}")
    for (const name of ["root", "data", "plain", "kept"]) await scene.ready(`${namespace}/${name}`, commit)

    const next = await repository.commit({ "root/plain.yaml": null, "root/kept.yaml": null }, "What may go")
    await scene.ready(id, next)
    await scene.gone(`${namespace}/plain`)
    await scene.gone(`${namespace}/kept`)
    assert.isDefined(await scene.find(claimAt(namespace, "kept")))

    await repository.commit({ "root/data.yaml": null }, "What may not")
    const blocked = await scene.deliveries.reason(id, "PruneBlocked")
    const { message } = condition(blocked, "Ready")!
    assert.include(
      message,
      `Delivery/${namespace}/data would be deleted, and with it PersistentVolumeClaim/${namespace}/data`
    )
    await scene.ready(`${namespace}/data`)
    assert.isUndefined(at(await scene.find(claimAt(namespace, "data")), "metadata", "deletionTimestamp"))

    const [digest] = /sha256:[0-9a-f]{64}/u.exec(message)!
    await scene.patch(id, { metadata: { annotations: { "sluice.dev/confirm": digest } } })
    await scene.gone(`${namespace}/data`)
    await scene.ready(id)
    while (await scene.find(claimAt(namespace, "data")) !== undefined);
  })
})
