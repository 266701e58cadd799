import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Agent } from "../support/Agent.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { anew } from "../support/anew.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { agentName, leastRights, tenant } from "../support/Tenants.ts"

const soon = 40_000
const canary = "canary/report+value?1"

/** What Policy Reporter reads of a report, whichever its group. */
interface Report {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string>>
    readonly ownerReferences: ReadonlyArray<Readonly<Record<string, string>>>
  }
  readonly source?: string
  readonly scope?: object
  readonly summary: Readonly<Record<string, number>>
  readonly results?: ReadonlyArray<{
    readonly source: string
    readonly policy: string
    readonly rule: string
    readonly category: string
    readonly severity?: string
    readonly result: string
    readonly message: string
    readonly resources: ReadonlyArray<Readonly<Record<string, string>>>
    readonly properties: Readonly<Record<string, string>>
    readonly timestamp: { readonly seconds: number }
  }>
}

const standard = "/apis/openreports.io/v1alpha1/namespaces/shop/reports"
const former = "/apis/wgpolicyk8s.io/v1alpha2/namespaces/shop/policyreports"

const policies = `# METADATA
# title: Images are pinned
# related_resources:
# - ref: https://example.com/images
# custom:
#   id: image-latest
#   severity: high
#   remedy: Name a version.
package policies.images

deny contains {"msg": message, "path": path} if {
  some index, container in input.spec.template.spec.containers
  endswith(container.image, ":latest")
  path := ["spec", "template", "spec", "containers", index, "image"]
  message := sprintf("%s uses %s", [container.name, container.image])
}

warn contains "every object has an owner" if not input.metadata.labels.owner
warn contains message if {
  input.kind == "Secret"
  message := sprintf("what a Secret holds: %v", [input])
}
`

const deployment = (image: string) =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {owner: dana}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "${image}"}]}
`
const secret = `apiVersion: v1
kind: Secret
metadata: {name: keys, labels: {owner: dana}}
stringData: {value: "${canary}"}
`
const configMap = (value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {value: "${value}"}\n`

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess
let deliveries: Deliveries
let repository: Awaited<ReturnType<GitServer["repository"]>>
let kubeconfig: string
/** Before the verdict turns. */
let written = { resourceVersion: "", requests: 0 }

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane({ controllers: true }), startGitServer()])
  await installCrds(plane)
  kubeconfig = await leastRights(plane)
  await tenant(plane, "shop")
  deliveries = new Deliveries(plane)
  repository = await git.repository("shop")
  agent = await start()
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop()])
})

const start = (dataFolder?: string) =>
  AgentProcess.start({
    kubeconfig,
    ...dataFolder === undefined ? {} : { dataFolder },
    environment: { SLUICE_LOG_FORMAT: "json" }
  })

const install = (name: string) =>
  applyYaml(plane, readFileSync(join(import.meta.dirname, "..", "fixtures", "reports", `${name}.yaml`), "utf8"))

const list = async (path: string): Promise<ReadonlyArray<Report>> => {
  const found = await plane.request("GET", path).catch(() => ({ items: [] }))
  return (found as { readonly items: ReadonlyArray<Report> }).items
}

/** The one report there, as soon as it fits. */
const report = async (path: string, is: (report: Report) => boolean): Promise<Report> => {
  const deadline = Date.now() + soon
  for (;;) {
    const all = await list(path)
    if (all.length === 1 && is(all[0]!)) return all[0]!
    if (Date.now() > deadline) throw new Error(`no such report: ${JSON.stringify(all, undefined, 1)}\n${agent.output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const gone = async (path: string, patience = soon) => {
  const deadline = Date.now() + patience
  while ((await list(path)).length > 0) {
    if (Date.now() > deadline) throw new Error(`there is still a report at ${path}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A line that is still being written is left out. */
const decisions = () =>
  agent.output.split("\n").slice(0, -1).filter((line) => line.includes("\"msg\":\"decision\""))
    .map((line) => JSON.parse(line))

/** What was decided after the first so many, as soon as there are some: the log may come later than the status. */
const decided = async (before: number) => {
  for (const deadline = Date.now() + soon; decisions().length <= before;) {
    if (Date.now() > deadline) throw new Error(`no decision was logged:\n${agent.output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return decisions().slice(before)
}

/** What the agent itself asked of reports and their definitions. */
const asked = async () =>
  (await plane.readAudit()).filter(({ impersonatedUser, objectRef, user: { username } }) =>
    username === agentName && impersonatedUser === undefined &&
    ["reports", "policyreports", "customresourcedefinitions"].includes(objectRef?.resource ?? "")
  )
const writes = async () => (await asked()).filter(({ verb }) => ["patch", "create", "delete"].includes(verb))

const deliver = () =>
  applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: shop, namespace: shop}
spec:
  source: {git: {url: "${repository.url}", branch: main}, interval: 200ms}
  path: app
  apply: {wait: false}
`
  )

/** How many results of the rule passed, warned and denied, and how many decisions denied, by the metrics. */
const results = async (): Promise<ReadonlyArray<number>> => {
  const rows = (await (await fetch(`${await agent.address("metrics")}/metrics`)).text()).split("\n")
  const count = (name: string, ...labels: ReadonlyArray<string>) =>
    Number(rows.find((row) => row.startsWith(`${name}{`) && labels.every((l) => row.includes(l)))?.split(" ")[1] ?? 0)
  const ofRule = (result: string) =>
    count("sluice_policy_results_total", `bundle="repository"`, `rule="image-latest"`, `result="${result}"`)
  return [...["passed", "warned", "denied"].map(ofRule), count("sluice_policy_decisions_total", `verdict="denied"`)]
}

describe("the record of decisions", () => {
  it("is a line in the field names of OPA's decision log, and metrics", async () => {
    const [before, counted] = [decisions().length, await results()]
    const first = await repository.commit({
      "policies/images.rego": policies,
      "app/web.yaml": deployment("registry.example.com/web:latest"),
      "app/keys.yaml": secret,
      // At a second try another value: what is the same is not judged anew.
      "app/settings.yaml": configMap(anew("settings"))
    }, "Begin")
    await deliver()
    await deliveries.delivery(
      "shop/shop",
      "is denied",
      (delivery) =>
        condition(delivery, "Ready")?.reason === "PolicyDenied" &&
        delivery.status?.lastAttemptedRevision?.endsWith(first) === true,
      soon
    )
    const [line, ...others] = await decided(before)
    assert.lengthOf(others, 0)
    assert.match(line.decision_id, /^sha256:[0-9a-f]{64}$/u)
    assert.match(line.input_digest, /^sha256:[0-9a-f]{64}$/u)
    assert.match(line.bundles.repository.revision, /^sha256:/u)
    assert.strictEqual(line.path, "sluice/objects")
    assert.deepStrictEqual(line.erased, ["/input"])
    assert.strictEqual(line.labels.delivery, "shop/shop")
    assert.strictEqual(line.labels.revision, `main@sha1:${first}`)
    assert.match(line.labels.run, /^[0-9A-Z]{26}$/u)
    assert.isAbove(line.metrics.timer_rego_query_eval_ns, 0)
    const { violations, ...result } = line.result
    assert.deepStrictEqual(result, { verdict: "denied", objects: 3, passed: 3, warned: 2, denied: 1, waived: 0 })
    assert.deepInclude(violations[0], {
      policy: "image-latest",
      rule: "deny",
      severity: "deny",
      bundle: "repository",
      object: "Deployment/shop/web",
      message: "main uses registry.example.com/web:latest",
      source: "app/web.yaml:9"
    })
    const now = await results()
    assert.deepStrictEqual(now.map((count, index) => count - counted[index]!), [3, 2, 1, 1])
    // No kind of report is there: nothing was asked for but whether there is one.
    assert.deepStrictEqual(await writes(), [])
  }, 60_000)

  it("is a PolicyReport as soon as the cluster has the kind", async () => {
    await install("wgpolicyk8s.io_policyreports")
    const made = await report(former, () => true)
    const live = deliveries.get("shop/shop")!
    assert.strictEqual(made.metadata.name, "sluice-shop")
    assert.strictEqual(made.metadata.labels["app.kubernetes.io/managed-by"], "sluice")
    assert.deepStrictEqual(made.metadata.ownerReferences, [
      { apiVersion: "sluice.dev/v1alpha1", kind: "Delivery", name: "shop", uid: live.metadata.uid }
    ])
    // With a scope of its own, Policy Reporter would take all results to be about that.
    assert.isUndefined(made.scope)
    assert.deepStrictEqual(made.summary, { pass: 3, fail: 1, warn: 2, error: 0, skip: 0 })
    assert.deepStrictEqual(made.results!.map(({ result }) => result), ["fail", "warn", "warn"])
    const [denied] = made.results!
    const { bundle, digest, file, line, pass, remedy, resultID, revision, title, url } = denied!.properties
    assert.deepInclude(denied, {
      source: "sluice",
      policy: "image-latest",
      rule: "deny",
      category: "repository",
      severity: "high",
      message: "main uses registry.example.com/web:latest",
      resources: [{ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" }]
    })
    assert.deepStrictEqual([bundle, pass, file, line, remedy, title, url], [
      "repository",
      "objects",
      "app/web.yaml",
      "9",
      "Name a version.",
      "Images are pinned",
      "https://example.com/images"
    ])
    assert.match(digest ?? "", /^sha256:/u)
    assert.strictEqual(revision, live.status!.lastAttemptedRevision)
    assert.isAbove(denied!.timestamp.seconds, 1_700_000_000)
    assert.lengthOf(new Set(made.results!.map(({ properties }) => properties.resultID)), 3)
    assert.isDefined(resultID)
  }, 60_000)

  it("moves to the standard kind when that comes", async () => {
    await install("openreports.io_reports")
    const made = await report(standard, () => true)
    assert.strictEqual(made.source, "sluice")
    assert.deepStrictEqual(made.summary, { pass: 3, fail: 1, warn: 2, error: 0, skip: 0 })
    await gone(former)
  }, 60_000)

  it("is not written again by an agent that starts anew and decides the same", async () => {
    const before = await report(standard, () => true)
    const data = agent.dataFolder
    await agent.stop()
    const since = (await asked()).length
    agent = await start(data)
    await agent.says(/"msg":"decision"/u)
    // What it wrote is listed, once; there is nothing to add.
    const deadline = Date.now() + soon
    const made = async () => (await asked()).slice(since).filter(({ verb }) => verb !== "watch")
    while ((await made()).length < 4) {
      if (Date.now() > deadline) throw new Error("reports were not listed")
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const now = await made()
    assert.deepStrictEqual(now.map(({ objectRef, verb }) => `${verb} ${objectRef?.resource}`).sort(), [
      "list customresourcedefinitions",
      "list customresourcedefinitions",
      "list policyreports",
      "list reports"
    ])
    written = { resourceVersion: before.metadata.resourceVersion, requests: (await writes()).length }
  }, 60_000)

  it("follows the verdict at once when it turns", async () => {
    const { summary } = await report(standard, () => true)
    if (summary["fail"] === 0) {
      // A first try turned it.
      await repository.commit({ "app/web.yaml": deployment("registry.example.com/web:latest") }, "The latest")
      const { metadata } = await report(standard, ({ summary }) => summary["fail"] === 1)
      written = { resourceVersion: metadata.resourceVersion, requests: (await writes()).length }
    }
    assert.strictEqual((await report(standard, () => true)).metadata.resourceVersion, written.resourceVersion)
    const said = decisions().length - 1
    const fixed = await repository.commit({ "app/web.yaml": deployment("registry.example.com/web:1") }, "Pin")
    await deliveries.ready("shop/shop", fixed, soon)
    const passed = await report(standard, ({ summary }) => summary["fail"] === 0)
    assert.deepStrictEqual(passed.results!.map(({ result }) => result), ["warn", "warn"])
    assert.strictEqual((await writes()).length, written.requests + 1)
    await decided(said + 1)
    const paths = decisions().slice(said).map(({ path, result }) => `${path} ${result.verdict}`)
    assert.deepStrictEqual(paths, ["sluice/objects denied", "sluice/objects passed"], "no rule is about changesets")
  }, 60_000)

  it("asks for nothing where nothing is new, and says it once", async () => {
    // The revision moves on, and nothing that the Delivery reads does.
    const before = (await asked()).length
    const said = decisions().length
    const other = await repository.commit({ "other.txt": "nothing of ours" }, "Elsewhere")
    await deliveries.ready("shop/shop", other, soon)
    assert.strictEqual((await asked()).length, before)
    assert.strictEqual(decisions().length, said)
  }, 60_000)

  it("holds no value of a Secret", async () => {
    const everything = JSON.stringify(await list(standard)) + agent.output
    for (const spelling of [canary, Buffer.from(canary).toString("base64")]) assert.notInclude(everything, spelling)
    const shown = (await list(standard))[0]!.results!.find(({ message }) => message.startsWith("what a Secret holds"))
    assert.include(shown?.message, "(masked ")
  })

  it("is a line of `sluice run` too, where it logs what debugging takes", async () => {
    const file = join(plane.folder, "run.yaml")
    await writeFile(
      file,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: run, namespace: default}
spec: {source: {git: {url: "${repository.url}", branch: main}}, path: app, apply: {wait: false}}
`
    )
    const run = async (level: string) => {
      const process = new Agent(["-f", file, "--kubeconfig", plane.adminKubeconfigFile, "--once"], {
        SLUICE_LOG_LEVEL: level
      })
      assert.strictEqual(await process.exit(), 0)
      return process
    }
    const told = await run("debug")
    assert.match(told.stderr, /message=decision .*decision_id=sha256:[0-9a-f]{64} .*path=sluice\/objects/u)
    assert.notMatch(told.stderr, /path=sluice\/changeset/u, "no rule is about changesets")
    assert.isEmpty(told.lines.filter(({ event }) => event === undefined))
    assert.notInclude((await run("info")).stderr, "decision")
  }, 60_000)

  it("goes with its Delivery", async () => {
    const path = "/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/shop"
    if (deliveries.get("shop/shop") !== undefined) await plane.request("DELETE", path)
    // The garbage collector hears of new kinds when it starts, and twice a minute.
    await plane.restart("kube-controller-manager")
    await gone(standard, 100_000)
  }, 120_000)
})
