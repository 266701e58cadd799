import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFile } from "node:fs/promises"
import { gunzipSync } from "node:zlib"
import type { Condition } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { anew } from "../support/anew.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { Collector } from "../support/Collector.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { applyObjects, objectsOf } from "../support/Manifests.ts"
import { leastRights, tenant } from "../support/Tenants.ts"
import { withoutSchema } from "../support/withoutSchema.ts"

const soon = 40_000
const reports = new URL("../fixtures/reports/openreports.io_reports.yaml", import.meta.url)

/** Where a secret is planted, and what it is there: all of them are different, so that a leak names its place. */
const canaries = {
  manifest: "canary/manifest+value?1",
  healed: "canary/healed+value?2",
  edited: "canary/edited+value?3",
  password: "canary/git+password?4",
  wrong: "canary/wrong+password?5",
  bearer: "canary-bearer-token-6",
  token: "canary/hook+token?7",
  sink: "canary-sink-address-8",
  url: "canary-url-password-9",
  denied: "canary/denied+value?10",
  broken: "canary/broken+value?11",
  refused: "canary/refused+value?12"
} as const

/** The ways in which a secret shows up in text. */
const spellings = (value: string): ReadonlyArray<string> => {
  const base64 = Buffer.from(value).toString("base64")
  // In the base64 of a longer text a value stands in one of three ways.
  const shifted = [1, 2].map((by) => Buffer.from("x".repeat(by) + value).toString("base64").slice(by + 1, -4))
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), base64.replace(/=+$/u, ""), ...shifted]
}

let plane: ControlPlane
let git: GitServer
let chat: ChatServer
let collector: Collector
let agent: AgentProcess
let deliveries: Deliveries

beforeAll(async () => {
  ;[plane, git, chat, collector] = await Promise.all([
    startControlPlane(),
    startGitServer({ basic: { username: "sluice", password: canaries.password } }),
    startChatServer({ signingKey: canaries.token }),
    Collector.start()
  ])
  await installCrds(plane)
  await applyObjects(plane, objectsOf(await readFile(reports, "utf8")))
  const kubeconfig = await leastRights(plane)
  await tenant(plane, "shop")
  deliveries = new Deliveries(plane)
  await secret("git", { username: "sluice", password: canaries.password })
  await secret("hook", { token: canaries.token })
  await secret("chat", { address: `${chat.url}/hooks/${canaries.sink}`, token: canaries.token })
  await secret("dead", { address: `http://127.0.0.1:1/${canaries.sink}`, token: canaries.token })
  for (const name of ["chat", "dead"]) {
    await applyYaml(
      plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: ${name}, namespace: shop}
spec: {webhook: {secretRef: {name: ${name}}}}
`
    )
  }
  agent = await AgentProcess.start({
    kubeconfig,
    args: ["--allow-loopback"],
    environment: {
      SLUICE_LOG_LEVEL: "debug",
      SLUICE_LOG_FORMAT: "json",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.address,
      OTEL_BSP_SCHEDULE_DELAY: "500"
    }
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

const deliver = (name: string, url: string, more = "", secretName = "git") =>
  applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: shop}
spec:
  source:
    git: {url: "${url}", branch: main, secretRef: {name: ${secretName}}, insecure: true}
    interval: 1s
    webhook: {secretRef: {name: hook}}
  notify: [{name: chat}, {name: dead}]
  ${more}
`
  )

const secretManifest = (name: string, value: string, more = "") =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nstringData: {value: "${value}"}\n${more}`

const notifiers = "/apis/sluice.dev/v1alpha1/namespaces/shop/notifiers"

/** Asks until what a Notifier says of itself is so; the time is the test's. */
const notifier = async (name: string, claim: (ready: Condition) => boolean): Promise<Condition> => {
  for (;;) {
    const { metadata, status } = await plane.request("GET", `${notifiers}/${name}`) as {
      readonly metadata: { readonly generation: number }
      readonly status?: { readonly conditions?: ReadonlyArray<Condition> }
    }
    const ready = status?.conditions?.[0]
    if (ready !== undefined && ready.observedGeneration === metadata.generation && claim(ready)) return ready
  }
}

/** How often the agent has written the status of a Notifier. */
const writes = async (name: string): Promise<number> =>
  (await plane.readAudit()).filter(({ objectRef, stage, verb }) =>
    stage === "ResponseComplete" && verb === "patch" && objectRef?.resource === "notifiers" &&
    objectRef.subresource === "status" && objectRef.name === name
  ).length

const noSecrets = `# METADATA
# title: Secrets of some name are not wanted
package main
deny contains msg if {
  input.kind == "Secret"
  msg := sprintf("no such value: %v", [input])
}
`

describe("an agent with secrets", () => {
  it("goes its ways: success, drift, denial and failures", async () => {
    // Success, and a Secret that is healed after an edit, with a value that nobody knew before.
    const good = await git.repository("good")
    const first = await good.commit({
      "app/a.yaml": secretManifest("app", canaries.manifest),
      "app/b.yaml": secretManifest("healed", canaries.healed)
    }, "Begin")
    await deliver("good", good.url, "path: app")
    await deliveries.ready("shop/good", first, soon)
    await plane.request(
      "PATCH",
      "/api/v1/namespaces/shop/secrets/healed?fieldManager=kubectl-edit",
      { stringData: { value: canaries.edited } },
      "application/merge-patch+json"
    )
    await deliveries.delivery("shop/good", "was healed", ({ status }) => (status?.drift?.count ?? 0) > 0, soon)
    // Somebody tells the world in a commit what a Secret holds.
    const second = await good.commit(
      { "app/a.yaml": secretManifest("app", `${canaries.manifest} anew`) },
      `Rotate ${canaries.password} at https://sluice:${encodeURIComponent(canaries.password)}@git.example.com`,
      { author: { name: `Dana ${canaries.token}`, email: "dana@example.com" } }
    )
    await deliveries.ready("shop/good", second, soon)

    // A denial whose message holds all that the policy was shown.
    const denied = await git.repository("denied")
    await denied.commit(
      { "policies/p.rego": noSecrets, "app/a.yaml": secretManifest("denied", canaries.denied) },
      "Denied"
    )
    await deliver("denied", denied.url, "path: app")
    const { status } = await deliveries.reason("shop/denied", "PolicyDenied", soon)
    assert.include(status!.policy!.violations![0]!.message, "no such value")

    // What does not parse, and what the API server refuses: both quote what they do not understand.
    const broken = await git.repository("broken")
    await broken.commit(
      { "a.yaml": `${secretManifest("broken", canaries.broken)}stringData: {${canaries.broken}` },
      "Broken"
    )
    await deliver("broken", broken.url)
    await deliveries.reason("shop/broken", "RenderFailed", soon)
    const refused = await git.repository("refused")
    await refused.commit({
      "a.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: refused}\ndata: {value: "${canaries.refused}"}\n`
    }, "Refused")
    await deliver("refused", refused.url)
    await deliveries.delivery("shop/refused", "is refused", (one) => condition(one, "Ready")?.status === "False", soon)

    // Credentials that are wrong, in a Secret and in the URL.
    await secret("wrong", { username: "sluice", password: canaries.wrong })
    await deliver("wrong", good.url, "", "wrong")
    await deliveries.reason("shop/wrong", "AuthFailed", soon)
    await secret("bearer", { bearerToken: canaries.bearer })
    await deliver("bearer", good.url, "", "bearer")
    await deliveries.reason("shop/bearer", "AuthFailed", soon)
    const inUrl = good.url.replace("://", `://sluice:${canaries.url}@`)
    // Where the schema refuses it, nobody ever sees it.
    await deliver("inurl", inUrl).then(
      () => deliveries.delivery("shop/inurl", "is refused", (one) => condition(one, "Ready")?.status === "False", soon),
      () => undefined
    )
    // A hook that is refused, and one that is taken.
    const hooks = `${await agent.address("http")}/hooks/gitlab`
    const body = JSON.stringify({ object_kind: "push", project: { git_http_url: good.url } })
    await fetch(hooks, { method: "POST", body, headers: { "x-gitlab-token": `${canaries.token}!` } })
    await fetch(hooks, { method: "POST", body, headers: { "x-gitlab-token": canaries.token } })
    const isTold = () => chat.messages.some(({ body }) => JSON.stringify(body).includes("Rotate (redacted)"))
    while (!isTold()) await chat.received(chat.messages.length + 1)
  }, 180_000)
})

describe("a Notifier", () => {
  /** The Notifier, its Secret and its Delivery. */
  let late = ""
  const sink = () => `/hooks/${canaries.sink}/${late}`
  const toLate = () => chat.attempts.filter(({ path }) => path === sink()).map(({ status }) => status)
  /** Others tell the same chat. */
  const told = async (count: number) => {
    while (toLate().length < count) await chat.attempted(chat.attempts.length + 1)
    return toLate()
  }
  const say = async (says: string) => {
    const commit = await repository.commit({ "a.yaml": secretManifest(`${late}-words`, says) }, says)
    await deliveries.ready(`shop/${late}`, commit, soon)
  }
  /** It lacks its Secret, gets it, and tells the first words. */
  const begin = async () => {
    late = anew("late")
    const object = { apiVersion: "sluice.dev/v1alpha1", kind: "Notifier", metadata: { name: late, namespace: "shop" } }
    await applyYaml(plane, JSON.stringify({ ...object, spec: { webhook: { secretRef: { name: late } } } }))
    await notifier(late, ({ status }) => status === "True")
    repository = await git.repository(late)
    await applyYaml(
      plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${late}, namespace: shop}
spec:
  source: {git: {url: "${repository.url}", branch: main, secretRef: {name: git}, insecure: true}, interval: 1s}
  notify: [{name: ${late}, on: [applied]}]
`
    )
    await say("first words")
  }
  /** It gets its Secret. */
  const goOn = async () => {
    await secret(late, { address: `${chat.url}${sink()}`, token: canaries.token })
    assert.deepStrictEqual(await told(1), [204])
  }
  let isWell = false
  let repository: Awaited<ReturnType<GitServer["repository"]>>

  it("says that it is malformed, and is well when it was mended, also where nobody names it", async () => {
    const odd = anew("odd")
    await withoutSchema(
      plane,
      { kind: "Notifier", plural: "notifiers", namespace: "shop" },
      () =>
        plane.request("POST", notifiers, {
          apiVersion: "sluice.dev/v1alpha1",
          kind: "Notifier",
          metadata: { name: odd },
          spec: { webhook: { secretRef: { name: 7 } } }
        })
    )
    const malformed = await notifier(odd, ({ status }) => status === "False")
    assert.strictEqual(malformed.reason, "InvalidSpec")
    assert.match(malformed.message, /^spec\.webhook\.secretRef\.name: .*Mend the fields that are named/u)
    await plane.request(
      "PATCH",
      `${notifiers}/${odd}`,
      { spec: { webhook: { secretRef: { name: "nobody" } } } },
      "application/merge-patch+json"
    )
    await notifier(odd, ({ status }) => status === "True")
    assert.strictEqual(await writes(odd), 2)
  })

  it("says what it lacks, and what waits goes out at once when that is there", async () => {
    await begin()
    const lacks = await notifier(late, ({ status }) => status === "False")
    assert.strictEqual(lacks.reason, "InvalidSpec")
    assert.match(lacks.message, new RegExp(`^There is no Secret ${late}\\.`, "u"))
    await agent.says(new RegExp(`there is no Secret ${late}; tried again`, "u"))
    const came = performance.now()
    await goOn()
    const took = performance.now() - came
    console.log(`told ${Math.round(took)} ms after the Secret was there`)
    // Looked for without a watch it would be found after ten seconds.
    assert.isBelow(took, 8_000)
    await notifier(late, ({ status }) => status === "True")
    assert.strictEqual(await writes(late), 3)
    isWell = true
  })

  it("says once that its sink refuses it, and no more of that when its Secret is another", async () => {
    if (!isWell) {
      // A second try: the first one left its Notifier somewhere half-way.
      await begin()
      await goOn()
      await notifier(late, ({ status }) => status === "True")
    }
    isWell = false
    await secret(late, { address: `${chat.url}${sink()}`, token: canaries.wrong })
    await say("second words")
    const refused = await notifier(late, ({ status }) => status === "False")
    assert.strictEqual(refused.reason, "AuthFailed")
    assert.match(refused.message, /^It answered 401\. Put what it takes into its Secret/u)
    await say("third words")
    assert.deepStrictEqual(await told(3), [204, 401, 401])
    await secret(late, { address: `${chat.url}${sink()}`, token: canaries.token })
    await notifier(late, ({ status }) => status === "True")
    assert.strictEqual(await writes(late), 5)
  })
})

describe("a canary", () => {
  it("is nowhere that anybody may look", async () => {
    const text = (value: unknown) => JSON.stringify(value)
    const list = async (path: string) => await plane.request("GET", path) as { readonly items: ReadonlyArray<object> }
    const maps = await list("/api/v1/configmaps")
    const records = maps.items.flatMap((map) =>
      Object.values((map as { readonly binaryData?: Readonly<Record<string, string>> }).binaryData ?? {})
        .map((data) => gunzipSync(Buffer.from(data, "base64")).toString())
    )
    assert.isAbove(records.length, 1)
    const metrics = await fetch(`${await agent.address("metrics")}/metrics`)
    // The agent goes on, and removes what it has done with.
    const all = "find \"$0\" -type f -not -path '*/git/*' -size -4M -exec cat {} + 2>/dev/null || true"
    const data = execFileSync("sh", ["-c", all, agent.dataFolder], { maxBuffer: 64e6 }).toString("latin1")
    const events = await list("/apis/events.k8s.io/v1/events")
    assert.isAbove(events.items.length, 5)
    const status = await Promise.all(
      ["deliveries", "notifiers"].map(async (plural) =>
        (await list(`/apis/sluice.dev/v1alpha1/${plural}`)).items.map((one) => (one as { status: object }).status)
      )
    )
    const reports = () => list("/apis/openreports.io/v1alpha1/reports")
    let reported = await reports()
    // They are written beside what is told.
    while (reported.items.length === 0) reported = await reports()
    await collector.until(
      "a denied run is told",
      ({ spans }) => spans.some(({ attributes }) => attributes["sluice.outcome"] === "Denied")
    )
    const places: Readonly<Record<string, string>> = {
      output: agent.output,
      traces: collector.requests.map(({ body, headers }) => `${text(headers)} ${body}`).join("\n"),
      reports: text(reported),
      events: text(events),
      status: text(status),
      metrics: await metrics.text(),
      messages: text(chat.messages.map(({ body, headers }) => [body, headers])),
      configMaps: text(maps),
      records: records.join("\n"),
      data
    }
    const found = Object.entries(places).flatMap(([place, said]) =>
      Object.entries(canaries).flatMap(([canary, value]) =>
        spellings(value).flatMap((spelling) => {
          const at = said.indexOf(spelling)
          return at < 0 ? [] : [`${canary} in ${place}: …${said.slice(Math.max(0, at - 120), at + 80)}…`]
        })
      )
    )
    assert.deepStrictEqual(found, [])
  }, 60_000)
})
