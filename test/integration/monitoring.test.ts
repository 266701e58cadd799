import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { promisify } from "node:util"
import { parse, parseAllDocuments, stringify } from "yaml"
import { metrics } from "../../src/telemetry/metrics.ts"
import { findPrograms } from "../support/controlplane/programs.ts"
import { metricsIn, monitoring, panelExpressions, promtool, type Rules, rules } from "../support/monitoring.ts"

const cases = join(import.meta.dirname, "..", "fixtures", "monitoring", "alerts.yaml")
const docs = join(import.meta.dirname, "..", "..", "deploy", "docs", "observability.md")

const alerts = rules().groups.flatMap((group) => group.rules)
const names = new Set(metrics.map(({ name }) => name))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-alerts-"))
  await cp(cases, join(folder, "alerts.yaml"))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (given: Rules) => writeFile(join(folder, "rules.yaml"), stringify(given))

describe("the alerts", () => {
  it("are rules that Prometheus takes", async () => {
    await write(rules())
    const { code, output } = await promtool(["check", "rules", "--lint=all", "--lint-fatal", "rules.yaml"], {
      cwd: folder
    })
    assert.strictEqual(code, 0, output)
    assert.include(output, `${alerts.length} rules found`)
  })

  it("fire each where it should, and beside it none", async () => {
    // Its tests compare annotations word by word; those are looked at below.
    const bare = rules().groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => Object.assign({}, rule, { annotations: {} }))
    }))
    await write({ groups: bare })
    const { code, output } = await promtool(["test", "rules", "alerts.yaml"], { cwd: folder })
    assert.strictEqual(code, 0, output)
    const { tests } = parse(readFileSync(cases, "utf8")) as {
      readonly tests: ReadonlyArray<{
        readonly alert_rule_test: ReadonlyArray<{
          readonly alertname: string
          readonly exp_alerts: ReadonlyArray<unknown>
        }>
      }>
    }
    const firing = new Set(
      tests.flatMap(({ alert_rule_test }) =>
        alert_rule_test.flatMap(({ alertname, exp_alerts }) => exp_alerts.length > 0 ? [alertname] : [])
      )
    )
    assert.deepStrictEqual(alerts.map(({ alert }) => alert).filter((name) => !firing.has(name)), [])
  })

  it("say in words that can be filled in what is wrong, what it means, and what to do", async () => {
    await write(rules())
    // The expectations name no annotations: what they are is told as what came instead.
    const { output } = await promtool(["test", "rules", "alerts.yaml"], { cwd: folder })
    assert.notInclude(output, "<error")
    assert.notInclude(output, "<no value>")
    for (const { alert } of alerts) assert.include(output, alert)
    const text = readFileSync(docs, "utf8")
    for (const { alert, annotations, labels } of alerts) {
      assert.include(["critical", "warning"], labels["severity"], alert)
      for (const part of ["summary", "description"]) assert.isAbove((annotations[part] ?? "").length, 10, alert)
      assert.include(annotations["runbook"], `deploy/docs/observability.md#${alert.toLowerCase()}`)
      assert.include(text, `### ${alert}\n`)
    }
  })

  it("name metrics that there are, and the dashboard too", () => {
    const expressions = [...alerts.map(({ expr }) => expr), ...panelExpressions()]
    assert.isAbove(expressions.length, 40)
    const unknown = expressions.flatMap(metricsIn).filter((name) => !names.has(name))
    assert.deepStrictEqual(unknown, [])
  })
})

describe("the component", () => {
  it("is what an overlay takes in: rules, a monitor, and a dashboard that Grafana's sidecar finds", async () => {
    const overlay = join(folder, "overlay")
    await mkdir(overlay)
    const from = await realpath(overlay)
    const taken = {
      resources: [relative(from, join(monitoring, "..", "..", "overlays", "quickstart"))],
      components: [relative(from, monitoring)]
    }
    await writeFile(join(overlay, "kustomization.yaml"), stringify(taken))
    const kustomize = (await findPrograms(["kustomize"], console.error)).get("kustomize")!
    const { stdout } = await promisify(execFile)(kustomize, ["build", overlay])
    const objects = parseAllDocuments(stdout).map((document) => document.toJS())
    const one = (kind: string, name: string) => {
      const found = objects.filter((object) => object.kind === kind && object.metadata.name === name)
      assert.lengthOf(found, 1, `${kind} ${name}`)
      assert.strictEqual(found[0].metadata.namespace, "sluice-system")
      return found[0]
    }
    one("PrometheusRule", "sluice")
    const dashboard = one("ConfigMap", "sluice-dashboard")
    assert.strictEqual(dashboard.metadata.labels.grafana_dashboard, "1")
    assert.strictEqual(JSON.parse(dashboard.data["sluice.json"]).uid, "sluice")
    const monitor = one("ServiceMonitor", "sluice")
    // It finds the Service, and its port, and gives the job that the alerts name.
    const service = one("Service", "sluice-metrics")
    assert.deepInclude(service.metadata.labels, monitor.spec.selector.matchLabels)
    assert.strictEqual(service.metadata.labels[monitor.spec.jobLabel], "sluice")
    const ports = service.spec.ports.map(({ name }: { name: string }) => name)
    for (const { port } of monitor.spec.endpoints) assert.include(ports, port)
    // Else the label of the agent's namespace would stand where the Delivery's is meant.
    assert.isTrue(monitor.spec.endpoints.every(({ honorLabels }: { honorLabels: boolean }) => honorLabels))
  })
})

describe("the page of metrics", () => {
  it("lists every metric, with its labels", () => {
    const text = readFileSync(docs, "utf8")
    for (const { kind, labels, name } of metrics) {
      const shown = labels.length === 0 ? "" : labels.map((label) => `\`${label}\``).join(" ")
      assert.include(text, `| \`${name}\` | ${kind} | ${shown} |`)
    }
  })
})
