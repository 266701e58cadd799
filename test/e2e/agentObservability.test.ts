import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { metrics } from "../../src/telemetry/metrics.ts"
import { AgentProcess, applyYaml, Deliveries, installCrds } from "../support/AgentGround.ts"
import { configMap } from "../support/AgentScene.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { Collector, type Span } from "../support/Collector.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { metricsIn, panelExpressions, promtool, rules } from "../support/monitoring.ts"
import { tenant } from "../support/Tenants.ts"

/** A token as GitLab gives one to a job: its end is in it. */
const expires = 1_900_000_000
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
const password = `${part({ alg: "RS256" })}.${part({ exp: expires, sub: "job" })}.c2lnbmF0dXJlLW9mLXRoZS1ob3N0`
const token = "a-token-of-the-hook"
const soon = 40_000

const policy = `package policies.named

# METADATA
# title: ConfigMaps are not called forbidden
deny contains "not this name" if input.metadata.name == "forbidden"
`

let plane: ControlPlane
let git: GitServer
let chat: ChatServer
let collector: Collector
let agent: AgentProcess
let deliveries: Deliveries

beforeAll(async () => {
  ;[plane, git, chat, collector] = await Promise.all([
    startControlPlane(),
    startGitServer({ basic: { username: "sluice", password } }),
    startChatServer({ signingKey: token }),
    Collector.start()
  ])
  await installCrds(plane)
  await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
  await tenant(plane, "shop")
  deliveries = new Deliveries(plane)
  await secret("git", { username: "sluice", password })
  await secret("hook", { token })
  await secret("chat", { address: `${chat.url}/hooks/team`, token })
  await applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: shop}
spec: {webhook: {secretRef: {name: chat}}}
---
apiVersion: sluice.dev/v1alpha1
kind: PolicyBundle
metadata: {name: baseline}
spec: {source: {library: [pod-security/baseline]}}
`
  )
  agent = await AgentProcess.start({
    kubeconfig: plane.adminKubeconfigFile,
    args: ["--allow-loopback", "--otlp-endpoint", collector.address, "--cluster-name", "test"],
    environment: { SLUICE_LOG_FORMAT: "json", OTEL_BSP_SCHEDULE_DELAY: "500" }
  })
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop(), chat?.stop(), collector?.stop()])
})

const secret = (name: string, values: Readonly<Record<string, string>>) =>
  applyYaml(
    plane,
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "shop" }, stringData: values })
  )

const deliver = async (name: string, files: Readonly<Record<string, string>>, more = "") => {
  const repository = await git.repository(name)
  const commit = await repository.commit(files, `Say ${name}`)
  await applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: shop}
spec:
  source:
    git: {url: "${repository.url}", branch: main, secretRef: {name: git}, insecure: true}
    interval: 1s
    webhook: {secretRef: {name: hook}}
  path: app
  notify: [{name: chat}]
  ${more}
`
  )
  return { repository, commit }
}

/** A scrape that fits, as soon as there is one. */
const scrape = async (what: string, claim: (page: string) => boolean): Promise<string> => {
  const address = await agent.address("metrics")
  for (const deadline = Date.now() + soon;;) {
    const page = await (await fetch(`${address}/metrics`)).text()
    if (claim(page)) return page
    if (Date.now() > deadline) assert.fail(`not within ${soon} ms: ${what}\n${page}`)
    await plane.request("GET", "/readyz")
  }
}

const value = (page: string, series: string): number =>
  Number(page.split("\n").find((line) => line.startsWith(`${series} `))?.split(" ").at(-1))

describe("what an operator sees of an agent", () => {
  it("is in metrics that Prometheus takes, and that alerts and the dashboard name", { timeout: 120_000 }, async () => {
    const refused = `sluice_webhook_requests_total{source="gitlab",code="401"}`
    const refusedBefore = value(await scrape("anything", () => true), refused) || 0
    const app = { "app/a.yaml": configMap("good", "one") }
    const { commit } = await deliver("good", { ...app, "policies/named.rego": policy })
    await deliver("denied", { "app/a.yaml": configMap("forbidden", "one"), "policies/named.rego": policy })
    await deliver("broken", { "app/kustomization.yaml": "resources: [missing.yaml]\n" })
    await deliver("resting", app, "suspend: true")
    await deliveries.ready("shop/good", commit, soon)
    await Promise.all([
      deliveries.reason("shop/denied", "PolicyDenied", soon),
      deliveries.reason("shop/broken", "RenderFailed", soon),
      deliveries.reason("shop/resting", "Suspended", soon)
    ])
    await plane.request(
      "PATCH",
      "/api/v1/namespaces/shop/configmaps/good?fieldManager=rival",
      { data: { value: "two" } },
      "application/merge-patch+json"
    )
    const hooks = `${await agent.address("http")}/hooks/gitlab`
    assert.strictEqual(
      (await fetch(hooks, { method: "POST", body: "{}", headers: { "x-gitlab-token": "x" } })).status,
      401
    )
    const page = await scrape(
      "what happened",
      (page) =>
        value(page, `sluice_drift_corrections_total{namespace="shop",name="good"}`) >= 1 &&
        value(page, `sluice_notifications_total{sink="webhook",outcome="sent"}`) >= 2 &&
        value(page, "nodejs_eventloop_lag_p99_seconds") >= 0 &&
        value(page, `sluice_trace_exports_total{outcome="sent"}`) >= 1
    )
    const checked = await promtool(["check", "metrics"], { input: page })
    assert.strictEqual(checked.code, 0, checked.output)

    const info = (name: string, ready: string, reason: string, suspended = "false") =>
      `sluice_delivery_info{namespace="shop",name="${name}",ready="${ready}",reason="${reason}",suspended="${suspended}"}`
    for (
      const [series, wanted] of [
        [info("good", "True", "Succeeded"), 1],
        [info("denied", "False", "PolicyDenied"), 1],
        [info("broken", "False", "RenderFailed"), 1],
        [info("resting", "Unknown", "Suspended", "true"), 1],
        [`sluice_token_expiry_timestamp_seconds{kind="git",namespace="shop",name="good"}`, expires],
        [`sluice_policy_bundle_info{bundle="baseline",ready="True"}`, 1],
        [refused, refusedBefore + 1],
        [`sluice_source_interval_seconds{namespace="shop",name="good"}`, 1],
        [`sluice_watchdog_restarts_total{namespace="shop",name="good"}`, 0]
      ] as const
    ) assert.strictEqual(value(page, series), wanted, `${series}\n${page}`)
    const now = Date.now() / 1_000
    for (
      const series of [
        `sluice_source_last_success_timestamp_seconds{namespace="shop",name="good"}`,
        `sluice_delivery_last_success_timestamp_seconds{namespace="shop",name="good"}`,
        "process_start_time_seconds"
      ]
    ) assert.closeTo(value(page, series), now, 120, series)
    assert.isAbove(value(page, `sluice_token_expiry_timestamp_seconds{kind="cluster",namespace="",name=""}`), now)
    assert.isAbove(value(page, `sluice_policy_results_total{bundle="repository",rule="named",result="denied"}`), 0)
    assert.isAbove(value(page, `sluice_api_requests_total{verb="patch",code="2xx"}`), 0)
    assert.isAbove(
      value(page, `sluice_reconcile_duration_seconds_count{namespace="shop",name="good",outcome="Applied"}`),
      0
    )
    assert.isAbove(value(page, "process_resident_memory_bytes"), 20_000_000)
    assert.isAbove(value(page, "process_open_fds"), 5)

    // What alerts and panels name is there, with a value; these are of several replicas.
    const apart = new Set([
      "sluice_members",
      "sluice_lease_held",
      "sluice_deliveries_tended",
      "sluice_deliveries_moved_total"
    ])
    const named = [...rules().groups.flatMap((group) => group.rules.map(({ expr }) => expr)), ...panelExpressions()]
    const missing = new Set(named.flatMap(metricsIn)).difference(apart)
    for (const name of missing) {
      if (new RegExp(`^${name}(?:_bucket)?[{ ]`, "mu").test(page)) missing.delete(name)
    }
    assert.deepStrictEqual([...missing], [])
    for (const { name } of metrics) assert.include(page, `# TYPE ${name} `)
    assert.notInclude(page, password)
  })

  it("is in traces: one a run, with what went wrong and where", async () => {
    const of = (name: string, result: string) => ({ attributes }: Span) =>
      attributes["cicd.pipeline.name"] === `shop/${name}` && attributes["cicd.pipeline.result"] === result
    await collector.until(
      "the traces of three Deliveries",
      ({ spans }) =>
        spans.some(of("good", "success")) && spans.some(of("denied", "failure")) && spans.some(of("broken", "failure"))
    )
    const good = collector.spans.find(of("good", "success"))!
    const stages = collector.spans.filter(({ parentSpanId }) => parentSpanId === good.spanId)
    assert.deepStrictEqual([...new Set(stages.map(({ name }) => name))], ["fetch", "render", "policy", "diff", "apply"])
    assert.isTrue(stages.every(({ traceId }) => traceId === good.traceId))
    assert.strictEqual(good.resource["k8s.cluster.name"], "test")
    assert.match(String(good.attributes["vcs.repository.url.full"]), /\/good\.git$/u)
    const broken = collector.spans.find(of("broken", "failure"))!
    assert.strictEqual(broken.attributes["error.type"], "RenderFailed")
    assert.strictEqual(broken.status.code, 2)
    const where = collector.spans.filter(({ parentSpanId, status }) =>
      parentSpanId === broken.spanId && status.code === 2
    )
    assert.isNotEmpty(where)
    // The id is the one that the log and the history have.
    const run = deliveries.get("shop/good")!.status!.history!.map(({ id }) => id)
    assert.include(run, good.attributes["cicd.pipeline.run.id"])
    for (const { body } of collector.requests) assert.notInclude(body.toString(), password)
  })

  it("is in a log whose lines name Delivery, revision, run, stage and error", async () => {
    await agent.says(/drift healed/u)
    // A line that is still being written is left out.
    const lines = agent.output.split("\n").slice(0, -1).filter((line) => line !== "").map((line) => JSON.parse(line))
    for (const line of lines) {
      for (const field of ["ts", "level", "msg"]) assert.isString(line[field], JSON.stringify(line))
    }
    const failed = lines.find(({ delivery, error }) => delivery === "shop/broken" && error === "RenderFailed")
    assert.deepInclude(failed, { namespace: "shop", stage: "render", level: "warning" })
    assert.match(failed.revision, /^main@sha1:[0-9a-f]{40}$/u)
    assert.match(failed.run, /^[0-9A-Z]{26}$/u)
    const decision = lines.find(({ delivery, msg }) => msg === "decision" && delivery === "shop/denied")
    assert.strictEqual(decision.labels.run, lines.find(({ error }) => error === "PolicyDenied").run)
    const applied = lines.find(({ delivery, msg }) => delivery === "shop/good" && msg.startsWith("applied"))
    assert.deepInclude(applied, { namespace: "shop", level: "info" })
    const drift = lines.find(({ delivery, msg }) => delivery === "shop/good" && msg.startsWith("drift healed"))
    assert.strictEqual(drift.revision, applied.revision)
    assert.notInclude(agent.output, password)
  })

  it("ends with the Delivery", async () => {
    const path = "/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/broken"
    if (deliveries.get("shop/broken") !== undefined) await plane.request("DELETE", path)
    const page = await scrape("nothing is told of it", (page) => !page.includes(`name="broken"`))
    assert.include(page, `name="good"`)
  })
})
