import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { applyYaml, condition } from "../support/AgentGround.ts"
import { AgentScene, configMap, pathOfDelivery } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import type { Repository } from "../support/git/Repository.ts"
import { TeamChat } from "../support/TeamChat.ts"
import { withoutSchema } from "../support/withoutSchema.ts"

let scene: AgentScene
let chat: TeamChat

beforeAll(async () => {
  ;[scene, chat] = await Promise.all([AgentScene.start({ args: ["--allow-loopback"] }), TeamChat.start()])
}, 90_000)

afterAll(async () => {
  assert.notInclude(scene.agent.output, "a mistake in Sluice")
  await Promise.all([scene.stop(), chat.stop()])
})

const pathOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/one`
const valueIn = async (namespace: string) => at(await scene.find(pathOf(namespace)), "data", "value")
/** Somebody edits the object of a Delivery. */
const edit = (namespace: string, value: string) =>
  scene.plane.request(
    "PATCH",
    `${pathOf(namespace)}?fieldManager=kubectl-edit`,
    { data: { value } },
    "application/merge-patch+json"
  )
/** Waits until an object has a value. */
const becomes = async (namespace: string, value: string) => {
  const deadline = Date.now() + 30_000
  while (await valueIn(namespace) !== value) {
    if (Date.now() > deadline) throw new Error(`${namespace} still has ${await valueIn(namespace)}, not ${value}`)
  }
}
const ready = async (namespace: string, labels?: string): Promise<Repository> => {
  await scene.tenant(namespace, labels)
  await chat.join(scene.plane, namespace)
  const repository = await scene.git.repository(namespace)
  const commit = await repository.commit({ "app/one.yaml": configMap("one", "1") }, "First")
  await scene.deliver(`${namespace}/app`, repository.url, "path: app, notify: [{name: chat}]")
  await scene.ready(`${namespace}/app`, commit)
  return repository
}

describe("a Delivery that is suspended", () => {
  const id = "paused/app"
  let repository: Repository

  it("says why, who and until when, and reports drift without healing it", async () => {
    // A first try suspended it.
    await scene.patch(id, { spec: { suspend: false, suspension: null } }).catch(() => undefined)
    repository = await ready("paused")
    const until = "2099-01-01T00:00:00Z"
    await scene.patch(id, { spec: { suspend: true, suspension: { reason: "INC-42", by: "dana", until } } })
    const suspended = await scene.deliveries.reason(id, "Suspended")
    assert.strictEqual(condition(suspended, "Ready")?.message, `Suspended by dana until ${until}: INC-42`)
    await scene.event(id, "Suspended", /dana.*INC-42/u)
    await edit("paused", "taken")
    const drifted = await scene.deliveries.delivery(
      id,
      "has drifted",
      ({ status }) => status?.drift?.last?.manager === "kubectl-edit"
    )
    assert.strictEqual(drifted.status?.drift?.last?.manager, "kubectl-edit")
    assert.strictEqual(drifted.status?.drift?.last?.action, "reported")
    await scene.event(id, "Drifted", /kubectl-edit, left as it is/u)
    assert.strictEqual(await valueIn("paused"), "taken")
  })

  it("tells who it was also of what happened while no agent was there", async () => {
    await scene.agent.stop()
    await scene.plane.request(
      "PATCH",
      `${pathOf("paused")}?fieldManager=kubectl-replace`,
      { data: { value: "taken again" } },
      "application/merge-patch+json"
    )
    await scene.begin()
    await scene.deliveries.delivery(
      id,
      "has drifted again",
      ({ status }) => status?.drift?.last?.manager === "kubectl-replace",
      20_000
    )
  })

  it("is healed when it resumes", async () => {
    await scene.patch(id, { spec: { suspend: false, suspension: null } })
    await becomes("paused", "1")
    await scene.ready(id)
    await scene.event(id, "Resumed")
  })

  it("goes on by itself when its time is over, with what was pushed meanwhile", async () => {
    const until = new Date(Date.now() + 3_000).toISOString()
    await scene.patch(id, { spec: { suspend: true, suspension: { reason: "lunch", until } } })
    await scene.deliveries.reason(id, "Suspended")
    const commit = await repository.commit({ "app/one.yaml": configMap("one", "2") }, "While it is suspended")
    const resumed = await scene.ready(id, commit)
    const late = Date.now() - Date.parse(until)
    console.log(`on the new commit ${late} ms after the suspension ended`)
    assert.isBelow(late, 10_000)
    assert.strictEqual(resumed.spec.suspend, true)
    await scene.events.find(
      "Resumed twice",
      () => scene.eventsOf(id).filter((reason) => reason === "Resumed").length > 1
    )
  })

  it("takes a commit on resume, at once", async () => {
    // No poll comes in time to find it.
    await scene.patch(id, { spec: { suspend: true, suspension: null, source: { interval: "10m" } } })
    await scene.deliveries.reason(id, "Suspended")
    const commit = await repository.commit({ "app/one.yaml": configMap("one", "3") }, "Wait for it")
    await scene.patch(id, { spec: { suspend: false } })
    const resumed = performance.now()
    await scene.ready(id, commit)
    console.log(`on the new commit ${Math.round(performance.now() - resumed)} ms after it resumed`)
    await scene.patch(id, { spec: { source: { interval: "1s" } } })
    await scene.ready(id, commit)
  })

  it("told its Notifiers of the drift, as of all that is only reported", async () => {
    const told = await chat.says(
      id,
      "drift of who is suspended",
      ({ findings, state }) => state === "drift" && at(findings, 0, "action") === "reported"
    )
    assert.deepInclude(at(told, "findings", 0), { manager: "kubectl-edit", fields: ["data.value"] })
    assert.match(String(told.revision), /^main@sha1:[0-9a-f]{40}$/u)
  })

  it("may be suspended from the start, and has what GitLab replaces", async () => {
    await scene.deliver("paused/later", repository.url, "path: app, suspend: true, deletion: orphan")
    await scene.deliveries.reason("paused/later", "Suspended")
    const { metadata } = await scene.deliveries.delivery(
      "paused/later",
      "is stamped",
      ({ metadata }) => metadata.annotations?.["reconcile.fluxcd.io/requestedAt"] !== undefined
    )
    assert.isUndefined(metadata.finalizers)
    await scene.remove("paused/later")
    await scene.gone("paused/later")
  })
})

describe("a Delivery whose account is gone", () => {
  const id = "paused/app"

  it("tells its Notifiers that it cannot run, and that it recovered once the account is back", async () => {
    const before = chat.about(id).filter(({ state }) => state === "failed").length
    await scene.plane.request("DELETE", "/api/v1/namespaces/paused/serviceaccounts/sluice")
    await scene.deliveries.reason(id, "AccessDenied")
    const told = await chat.says(id, "cannot run", ({ error }) => at(error, "reason") === "AccessDenied")
    assert.match(
      String(at(told, "error", "message")),
      /ServiceAccount sluice of namespace paused, which does not exist/u
    )
    await scene.agent.says(/cannot run: AccessDenied: .*paused\/app/u)
    await scene.tenant("paused")
    await scene.ready(id)
    await chat.says(id, "recovered", ({ state }) => state === "recovered")
    assert.isAtMost(chat.about(id).filter(({ state }) => state === "failed").length, before + 1)
  })
})

describe("a Delivery whose agent is new", () => {
  it("is healed by a run, since nobody has its bytes, and says who it was", async () => {
    await scene.restart()
    const asked = anew("asked")
    await scene.patch("paused/app", { metadata: { annotations: { "sluice.dev/requestedAt": asked } } })
    await scene.deliveries.delivery(
      "paused/app",
      "was looked at",
      ({ status }) => status?.lastHandledReconcileAt === asked
    )
    await edit("paused", "taken by edit")
    await becomes("paused", "3")
    await scene.deliveries.delivery(
      "paused/app",
      "tells who it was",
      ({ status }) => status?.drift?.last?.manager === "kubectl-edit" && status.drift.last.action === "healed"
    )
    await scene.event("paused/app", "Healed", /kubectl-edit, put back/u)
  })
})

describe("a PolicyBundle that cannot be loaded", () => {
  const bundle = (match: string) =>
    applyYaml(
      scene.plane,
      `apiVersion: sluice.dev/v1alpha1
kind: PolicyBundle
metadata: {name: baseline}
spec: {source: {git: {url: "${scene.git.url}/none.git", branch: main}}, match: ${match}}
`
    )
  const removed = () => scene.plane.request("DELETE", "/apis/sluice.dev/v1alpha1/policybundles/baseline")

  it("stops the Deliveries that it selects: nothing is applied or healed until it lets go of them", async () => {
    // A second try finds what the first one left.
    await removed().catch(() => undefined)
    const repository = await ready("judged", "{tenant: \"true\"}")
    await bundle("{namespaceSelector: {matchLabels: {tenant: \"true\"}}}")
    const stopped = await scene.deliveries.reason("judged/app", "PolicyUnavailable")
    assert.strictEqual(condition(stopped, "Ready")?.status, "False")
    assert.strictEqual(condition(stopped, "PolicyPassed")?.status, "Unknown")
    assert.match(condition(stopped, "Ready")!.message, /PolicyBundle baseline selects this Delivery and cannot judge/u)
    await scene.event("judged/app", "PolicyUnavailable")
    await edit("judged", "taken")
    const commit = await repository.commit({ "app/one.yaml": configMap("one", "2") }, "Second")
    // Another that is not selected is kept as ever, and shows that time went by.
    // At a second try another value: the same would be no edit.
    await edit("paused", `taken at ${Date.now()}`)
    await becomes("paused", "3")
    assert.strictEqual(await valueIn("judged"), "taken")
    await removed()
    const free = performance.now()
    await scene.ready("judged/app", commit)
    console.log(`goes on ${Math.round(performance.now() - free)} ms after the bundle is gone`)
    assert.strictEqual(await valueIn("judged"), "2")
  })

  it("selects by the labels of Deliveries, which may change", async () => {
    await removed().catch(() => undefined)
    await bundle("{deliverySelector: {matchLabels: {gate: strict}}, namespaceSelector: {}}")
    await scene.ready("judged/app")
    await scene.patch("judged/app", { metadata: { labels: { gate: "strict" } } })
    await scene.deliveries.reason("judged/app", "PolicyUnavailable")
    await scene.patch("judged/app", { metadata: { labels: { gate: "lax" } } })
    await scene.ready("judged/app")
    await scene.plane.request(
      "PATCH",
      "/api/v1/namespaces/judged",
      { metadata: { labels: { tenant: "no" } } },
      "application/merge-patch+json"
    )
    await removed()
    await bundle("{namespaceSelector: {matchLabels: {tenant: \"yes\"}}}")
    await scene.plane.request(
      "PATCH",
      "/api/v1/namespaces/judged",
      { metadata: { labels: { tenant: "yes" } } },
      "application/merge-patch+json"
    )
    await scene.deliveries.reason("judged/app", "PolicyUnavailable")
    await scene.plane.request(
      "PATCH",
      "/api/v1/namespaces/judged",
      { metadata: { labels: { tenant: null } } },
      "application/merge-patch+json"
    )
    await scene.ready("judged/app")
    await removed()
  })
})

describe("a Delivery that applies Deliveries", () => {
  let namespace: string
  let id: string
  let repository: Repository
  const root = (interval: string) =>
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: root}
spec: {source: {git: {url: "${repository.url}", branch: main}, interval: ${interval}}, path: root, apply: {timeout: 10s}}
`
  const child = (more: string) =>
    `apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: child}\nspec: {path: child${more}}\n`

  it("is ready again after Git changed its own spec", async () => {
    namespace = anew("above")
    id = `${namespace}/root`
    await scene.tenant(namespace)
    repository = await scene.git.repository(namespace)
    const first = await repository.commit({
      "root/root.yaml": root("1s"),
      "root/child.yaml": child(""),
      "child/one.yaml": configMap("one", "1")
    }, "A root that applies itself")
    await scene.deliver(id, repository.url, "path: root, apply: {timeout: 10s}")
    await scene.ready(id, first)
    await scene.ready(`${namespace}/child`, first)
    const second = await repository.commit({ "root/root.yaml": root("2s") }, "Look less often")
    const { spec } = await scene.ready(id, second, 20_000)
    assert.deepInclude(spec.source, { interval: "2s" })
    assert.notInclude(scene.eventsOf(id), "HealthTimeout")
  })

  it("does not wait for a child that Git suspends", async () => {
    const commit = await repository.commit({ "root/child.yaml": child(", suspend: true") }, "Suspend the child")
    await scene.deliveries.reason(`${namespace}/child`, "Suspended")
    await scene.ready(id, commit, 20_000)
    assert.notInclude(scene.eventsOf(id), "HealthTimeout")
    const next = await repository.commit({ "root/child.yaml": child("") }, "Let it go on")
    await scene.ready(`${namespace}/child`, next)
    await scene.ready(id, next)
  })
})

describe("a manifest that is named as a record of Sluice", () => {
  it("is refused at its line, and no record is touched, be it this Delivery's or another's", async () => {
    const namespace = anew("records")
    const repository = await ready(namespace)
    const { url } = repository
    await scene.deliver(`${namespace}/other`, url, "path: other")
    const first = await repository.commit({ "other/two.yaml": configMap("two", "2") }, "Another")
    await scene.ready(`${namespace}/other`, first)
    const record = (name: string) => scene.find(`/api/v1/namespaces/${namespace}/configmaps/sluice-${name}-inventory-0`)
    for (const whose of ["app", "other"]) {
      const before = await record(whose)
      assert.isDefined(before)
      await repository.commit({
        "app/record.yaml": `# not mine\n${configMap(`sluice-${whose}-inventory-0`, "mine")}`
      }, `Take the record of ${whose}`)
      const refused = await scene.deliveries.delivery(
        `${namespace}/app`,
        "is refused",
        ({ status }) =>
          status?.conditions?.some(({ message, reason }) =>
            reason === "RenderFailed" && message.includes(`sluice-${whose}-inventory-0`)
          ) === true
      )
      assert.match(
        condition(refused, "Ready")!.message,
        /app\/record\.yaml:2: ConfigMap\/\S+\/sluice-\S+: this name is kept for Sluice's own record of a Delivery/u
      )
      assert.deepStrictEqual(at(await record(whose), "binaryData"), at(before, "binaryData"))
    }
    const mended = await repository.commit({ "app/record.yaml": null, "app/one.yaml": configMap("one", "3") }, "Mended")
    await scene.ready(`${namespace}/app`, mended)
    await scene.ready(`${namespace}/other`, mended)
  })
})

describe("a Delivery that nobody can read", () => {
  const bad: Readonly<Record<string, unknown>> = {
    "spec-missing": { nothing: true },
    "spec-number": { spec: 7 },
    "suspend-text": { spec: { suspend: "yes", path: "app" } },
    "timeout-nonsense": { spec: { path: "app", apply: { timeout: "soon" }, dependsOn: "nobody" } },
    "status-number": { spec: 7, status: 7 }
  }

  const malform = () =>
    withoutSchema(scene.plane, { kind: "Delivery", plural: "deliveries", namespace: "malformed" }, async () => {
      for (const [name, body] of Object.entries(bad)) {
        await scene.plane.request("POST", pathOfDelivery(`malformed/${name}`).replace(/\/[^/]+$/u, ""), {
          apiVersion: "sluice.dev/v1alpha1",
          kind: "Delivery",
          metadata: { name },
          ...body as JsonObject
        }).catch((error: Error) => {
          // It is there from a first try.
          if (!/: 409 /u.test(error.message)) throw error
        })
      }
    })

  it("stalls itself with what is wrong, and no other", async () => {
    const url = (await scene.git.repository("malformed")).url
    const repository = await scene.git.repository("sound")
    const commit = await repository.commit({ "app/one.yaml": configMap("one", "1") }, "First")
    await scene.tenant("malformed")
    await malform()
    const invalid = await scene.deliveries.reason("malformed/suspend-text", "InvalidSpec")
    assert.match(condition(invalid, "Ready")!.message, /spec\.suspend: expected boolean/u)
    assert.strictEqual(condition(invalid, "Stalled")?.status, "True")
    await scene.event("malformed/suspend-text", "InvalidSpec")
    await scene.agent.says(/cannot run: InvalidSpec: .*malformed\/suspend-text/u)
    assert.isDefined(url)
    await Promise.all(Array.from({ length: 10 }, async (_, index) => {
      await scene.tenant(`sound-${index}`)
      await scene.deliver(`sound-${index}/app`, repository.url, "path: app")
      await scene.ready(`sound-${index}/app`, commit)
    }))
  })

  it("does not hinder a new agent, starts when it is mended, and goes when it is deleted", async () => {
    // A first try deleted them.
    await malform()
    await scene.restart()
    const next = await (await scene.git.repository("mended")).commit(
      { "app/one.yaml": configMap("one", "2") },
      "Mended"
    )
    const url = `${scene.git.url}/mended.git`
    await scene.patch("malformed/suspend-text", {
      spec: { suspend: false, source: { git: { url, branch: "main" }, interval: "1s" } }
    })
    await scene.ready("malformed/suspend-text", next)
    for (const name of Object.keys(bad)) {
      await scene.remove(`malformed/${name}`)
      await scene.gone(`malformed/${name}`)
    }
  })
})
