import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { senders } from "../server/webhooks.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { configMap, pathOfDelivery, Told } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { Repository } from "../support/git/Repository.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { TeamChat } from "../support/TeamChat.ts"
import { leastRights, tenant } from "../support/Tenants.ts"

const password = "correct-horse-battery"
const soon = 30_000

/** Whether the library stands beside these sources. */
const isShipped = existsSync(join(import.meta.dirname, "..", "..", "policies", "rules", "images", "digest-required"))

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess
let deliveries: Deliveries
let events: Told
let bundles: Told
let chat: TeamChat
let platform: Repository
const repositories = new Map<string, Repository>()

const repositoryOf = async (name: string): Promise<Repository> => {
  const known = repositories.get(name) ?? await git.repository(name)
  repositories.set(name, known)
  return known
}

/** Values of ConfigMaps that are forbidden. */
const values = (...forbidden: ReadonlyArray<string>) =>
  `# METADATA
# scope: package
# title: Values
# custom:
#   id: no-bad-value
#   remedy: Take another value.
package baseline

deny contains {"msg": sprintf("%s is forbidden", [input.data.value]), "path": "data.value"} if {
	input.kind == "ConfigMap"
	input.data.value in ${JSON.stringify(forbidden)}
}
`

const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>) =>
  applyYaml(plane, JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData }))

/** Applies a PolicyBundle: for the Deliveries with the label `gate` of its name, unless `match` says something else. */
const bundle = (name: string, spec: JsonObject) =>
  applyYaml(
    plane,
    JSON.stringify({
      apiVersion: "sluice.dev/v1alpha1",
      kind: "PolicyBundle",
      metadata: { name },
      spec: { match: { deliverySelector: { matchLabels: { gate: name } } }, ...spec }
    })
  )

const credential = { secretRef: { name: "platform-git", namespace: "sluice-system" }, insecure: true }
const from = ({ url }: Repository, more: JsonObject = {}): JsonObject => ({
  source: { git: { url, branch: "main", ...credential }, interval: "1s", ...more },
  path: "rules"
})

const removeBundle = (name: string) => plane.request("DELETE", `/apis/sluice.dev/v1alpha1/policybundles/${name}`)

/** Waits for a PolicyBundle to be as it is claimed. */
const bundleUntil = async (name: string, what: string, claim: (bundle: JsonObject) => boolean) =>
  (await bundles.find(`${name} ${what}`, (object) => at(object, "metadata", "name") === name && claim(object), soon))
    .object

const readyOf = (object: JsonObject): JsonObject => {
  const conditions = at(object, "status", "conditions")
  return (Array.isArray(conditions) ? conditions.find((one) => at(one, "type") === "Ready") : undefined) ?? {}
}

/** A Delivery of a repository of its own, in a namespace of its own. */
const deliver = async (
  name: string,
  gate: string,
  files: Readonly<Record<string, string>>,
  namespace = "shop",
  more = ""
): Promise<{ readonly id: string; readonly repository: Repository; readonly commit: string }> => {
  const repository = await repositoryOf(name)
  const commit = await repository.commit(files, "Begin")
  await applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}, labels: {gate: ${gate}}}
spec:
  source: {git: {url: "${repository.url}", branch: main, secretRef: {name: git}, insecure: true}, interval: 1s}
  path: app
  ${more}
`
  )
  return { id: `${namespace}/${name}`, repository, commit }
}

const valueOf = async (name: string): Promise<unknown> => {
  const found = await plane.request("GET", `/api/v1/namespaces/shop/configmaps/${name}`).catch(() => ({}))
  return at(found as JsonObject, "data", "value")
}

const edit = (name: string, value: string) =>
  plane.request(
    "PATCH",
    `/api/v1/namespaces/shop/configmaps/${name}?fieldManager=kubectl-edit`,
    { data: { value } },
    "application/merge-patch+json"
  )

const denied = (id: string, pattern: RegExp) =>
  deliveries.delivery(id, `is denied: ${pattern}`, (delivery) => {
    const ready = condition(delivery, "Ready")
    return ready?.reason === "PolicyDenied" && pattern.test(ready.message)
  }, soon)

const eventSays = (id: string, pattern: RegExp) =>
  events.find(
    `${id}: Event ${pattern}`,
    (event) =>
      `${at(event, "regarding", "namespace")}/${at(event, "regarding", "name")}` === id &&
      pattern.test(`${String(event.reason)} ${String(event.note)}`),
    soon
  )

const waiver = (policy: string, until: string, more = "") =>
  `waivers:\n  - {policy: ${policy}, reason: INC-42, owner: dana, until: "${until}"${more}}\n`

beforeAll(async () => {
  ;[plane, git, chat] = await Promise.all([
    startControlPlane(),
    startGitServer({ basic: { username: "sluice", password } }),
    TeamChat.start()
  ])
  await installCrds(plane)
  const kubeconfig = await leastRights(plane)
  await tenant(plane, "shop")
  await chat.join(plane, "shop")
  await secret("shop", "git", { username: "sluice", password })
  await secret("sluice-system", "platform-git", { username: "sluice", password })
  platform = await repositoryOf("platform")
  await platform.commit({ "rules/values.rego": values("bad") }, "Forbid what is bad")
  deliveries = new Deliveries(plane)
  events = new Told(plane, "/apis/events.k8s.io/v1/events?watch=true&resourceVersion=0")
  bundles = new Told(plane, "/apis/sluice.dev/v1alpha1/policybundles?watch=true&resourceVersion=0")
  agent = await AgentProcess.start({ kubeconfig, args: ["--allow-loopback"] })
}, 110_000)

afterAll(async () => {
  assert.notInclude(agent.output, "a mistake in Sluice")
  for (const watch of [deliveries, events, bundles]) watch.stop()
  await agent.remove()
  await Promise.all([plane.stop(), git.stop(), chat.stop()])
})

// What a test that failed left behind is not to meddle with the next.
afterEach(() => delete git.behaviour.intercept)

/** What the last run of a Delivery came to, and why it began. */
const lastRun = ({ status }: Awaited<ReturnType<typeof denied>>) => {
  const { outcome, why } = status?.history?.[0] ?? {}
  return { outcome, why }
}

describe("the first bundle of a cluster", () => {
  it("is why the Deliveries run that it selects, when it comes and when it goes", async () => {
    const [early, late] = [anew("early"), anew("late")]
    const { commit, id } = await deliver(early, late, { "app/one.yaml": configMap(early, "bad") })
    assert.deepStrictEqual(lastRun(await deliveries.ready(id, commit, soon)), { outcome: "Applied", why: "started" })
    await bundle(late, from(platform))
    assert.deepStrictEqual(lastRun(await denied(id, /bad is forbidden/u)), { outcome: "Denied", why: "policy" })
    await removeBundle(late)
    assert.strictEqual(lastRun(await deliveries.ready(id, commit, soon)).why, "policy")
  })
})

describe("a mandatory bundle", () => {
  it("lets pass what keeps to it, and tells what it judges by and whom", async () => {
    await bundle("mandatory", from(platform))
    const { commit, id } = await deliver("web", "mandatory", { "app/one.yaml": configMap("web", "good") })
    const { status } = await deliveries.ready(id, commit, soon)
    const told = await bundleUntil(
      "mandatory",
      "judges one Delivery",
      (one) => at(one, "status", "deliveries") === 1 && readyOf(one).reason === "Succeeded"
    )
    assert.strictEqual(readyOf(told).reason, "Succeeded")
    assert.strictEqual(at(told, "status", "policies"), 1)
    assert.match(String(at(told, "status", "revision")), /^main@sha1:[0-9a-f]{40}$/u)
    assert.deepStrictEqual(status?.policy?.bundles, [
      { name: "mandatory", digest: String(at(told, "status", "digest")) }
    ])
    assert.strictEqual(at(told, "status", "observedGeneration"), at(told, "metadata", "generation"))
  })

  it("blocks a revision, and names bundle, policy, file and line; nothing is written", async () => {
    const repository = await repositoryOf("web")
    await repository.commit({ "app/one.yaml": configMap("web", "bad") }, "Bad")
    const { status } = await denied("shop/web", /no-bad-value at app\/one\.yaml:4: bad is forbidden/u)
    const [violation] = status?.policy?.violations ?? []
    assert.strictEqual(violation?.bundle.name, "mandatory")
    assert.strictEqual(violation?.policy, "no-bad-value")
    assert.strictEqual(violation?.remedy, "Take another value.")
    assert.strictEqual(await valueOf("web"), "good")
  })

  it("is not shadowed by a tenant's package, rule and id of the same names", async () => {
    const shadow = values("else")
    const { id } = await deliver("shadow", "mandatory", {
      "app/one.yaml": configMap("shadow", "bad"),
      "policies/shadow.rego": shadow,
      "policies/data.json": `{"baseline": {"deny": []}}`.replace("baseline", "parameters")
    })
    await denied(id, /no-bad-value at app\/one\.yaml:4: bad is forbidden/u)
    assert.isUndefined(await valueOf("shadow"))
  })

  it("is not waived by the tenant's repository, and says which waiver has no effect", async () => {
    const { id } = await deliver("waives", "mandatory", {
      "app/one.yaml": configMap("waives", "bad"),
      "policies/waivers.yaml": waiver("no-bad-value", "2099-01-01T00:00:00Z")
    })
    const { status } = await denied(id, /bad is forbidden/u)
    assert.match(
      status!.policy!.violations![0]!.remedy!,
      /^Take another value\. The waiver at policies\/waivers\.yaml:2 has no effect: PolicyBundle mandatory is mandatory/u
    )
    assert.isUndefined(await valueOf("waives"))
  })
})

describe("other enforcements", () => {
  it("default: a repository waives it, and the status says by whom, why and until when", async () => {
    await bundle("default", { ...from(platform), enforcement: "default" })
    const until = "2099-01-01T00:00:00Z"
    const { commit, id } = await deliver("excused", "default", {
      "app/one.yaml": configMap("excused", "bad"),
      "policies/waivers.yaml": waiver("no-bad-value", until, ", objects: [{kind: ConfigMap, name: excused}]")
    })
    const { status } = await deliveries.ready(id, commit, soon)
    assert.strictEqual(status?.policy?.waived, 1)
    assert.deepStrictEqual(status?.policy?.waivers, [
      { policy: "no-bad-value", object: "ConfigMap/shop/excused", owner: "dana", reason: "INC-42", until }
    ])
    const { id: other } = await deliver("unexcused", "default", { "app/one.yaml": configMap("unexcused", "bad") })
    await denied(other, /bad is forbidden/u)
  })

  it("audit: it only warns", async () => {
    await bundle("audit", { ...from(platform), enforcement: "audit" })
    const { commit, id } = await deliver("audited", "audit", { "app/one.yaml": configMap("audited", "bad") })
    const { status } = await deliveries.ready(id, commit, soon)
    assert.deepStrictEqual([status?.policy?.warned, status?.policy?.denied], [1, 0])
    assert.strictEqual(status?.policy?.violations?.[0]?.enforcement, "audit")
    assert.strictEqual(await valueOf("audited"), "bad")
  })
})

describe("a bundle that cannot be had", () => {
  it("stops whom it selects and says why; the others go on", async () => {
    const [gone, held] = [anew("gone"), anew("stopped")]
    await bundle(gone, { source: { git: { url: `${git.url}/none.git`, branch: "main", ...credential } } })
    const { id } = await deliver(held, gone, { "app/one.yaml": configMap(held, "good") })
    const { commit, id: free } = await deliver("free", "none", { "app/one.yaml": configMap("free", "bad") })
    const stopped = await deliveries.reason(id, "PolicyUnavailable", soon)
    assert.match(
      condition(stopped, "Ready")!.message,
      /PolicyBundle gone-\d+ selects this Delivery and cannot judge: /u
    )
    assert.strictEqual(condition(stopped, "PolicyPassed")?.status, "Unknown")
    await deliveries.ready(free, commit, soon)
    const told = await bundleUntil(gone, "is not ready", (one) => readyOf(one).status === "False")
    assert.match(String(readyOf(told).reason), /^FetchFailed$/u)
    assert.isUndefined(await valueOf(held))
    await removeBundle(gone)
    await deliveries.ready(id, undefined, soon)
  })

  it("stops them too where its Rego is broken, with its place, and lets go when it is mended", async () => {
    const [name, waiting] = [anew("broken"), anew("waiting")]
    const broken = await repositoryOf(name)
    await broken.commit({ "rules/values.rego": "package baseline\n\ndeny contains x\n" }, "Break")
    await bundle(name, from(broken))
    const files = { "app/one.yaml": configMap(waiting, "good") }
    const { commit, id } = await deliver(waiting, name, files, "shop", "notify: [{name: chat}]")
    const stopped = await deliveries.reason(id, "PolicyUnavailable", soon)
    assert.match(condition(stopped, "Ready")!.message, /PolicyBundle broken-\d+ .*rules\/values\.rego:3/u)
    const told = await bundleUntil(name, "is stalled", (one) => readyOf(one).reason === "PolicyUnavailable")
    assert.match(String(readyOf(told).message), /rules\/values\.rego:3/u)
    const { error } = await chat.says(id, "cannot run", ({ state }) => state === "failed")
    assert.strictEqual(at(error, "reason"), "PolicyUnavailable")
    assert.match(String(at(error, "message")), /PolicyBundle broken-\d+ .*rules\/values\.rego:3/u)
    await broken.commit({ "rules/values.rego": values("bad") }, "Mend")
    assert.strictEqual(lastRun(await deliveries.ready(id, commit, soon)).why, "policy")
    await chat.says(id, "recovered", ({ state }) => state === "recovered")
    assert.deepStrictEqual(chat.about(id).map(({ state }) => state), ["failed", "recovered"])
  })

  it("goes on judging by what it had where its repository is out of reach", async () => {
    const [name, held] = [anew("away"), anew("held")]
    const away = await repositoryOf(name)
    await away.commit({ "rules/values.rego": values("bad") }, "Begin")
    await bundle(name, from(away))
    const { commit, id, repository } = await deliver(held, name, { "app/one.yaml": configMap(held, "good") })
    await deliveries.ready(id, commit, soon)
    git.behaviour.intercept = (request, response) => {
      if (!request.url!.startsWith(`/${name}.git`)) return false
      response.writeHead(503).end()
      return true
    }
    const told = await bundleUntil(name, "is out of reach", (one) => readyOf(one).reason === "FetchFailed")
    assert.match(String(readyOf(told).message), /main@sha1:[0-9a-f]{40} judges meanwhile/u)
    await repository.commit({ "app/one.yaml": configMap(held, "bad") }, "Bad")
    await denied(id, /bad is forbidden/u)
    assert.strictEqual(await valueOf(held), "good")
  })
})

describe("a bundle whose credentials change", () => {
  it("goes on judging by what it had where its repository is out of reach", async () => {
    const [name, kept] = [anew("rotated"), anew("kept")]
    const away = await repositoryOf(name)
    await away.commit({ "rules/values.rego": values("bad") }, "Begin")
    await secret("sluice-system", name, { username: "sluice", password })
    const source = { url: away.url, branch: "main", secretRef: { name, namespace: "sluice-system" } }
    await bundle(name, { source: { git: { ...source, insecure: true }, interval: "1s" }, path: "rules" })
    const { commit, id, repository } = await deliver(kept, name, { "app/one.yaml": configMap(kept, "good") })
    await deliveries.ready(id, commit, soon)
    const asked = Promise.withResolvers<void>()
    git.behaviour.intercept = (request, response) => {
      if (!request.url!.startsWith(`/${name}.git`)) return false
      if (request.headers.authorization === `Basic ${btoa("sluice:another")}`) asked.resolve()
      response.writeHead(503).end()
      return true
    }
    await secret("sluice-system", name, { username: "sluice", password: "another" })
    await asked.promise
    await repository.commit({ "app/one.yaml": configMap(kept, "bad") }, "Bad")
    await denied(id, /bad is forbidden/u)
    assert.strictEqual(await valueOf(kept), "good")
  })
})

describe("a bundle that changes", () => {
  let [changing, applied, id, commit] = ["", "", "", ""]
  /** What it became in the end. */
  let spec: JsonObject = {}

  it("has whom it selects judged anew without a push, and nothing is reverted", async () => {
    ;[changing, applied] = [anew("changing"), anew("applied")]
    const rules = await repositoryOf(changing)
    await rules.commit({ "rules/values.rego": values("bad") }, "Begin")
    // Of a long interval: the webhook tells.
    await secret("sluice-system", "platform-hook", { token: "a-plain-token" })
    const webhook = { secretRef: { name: "platform-hook", namespace: "sluice-system" } }
    await bundle(changing, from(rules, { interval: "10m", webhook }))
    const delivered = await deliver(applied, changing, { "app/one.yaml": configMap(applied, "first") })
    ;({ commit, id } = delivered)
    await deliveries.ready(id, commit, soon)
    await rules.commit({ "rules/values.rego": values("bad", "first") }, "Forbid more")
    const body = JSON.stringify({ object_kind: "push", after: "1".repeat(40), project: { git_http_url: rules.url } })
    const hooks = `${await agent.address("http")}/hooks/gitlab`
    const answer = await fetch(hooks, { method: "POST", body, headers: senders.gitlab("", "a-plain-token", "id-1") })
    assert.strictEqual(answer.status, 202)
    const { status } = await denied(id, /is applied and stays, and would be refused by now: .*first is forbidden/u)
    assert.strictEqual(condition(deliveries.get(id)!, "PolicyPassed")?.status, "False")
    assert.isTrue(status?.lastAppliedRevision?.endsWith(commit))
    assert.strictEqual(status?.policy?.denied, 1)
    await eventSays(id, /^PolicyDenied .*would be refused by now/u)
    assert.strictEqual(await valueOf(applied), "first")
  })

  it("stops the healing of what it denies, and says so", async () => {
    await edit(applied, "taken")
    await eventSays(
      id,
      /^HealDenied ConfigMap\/shop\/applied-\d+.*no-bad-value of PolicyBundle changing-\d+ refuses it by now/u
    )
    const { status } = await deliveries.delivery(id, "tells the drift", (one) => one.status?.drift?.last !== undefined)
    assert.strictEqual(status?.drift?.last?.action, "denied")
    assert.match(status!.drift!.last!.why!, /first is forbidden/u)
    assert.strictEqual(await valueOf(applied), "taken")
  })

  it("lets it pass by a waiver of its own, heals what it withheld, and is judged again when the waiver ends", async () => {
    const rules = await repositoryOf(changing)
    const own = {
      policy: "no-bad-value",
      objects: [{ kind: "ConfigMap", name: applied }],
      reason: "INC-7",
      owner: "ops"
    }
    const waive = (until: string) => {
      const waivers = [{ ...own, until }, { ...own, policy: "nobody", until }]
      spec = { ...from(rules, { interval: "10m" }), waivers }
      return bundle(changing, spec)
    }
    await waive("2099-01-01T00:00:00Z")
    const waived = await deliveries.delivery(id, "is waived", ({ status }) => status?.policy?.waived === 1, soon)
    assert.strictEqual(waived.status?.policy?.waivers?.[0]?.owner, "ops")
    while (await valueOf(applied) !== "first");
    const told = await bundleUntil(changing, "warns", (one) => at(one, "status", "warnings", 0) !== undefined)
    assert.include(String(at(told, "status", "warnings", 0)), "no policy of this bundle is called nobody")
    // All of that took as long as it took; now the end is near.
    const until = new Date(Date.now() + 5_000).toISOString().replace(/\.\d+Z$/u, "Z")
    const listings = () => git.requests.filter(({ path }) => path.includes(`/${changing}.git`)).length
    const before = listings()
    await waive(until)
    // Of another spec the repository is listed anew, once.
    while (listings() === before) await plane.request("GET", "/readyz")
    await denied(id, new RegExp(`waiver by ops expired on ${until}: INC-7`, "u"))
    assert.isAtLeast(Date.now(), Date.parse(until))
    assert.strictEqual(await valueOf(applied), "first")
    // Nothing was asked of its repository for that.
    assert.strictEqual(listings(), before + 1)
  })

  it("lets go of whom it selects no more, and of all when it is deleted", async () => {
    // A first try deleted it.
    await bundle(changing, spec)
    await denied(id, /first is forbidden/u)
    await plane.request(
      "PATCH",
      pathOfDelivery(id),
      { metadata: { labels: { gate: "other" } } },
      "application/merge-patch+json"
    )
    assert.strictEqual(lastRun(await deliveries.ready(id, commit, soon)).why, "policy")
    await plane.request(
      "PATCH",
      pathOfDelivery(id),
      { metadata: { labels: { gate: changing } } },
      "application/merge-patch+json"
    )
    assert.deepStrictEqual(lastRun(await denied(id, /first is forbidden/u)), { outcome: "Denied", why: "policy" })
    await removeBundle(changing)
    const { status } = await deliveries.ready(id, commit, soon)
    assert.isUndefined(status?.policy?.bundles?.find(({ name }) => name === changing))
  })
})

describe("rules of a bundle about what would change", () => {
  const freeze = `# METADATA
# scope: package
# schemas:
# - input: schema.changeset
package freeze

deny contains {"msg": "nothing is put back today", "operation": operation.id} if {
	input.changeset.trigger == "drift"
	some operation in input.operations
	operation.op != "unchanged"
}
`

  it("judge what is put back from when they are there until they are gone", async () => {
    const [freezing, thawed] = [anew("freezing"), anew("thawed")]
    const rules = await repositoryOf(freezing)
    await rules.commit({ "rules/values.rego": values("bad") }, "Begin")
    await bundle(freezing, from(rules))
    const { commit, id } = await deliver(thawed, freezing, { "app/one.yaml": configMap(thawed, "first") })
    const before = await deliveries.ready(id, commit, soon)
    await edit(thawed, "taken")
    while (await valueOf(thawed) !== "first");
    const digestOf = ({ status }: typeof before) =>
      status?.policy?.bundles?.find(({ name }) => name === freezing)?.digest
    await rules.commit({ "rules/freeze.rego": freeze }, "Freeze")
    await deliveries.delivery(id, "is judged by the new rules", (now) => digestOf(now) !== digestOf(before), soon)
    await edit(thawed, "taken again")
    await eventSays(id, /^HealDenied ConfigMap\/shop\/thawed.*freeze: nothing is put back today/u)
    assert.strictEqual(await valueOf(thawed), "taken again")
    await removeBundle(freezing)
    while (await valueOf(thawed) !== "first");
  })
})

describe("the sample", () => {
  it("is all that a platform team has to apply", async () => {
    const sample = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "samples", "guardrails.yaml"), "utf8")
    const repository = await repositoryOf("guardrails")
    const rule = values("bad").replace(
      /input\.data\.value in .*/u,
      "not input.data.value in data.parameters.allowedRegistries"
    )
    await repository.commit({ "policies/values.rego": rule }, "Allow what is allowed")
    await applyYaml(
      plane,
      sample
        .replace("https://gitlab.example.com/platform/policies.git", repository.url)
        .replace("branch: main\n", "branch: main\n      insecure: true\n")
        .replace("deploy-token-1", "sluice").replace("<a token that may read the repository>", password)
        .replace("<a secret of your own>", "a-plain-token")
    )
    await tenant(plane, "acme")
    await plane.request(
      "PATCH",
      "/api/v1/namespaces/acme",
      { metadata: { labels: { tenant: "true" } } },
      "application/merge-patch+json"
    )
    await secret("acme", "git", { username: "sluice", password })
    const { commit, id, repository: shop } = await deliver("sampled", "none", {
      "app/one.yaml": configMap("sampled", "registry.example.com")
    }, "acme")
    await deliveries.ready(id, commit, soon)
    const told = await bundleUntil(
      "platform-baseline",
      "judges one Delivery",
      (one) => at(one, "status", "deliveries") === 1 && at(one, "status", "policies") === 1
    )
    assert.match(String(at(told, "status", "warnings", 0)), /no policy of this bundle is called image-digest-required/u)
    await shop.commit({ "app/one.yaml": configMap("sampled", "elsewhere") }, "Elsewhere")
    await denied(id, /elsewhere is forbidden/u)
  })
})

describe("the library", () => {
  it.skipIf(!isShipped)("is a source without a repository; a name that there is not says which are near", async () => {
    await bundle("library", { source: { library: ["images/digest-requird"] } })
    const told = await bundleUntil("library", "is refused", (one) => readyOf(one).reason === "InvalidSpec")
    assert.match(String(readyOf(told).message), /Did you mean images\/digest-required/u)
    await bundle("library", { source: { library: ["images/digest-required"] } })
    const pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: app, image: \"app:1\"}]}\n"
    const { id } = await deliver("library", "library", { "app/one.yaml": pod })
    await denied(id, /digest/u)
  })
})

describe("rights", () => {
  it("of a tenant do not reach a PolicyBundle", async () => {
    const mine = plane.user("system:serviceaccount:shop:sluice")
    assert.include(mine, "client-certificate-data")
    const review = (verb: string) =>
      plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: "system:serviceaccount:shop:sluice",
          resourceAttributes: { group: "sluice.dev", resource: "policybundles", verb, name: "mandatory" }
        }
      }) as Promise<JsonObject>
    for (const verb of ["create", "update", "patch", "delete"]) {
      assert.isFalse(at(await review(verb), "status", "allowed"), verb)
    }
    // One that a tenant delivers is refused as the tenant.
    const { id } = await deliver("escape", "none", {
      "app/one.yaml":
        "apiVersion: sluice.dev/v1alpha1\nkind: PolicyBundle\nmetadata: {name: mandatory}\nspec: {source: {library: [images]}}\n"
    })
    const refused = await deliveries.reason(id, "AccessDenied", soon)
    assert.include(condition(refused, "Ready")!.message, "system:serviceaccount:shop:sluice")
  })

  it("of the agent suffice, and are used for nothing else", async () => {
    const own = (await plane.readAudit()).filter(({ impersonatedUser, objectRef, user }) =>
      user.username === "system:serviceaccount:sluice-system:sluice" && impersonatedUser === undefined &&
      ["policybundles", "secrets"].includes(objectRef?.resource ?? "")
    )
    const asked = new Set(
      own.map(({ objectRef, responseStatus, verb }) =>
        `${verb} ${objectRef!.resource}${objectRef!.subresource === undefined ? "" : `/${objectRef!.subresource}`}` +
        ` ${(objectRef!.name ?? "").startsWith("sluice-") ? "" : objectRef!.name ?? ""} ${responseStatus?.code ?? ""}`
      )
    )
    const strange = [...asked].filter((one) =>
      !/^(list|watch) policybundles {2}|^patch policybundles\/status [\w-]+ (200|404)|^get secrets (platform-(git|hook)|rotated-\d+) 200|^(get|create|delete) secrets {2}/u
        .test(one)
    )
    assert.deepStrictEqual(strange.filter((one) => !/^(watch|list) secrets (platform-|rotated)/u.test(one)), [])
  })
})
