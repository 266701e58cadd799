import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { setTimeout as sleep } from "node:timers/promises"
import { applyYaml, condition } from "../support/AgentGround.ts"
import { bulk, chance, configMap, deployment, DriftGround, namespace, rival } from "../support/DriftGround.ts"

const count = 1_000
const edited = 200

let ground: DriftGround

beforeAll(async () => {
  ground = await DriftGround.start()
  await ground.startAgent()
})

afterAll(() => ground.stop())

/** A Delivery of its own repository, applied. */
const delivered = async (name: string, files: Record<string, string>, apply = "") => {
  const repository = await ground.git.repository(name)
  const commit = await repository.commit(files, "First")
  await ground.deliver(name, repository.url, apply)
  await ground.deliveries.ready(`${namespace}/${name}`, commit)
  return repository
}

const driftOf = (name: string) => ground.deliveries.get(`${namespace}/${name}`)?.status?.drift
const versionIs = (id: string, version: string, timeoutMs?: number) =>
  ground.objects.until(`${id} is ${version}`, (known) => known.get(id)?.data?.["version"] === version, timeoutMs)
/** Takes an object, and sees that it is taken. */
const take = async (id: string, patch: unknown = { data: { version: rival } }) => {
  const { metadata: { resourceVersion } } = await ground.merge(id, patch)
  await ground.objects.until(
    `${id} is seen to be taken`,
    (known) => Number(known.get(id)?.metadata.resourceVersion) >= Number(resourceVersion)
  )
}
const change = (name: string, patch: unknown) =>
  ground.plane.request(
    "PATCH",
    `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/deliveries/${name}`,
    patch,
    "application/merge-patch+json"
  )
/** Has a Delivery look at its source. */
const ask = (name: string) =>
  change(name, { metadata: { annotations: { "sluice.dev/requestedAt": `${process.hrtime.bigint()}` } } })

describe("a thousand objects", () => {
  it("heals what others edit and delete, and touches nothing else", { timeout: 180_000 }, async () => {
    await delivered("bulk", bulk(count))
    const random = chance(11)
    const apart = ground.edits(edited, count, random)
    const burst = ground.edits(edited, count, random)
    const ids = new Set([...apart, ...burst].map(({ id }) => id))
    // What others add, beside what is taken and elsewhere.
    const foreign = [...ids].slice(30, 50).concat(
      [...ground.objects.all.keys()].filter((id) => id.startsWith("ConfigMap/bulk-") && !ids.has(id)).slice(0, 20)
    )
    const note = { metadata: { annotations: { "example.com/note": "theirs" }, labels: { theirs: "yes" } } }
    const versions = new Map<string, string>()
    for (const id of foreign) {
      const { metadata } = await ground.merge(id, note, "annotator")
      versions.set(id, metadata.resourceVersion)
    }
    const status = { status: { observedGeneration: 1, replicas: 2 } }
    const quiet = ["Deployment/web-18", "Deployment/web-19"]
    for (const id of quiet) {
      const { metadata } = await ground.merge(id, status, "kubelet", "/status")
      versions.set(id, metadata.resourceVersion)
    }

    const times = await ground.healed(apart, 50, 60_000)
    assert.strictEqual(times.length, edited)
    assert.isBelow(Math.max(...await ground.healed(burst, 0, 60_000)), 20_000)

    const deleted = new Set([...apart, ...burst].filter(({ deletes }) => deletes).map(({ id }) => id))
    for (const id of foreign) {
      const { metadata } = ground.objects.get(id)!
      if (!deleted.has(id)) assert.strictEqual(metadata.annotations?.["example.com/note"], "theirs", id)
    }
    for (const [id, version] of versions) {
      if (!ids.has(id)) assert.strictEqual(ground.objects.get(id)!.metadata.resourceVersion, version, id)
    }
    await ground.deliveries.delivery(`${namespace}/bulk`, "counts its heals", ({ status }) => {
      const { count = 0, last } = status?.drift ?? {}
      return count >= 2 * edited && last?.action === "healed"
    })
    assert.strictEqual(condition(ground.deliveries.get(`${namespace}/bulk`)!, "Ready")?.status, "True")
  })

  it("asks the cluster nothing while nothing happens", { timeout: 90_000 }, async () => {
    await change("bulk", { spec: { source: { interval: "2s" } } })
    const isAsking = (request: string) => !/^watch |\/leases/u.test(request)
    // Longer than Events of one reason are apart, and many times the interval at which the source is looked at.
    const quiet = 15_000
    const asked = async () => (await ground.requestsSince(new Date(Date.now() - quiet).toISOString())).filter(isAsking)
    await sleep(quiet)
    // What is left of the test before comes to its end.
    for (const deadline = Date.now() + 30_000; Date.now() < deadline && (await asked()).length > 0;) await sleep(500)
    assert.deepStrictEqual(await asked(), [])
  })
})

describe("modes", () => {
  it("backs off from who takes the same field back, heals others meanwhile, and wins in the end", async () => {
    await delivered("fought", { "a.yaml": configMap("fought", "git"), "b.yaml": configMap("beside", "git") })
    const heals: Array<number> = []
    let isOver = false
    const stop = ground.objects.listen((id, object) => {
      if (id !== "ConfigMap/fought" || object?.data?.["version"] !== "git") return
      heals.push(performance.now())
      if (!isOver) void take(id)
    })
    await take("ConfigMap/fought")
    await ground.deliveries.delivery(
      `${namespace}/fought`,
      "backs off",
      ({ status }) => status?.drift?.last?.action === "backing off" && status.drift.last.manager === rival
    )
    await take("ConfigMap/beside")
    await versionIs("ConfigMap/beside", "git")
    await ground.objects.until(
      "an Event tells who fights",
      (known) =>
        [...known.values()].some(({ note, reason }) => reason === "DriftBackingOff" && note?.includes(rival) === true)
    )
    await ground.objects.until("heals are seconds apart", () => {
      const [before = 0, last = 0] = heals.slice(-2)
      return heals.length > 3 && last - before > 1_800
    })
    isOver = true
    assert.isBelow(heals.length, 10)
    await ground.objects.until(
      "it is as Git says",
      () => ground.objects.get("ConfigMap/fought")?.data?.["version"] === "git"
    )
    stop()
  })

  it("only tells, with drift: report, and heals once it is told to", async () => {
    const { url } = await delivered("reported", { "a.yaml": configMap("reported", "git") }, "drift: report")
    await take("ConfigMap/reported")
    const { status } = await ground.deliveries.delivery(
      `${namespace}/reported`,
      "reports",
      ({ status }) => status?.drift?.last?.action === "reported"
    )
    assert.strictEqual(status?.drift?.last?.manager, rival)
    assert.strictEqual(ground.objects.get("ConfigMap/reported")?.data?.["version"], rival)
    await ground.deliver("reported", url)
    await versionIs("ConfigMap/reported", "git")
  })

  it("neither tells nor heals with drift: ignore", async () => {
    await delivered("ignored", { "a.yaml": configMap("ignored", "git") }, "drift: ignore")
    await delivered("heeded", { "a.yaml": configMap("heeded", "git") })
    await take("ConfigMap/ignored")
    await take("ConfigMap/heeded")
    await versionIs("ConfigMap/heeded", "git")
    assert.strictEqual(ground.objects.get("ConfigMap/ignored")?.data?.["version"], rival)
    assert.isUndefined(driftOf("ignored")?.last)

    // Nor while it is suspended, where the drift of others is told.
    for (const name of ["ignored", "heeded"]) {
      await change(name, { spec: { suspend: true } })
      await ground.deliveries.reason(`${namespace}/${name}`, "Suspended")
    }
    await take("ConfigMap/ignored", { data: { version: "again" } })
    await take("ConfigMap/heeded")
    await ground.deliveries.delivery(
      `${namespace}/heeded`,
      "tells what it leaves",
      ({ status }) => status?.drift?.last?.action === "reported"
    )
    assert.strictEqual(ground.objects.get("ConfigMap/heeded")?.data?.["version"], rival)
    assert.isUndefined(driftOf("ignored")?.last)
  })

  it("leaves the replicas of what an autoscaler scales, also by the next revision", async () => {
    const autoscaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaled}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: scaled}
  minReplicas: 1
  maxReplicas: 10
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`
    const repository = await delivered("scaled", { "a.yaml": deployment("scaled"), "hpa.yaml": autoscaler })
    await ground.merge("Deployment/scaled", { spec: { replicas: 5 } }, "kube-controller-manager", "/scale")
    const commit = await repository.commit({ "a.yaml": deployment("scaled", "\n  paused: true") }, "Pause")
    await ask("scaled")
    await ground.deliveries.ready(`${namespace}/scaled`, commit)
    // What comes later was seen later.
    await take("Deployment/scaled", { spec: { paused: false } })
    await ground.objects.until(
      "the Deployment is healed",
      (known) => known.get("Deployment/scaled")?.spec?.["paused"] === true
    )
    assert.strictEqual(ground.objects.get("Deployment/scaled")?.spec?.["replicas"], 5)
  })
})

describe("at any time", () => {
  it("looks at the interval where it may not watch, and says so", async () => {
    await applyYaml(
      ground.plane,
      `apiVersion: v1
kind: ServiceAccount
metadata: {name: limited, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: limited, namespace: ${namespace}}
rules:
  - {apiGroups: [""], resources: [configmaps], verbs: [get, list, create, update, patch, delete]}
  - {apiGroups: [""], resources: [secrets], verbs: [get, create, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: limited, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: limited}
subjects: [{kind: ServiceAccount, name: limited, namespace: ${namespace}}]
`
    )
    const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: polled}\nstringData: {version: git}\n`
    const repository = await ground.git.repository("polled")
    const commit = await repository.commit({ "a.yaml": configMap("polled", "git"), "b.yaml": secret }, "First")
    await ground.deliver("polled", repository.url, "serviceAccountName: limited", "2s")
    await ground.deliveries.ready(`${namespace}/polled`, commit)
    await ground.deliveries.delivery(
      `${namespace}/polled`,
      "names what is polled",
      ({ status }) => JSON.stringify(status?.drift?.polled) === JSON.stringify(["ConfigMap", "Secret"])
    )
    await take("ConfigMap/polled")
    await take("Secret/polled", { stringData: { version: rival } })
    await versionIs("ConfigMap/polled", "git")
    await versionIs("Secret/polled", Buffer.from("git").toString("base64"))
  })

  it("heals while a revision waits for health", async () => {
    const repository = await ground.git.repository("waiting")
    await repository.commit({ "a.yaml": configMap("waiting", "git"), "b.yaml": deployment("never") }, "Never ready")
    await ground.deliver("waiting", repository.url)
    await applyYaml(
      ground.plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: waiting, namespace: ${namespace}}
spec:
  source: {git: {url: "${repository.url}", branch: main}, interval: 1m}
  apply: {wait: true, timeout: 2m}
`
    )
    await ground.objects.until("it is applied", (known) => known.has("Deployment/never"))
    await ground.deliveries.delivery(
      `${namespace}/waiting`,
      "waits",
      ({ status }) => status?.stage === "apply" && status.inventory?.entries.length === 2
    )
    await take("ConfigMap/waiting")
    await versionIs("ConfigMap/waiting", "git")
  })

  it("heals what is taken while a revision is applied", async () => {
    const files = (version: string) =>
      Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [`${index}.yaml`, configMap(`busy-${index}`, version)])
      )
    const repository = await delivered("busy", files("git"))
    const before = driftOf("busy")?.count ?? 0
    const stop = ground.objects.listen((id, object) => {
      // As soon as the new revision shows on one, somebody takes it.
      if (id === "ConfigMap/busy-0" && object?.data?.["version"] === "new") {
        stop()
        void take(id)
      }
    })
    const commit = await repository.commit(files("new"), "New")
    await ask("busy")
    await ground.deliveries.ready(`${namespace}/busy`, commit)
    await ground.deliveries.delivery(
      `${namespace}/busy`,
      "healed it",
      ({ status }) => status?.drift?.count === before + 1
    )
    await versionIs("ConfigMap/busy-0", "new")
  })

  it("heals after a restart what was taken meanwhile", { timeout: 120_000 }, async () => {
    await ground.agent.stop("SIGKILL")
    await take("ConfigMap/bulk-900")
    await ground.plane.request("DELETE", ground.path("ConfigMap/bulk-901"))
    await ground.startAgent()
    // Its first run goes through a thousand objects.
    await versionIs("ConfigMap/bulk-900", "git", 60_000)
    await versionIs("ConfigMap/bulk-901", "git", 60_000)
    await ground.deliveries.ready(`${namespace}/bulk`)
  })
})
