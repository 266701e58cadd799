import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { identities, may, questions, type Rule } from "../../src/cli/shipped/rights.ts"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { AgentProcess, applyYaml, condition, Deliveries, type LiveDelivery } from "../support/AgentGround.ts"
import { configMap, pathOfDelivery } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { accountUser, bind, isAllowed, tokenOf } from "../support/Identities.ts"
import { applyObjects, build, customized, objectsOf, overlay, program } from "../support/Manifests.ts"
import { sluice } from "../support/Sluice.ts"
import { agentName, tenant } from "../support/Tenants.ts"

const password = "correct-horse-battery"
const soon = 40_000
const own = { namespace: "sluice-system", name: "sluice" }

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess | undefined
let deliveries: Deliveries
/** When the rights of the agent changed last. */
let since = ""

const reports = (group: string) =>
  objectsOf(readFileSync(join(import.meta.dirname, "..", "fixtures", "reports", `${group}.yaml`), "utf8"))

beforeAll(async () => {
  ;[plane, git] = await Promise.all([
    startControlPlane({ controllers: true }),
    startGitServer({ basic: { username: "sluice", password } })
  ])
  await applyObjects(plane, [...await overlay("quickstart"), ...reports("wgpolicyk8s.io_policyreports")])
  deliveries = new Deliveries(plane)
  await secret("sluice-system", "platform-git", { username: "sluice", password })
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop()])
})

const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>) =>
  applyYaml(plane, JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData }))

const isThere = (path: string) => plane.request("GET", path).then(() => true, () => false)

/** Asks until it is so; the time is the test's. */
const until = async (claim: () => Promise<boolean>): Promise<void> => {
  while (!await claim()) await new Promise((resolve) => setTimeout(resolve, 50))
}

const rules = `package values
# METADATA
# title: Values
# custom: {id: no-bad-value, remedy: Take another value.}
deny contains {"msg": "bad", "path": ["data", "value"]} if {
	input.kind == "ConfigMap"
	input.data.value == "bad"
}
`

/** A PolicyBundle of a repository that wants credentials, as the platform has it. */
const guard = async () => {
  const repository = await git.repository("policies")
  await repository.commit({ "rules/values.rego": rules }, "Guard")
  const { url } = repository
  const git_ = { url, branch: "main", insecure: true, secretRef: { name: "platform-git", namespace: "sluice-system" } }
  await applyObjects(plane, [{
    apiVersion: "sluice.dev/v1alpha1",
    kind: "PolicyBundle",
    metadata: { name: "platform" },
    spec: { source: { git: git_, interval: "1m" }, path: "rules", enforcement: "mandatory" }
  }])
}

const bundleJudges = (count: number) =>
  until(async () => {
    const bundle = await plane.request("GET", platform) as JsonObject
    const conditions = (at(bundle, "status", "conditions") ?? []) as ReadonlyArray<Json>
    return at(bundle, "status", "deliveries") === count &&
      conditions.some((each) => at(each, "type") === "Ready" && at(each, "status") === "True")
  })

const workload = `apiVersion: v1
kind: Secret
metadata: {name: password}
stringData: {password: swordfish}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
`

const deliver = async (id: string, files: Readonly<Record<string, string>>, more = "", notify = "[]") => {
  const [namespace, name] = id.split("/") as [string, string]
  const repository = await git.repository(`${namespace}-${name}`)
  const commit = await repository.commit(files, `Begin ${name}`)
  await secret(namespace, "git", { username: "sluice", password })
  await applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  source: {git: {url: "${repository.url}", branch: main, secretRef: {name: git}, insecure: true}, interval: 1s}
  apply: {deletionLimit: 100%, wait: false${more}}
  notify: ${notify}
`
  )
  return { repository, commit }
}

/** Waits until the status of a Notifier says whether it can be used. */
const notifierIs = (namespace: string, reason: string) =>
  until(async () => {
    const path = `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/notifiers/chat`
    return at(await plane.request("GET", path) as JsonObject, "status", "conditions", 0, "reason") === reason
  })

/** The whole job in one namespace: applied, judged, reported, denied, healed, told, and seen off. */
const wholeJob = async (namespace: string, group: string, plural: string) => {
  const id = `${namespace}/web`
  const files = { "web.yaml": workload, "a.yaml": configMap("a", "one") }
  await applyObjects(plane, [{
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Notifier",
    metadata: { name: "chat", namespace },
    spec: { webhook: { secretRef: { name: "chat" } } }
  }])
  const { commit, repository } = await deliver(id, files, "", "[{name: chat}]")
  // What a first try left.
  await plane.request("DELETE", `/api/v1/namespaces/${namespace}/secrets/chat`).catch(() => undefined)
  await notifierIs(namespace, "InvalidSpec")
  await secret(namespace, "chat", { address: "http://chat.invalid/hook" })
  await notifierIs(namespace, "Succeeded")
  await deliveries.ready(id, commit, soon)
  await until(() => isThere(`/apis/${group}/namespaces/${namespace}/${plural}/sluice-web`))
  await repository.commit({ "a.yaml": configMap("a", "bad") }, "Break it")
  await deliveries.reason(id, "PolicyDenied", soon)
  const mended = await repository.commit({ "a.yaml": configMap("a", "two") }, "Mend it")
  await deliveries.ready(id, mended, soon)
  const edited = `/api/v1/namespaces/${namespace}/configmaps/a?fieldManager=kubectl-edit`
  await plane.request("PATCH", edited, { data: { value: "edited" } }, "application/merge-patch+json")
  await deliveries.delivery(id, "was healed", ({ status }) => status?.drift?.count === 1, soon)
  const events = await plane.request("GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`) as JsonObject
  const told = (events.items as ReadonlyArray<Json>).filter((event) => at(event, "regarding", "name") === "web")
  assert.isNotEmpty(told)
  await plane.request("DELETE", pathOfDelivery(id))
  await deliveries.until(`${id} is seen off`, (known) => !known.has(id), soon)
  for (const path of ["configmaps/a", "secrets/password"]) {
    assert.isFalse(await isThere(`/api/v1/namespaces/${namespace}/${path}`), path)
  }
  const records = await plane.request("GET", `/api/v1/namespaces/${namespace}/configmaps`) as JsonObject
  const left = (records.items as ReadonlyArray<Json>).map((each) => String(at(each, "metadata", "name")))
  assert.deepStrictEqual(left, ["kube-root-ca.crt"], "no record stays behind")
}

/** What the agent asked for as itself, since the last change of its rights. */
const asked = async (): Promise<ReadonlyArray<AuditEvent>> =>
  (await plane.readAudit()).filter(({ impersonatedUser, objectRef, requestReceivedTimestamp, user }) =>
    user.username === agentName && impersonatedUser === undefined && objectRef !== undefined &&
    requestReceivedTimestamp > since
  )

const nameOf = ({ objectRef, verb }: AuditEvent): string => {
  const { apiGroup = "", resource, subresource } = objectRef!
  return `${verb} ${[resource, ...subresource === undefined ? [] : [subresource]].join("/")}${
    apiGroup === "" ? "" : `.${apiGroup}`
  }`
}

const granted = (rules: ReadonlyArray<Rule>): ReadonlyArray<string> =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${group === "" ? "" : `.${group}`}`))
    )
  )

const identity = (name: string) => identities().find((each) => each.name === name)!

/** The report of one Delivery, in the kind that was before and in the one that is preferred. */
const before = "/apis/wgpolicyk8s.io/v1alpha2/namespaces/sluice-system/policyreports/sluice-first"
const after = "/apis/openreports.io/v1alpha1/namespaces/sluice-system/reports/sluice-first"

const platform = "/apis/sluice.dev/v1alpha1/policybundles/platform"

/** Rights that this test gives no occasion for; of those to Leases none where the agent does not ask for any yet. */
const notHere = (used: ReadonlySet<string>): ReadonlyArray<string> => [
  // Chunks that a killed writer of an inventory of several left behind: test/integration/kubeRecord.test.ts.
  "list configmaps",
  // Of no use to it: names that were agreed on for the Role, as patch below.
  "get leases.coordination.k8s.io",
  ...["list", "watch", "create", "update"].map((verb) => `${verb} leases.coordination.k8s.io`)
    .filter(() => ![...used].some((right) => right.endsWith(" leases.coordination.k8s.io"))),
  "patch leases.coordination.k8s.io",
  ...used.has("list leases.coordination.k8s.io") ? [] : ["delete leases.coordination.k8s.io"]
]

const refusedOf = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<string> =>
  events.filter(({ responseStatus }) => responseStatus?.code === 403)
    .map((event) => `${nameOf(event)} ${event.objectRef?.namespace}/${event.objectRef?.name}`)

const isReason = (reason: string) => (delivery: LiveDelivery) => condition(delivery, "Ready")?.reason === reason

type Said = Readonly<Record<string, ReadonlyArray<string>>>

const lines = (rules: ReadonlyArray<Said | Rule>): ReadonlyArray<string> =>
  [
    ...new Set(rules.flatMap((rule) => {
      const { apiGroups = [], resourceNames = [], resources = [], verbs = [] } = rule as Said
      return apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => [verb, resource, group, ...resourceNames].join(" ")))
      )
    }))
  ].toSorted()

/** Every right of the agent's token in a namespace, as the API server says it, but what it gives to everybody. */
const rulesIn = async (namespace: string): Promise<ReadonlyArray<string>> => {
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } }
  const file = join(plane.folder, "review.json")
  await writeFile(file, JSON.stringify(review))
  const kubeconfig = await tokenOf(plane, own)
  const said = await program("kubectl", [
    "create",
    "--validate=false",
    "-f",
    file,
    "-o",
    "json",
    "--kubeconfig",
    kubeconfig
  ])
  const { incomplete, resourceRules } = JSON.parse(said).status as {
    readonly incomplete: boolean
    readonly resourceRules: ReadonlyArray<Said>
  }
  assert.isFalse(incomplete)
  return lines(resourceRules).filter((line) => !/ self\S+ (authorization|authentication)\.k8s\.io$/u.test(line))
}

/** The same, by the manifests. */
const rulesOf = (name: string, namespace: string): ReadonlyArray<string> =>
  lines(
    identity(name).grants.filter((grant) => (grant.namespace ?? namespace) === namespace).flatMap(({ rules }) => rules)
  )

/** What kubectl is refused with the agent's token. */
const refusals = async (commands: ReadonlyArray<ReadonlyArray<string>>) => {
  const kubeconfig = await tokenOf(plane, own)
  await Promise.all(commands.map(async (args) => {
    const asking = program("kubectl", [...args, "--kubeconfig", kubeconfig])
    assert.match(await asking.then((text) => text, ({ message }: Error) => message), /forbidden/iu, args.join(" "))
  }))
}

const start = async () => {
  // At a second try the one of the first still runs.
  await agent?.remove()
  agent = await AgentProcess.start({ kubeconfig: await tokenOf(plane, own) })
}

/** What each of a list of questions is answered, beside what the page of rights says. */
const answers = async (name: string, who: Parameters<typeof isAllowed>[1]) => {
  const said: Array<readonly [string, boolean]> = []
  for (const [about, question] of questions) said.push([about, await isAllowed(plane, who, question)])
  return { said, written: questions.map(([about, question]) => [about, may(identity(name), question)] as const) }
}

describe("with the rights of quickstart and production, the agent", () => {
  it("has the same in both", async () => {
    const rights = (objects: ReadonlyArray<JsonObject>) =>
      objects.filter((object) => /^(Cluster)?Role/u.test(String(object.kind)))
        .filter((object) => !String(at(object, "metadata", "name")).startsWith("sluice-deployer"))
    assert.deepStrictEqual(rights(await overlay("production")), rights(await overlay("quickstart")))
  })

  it("does its whole job, with the token of its account", async () => {
    await tenant(plane, "shop")
    await guard()
    await start()
    await bundleJudges(0)
    await wholeJob("shop", "wgpolicyk8s.io/v1alpha2", "policyreports")
  })

  it("delivers as the account that quickstart has for the first steps", async () => {
    const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: first}\n"
    const { commit } = await deliver(
      "sluice-system/first",
      {
        "a.yaml": namespace,
        "b.yaml": workload.replaceAll("metadata: {name: ", "metadata: {namespace: first, name: ")
      },
      ", serviceAccountName: deployer"
    )
    await deliveries.ready("sluice-system/first", commit, soon)
    assert.isTrue(await isThere("/apis/apps/v1/namespaces/first/deployments/web"))
    await until(() => isThere(before))
  })

  it("moves its reports to the kind that is preferred", async () => {
    await applyObjects(plane, reports("openreports.io_reports"))
    await until(async () => await isThere(after) && !await isThere(before))
  })

  it("is told of a changed credential at once, and takes its reports away when nothing judges any more", async () => {
    await secret("sluice-system", "platform-git", { username: "sluice", password: "wrong" })
    await until(async () => JSON.stringify(await plane.request("GET", platform)).includes("AuthFailed"))
    await secret("sluice-system", "platform-git", { username: "sluice", password })
    await bundleJudges(1)
    await plane.request("DELETE", platform)
    await until(async () => !await isThere(after))
  })

  it("was refused nothing, and has no right that it did not use", async () => {
    // What comes before may have taken less than the time until its first renewal.
    await until(async () => (await asked()).some((event) => nameOf(event) === "update leases.coordination.k8s.io"))
    // Its last word is the end of its Lease.
    await agent?.stop()
    const events = await asked()
    assert.deepStrictEqual(refusedOf(events), [])
    const used = new Set(events.map(nameOf))
    // As whom it acted is in no request of its own; what server-side apply makes is told as a patch.
    if ((await plane.readAudit()).some(({ impersonatedUser }) => impersonatedUser !== undefined)) {
      used.add("impersonate serviceaccounts")
    }
    for (const kind of ["reports.openreports.io", "policyreports.wgpolicyk8s.io"]) {
      if (used.has(`patch ${kind}`)) used.add(`create ${kind}`)
    }
    const all = identity("agent, quickstart and production").grants.flatMap(({ rules }) => granted(rules))
    assert.deepStrictEqual([...new Set(all)].filter((right) => !used.has(right)), notHere(used))
  })

  it("is refused everything else", async () => {
    const name = "agent, quickstart and production"
    const { said, written } = await answers(name, accountUser(own))
    assert.deepStrictEqual(said, written)
    for (const namespace of ["shop", "kube-system", "sluice-system"]) {
      assert.deepStrictEqual(await rulesIn(namespace), rulesOf(name, namespace), namespace)
    }
    await refusals([
      ["get", "secrets", "--all-namespaces"],
      ["get", "secrets", "--namespace", "shop"],
      ["get", "pods", "--namespace", "shop"],
      ["create", "namespace", "mine"],
      ["create", "deployment", "mine", "--image=mine", "--namespace", "shop"],
      ["delete", "namespace", "shop"],
      ["create", "clusterrolebinding", "mine", "--clusterrole=cluster-admin", "--user=mine"],
      ["create", "token", "sluice", "--namespace", "shop"],
      ["get", "nodes", "--as=admin", "--as-group=system:masters"],
      ["delete", "policybundle", "platform"],
      ["get", "leases", "--namespace", "kube-system"]
    ])
  })
})

describe("with the rights of multi-tenant, the agent", () => {
  beforeAll(async () => {
    await agent?.remove()
    for (const name of ["sluice-agent-deliveries", "sluice-deployer", "sluice-deployer-admin"]) {
      await plane.request("DELETE", `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}`)
    }
    await applyObjects(plane, await overlay("multi-tenant"))
    for (const name of ["team-a", "team-b"]) await plane.request("POST", "/api/v1/namespaces", { metadata: { name } })
    const folder = await customized(join(plane.folder, "platform"), "team-a", {
      namespace: "team-a",
      resources: ["../deploy/components/tenancy/tenant"]
    })
    await applyObjects(plane, await build(folder))
    since = new Date().toISOString()
    await guard()
    await start()
  })

  it("does its whole job in a namespace that was given to it", async () => {
    await wholeJob("team-a", "openreports.io/v1alpha1", "reports")
  })

  it("was refused nothing there", async () => {
    assert.deepStrictEqual(refusedOf(await asked()).filter((line) => !line.includes("sluice-system/first")), [])
  })

  it("says of a Delivery of another namespace what it lacks, and goes on when it is given", async () => {
    await tenant(plane, "team-b", "[{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]")
    const { commit } = await deliver("team-b/web", { "a.yaml": configMap("a", "one") })
    const refused = await deliveries.delivery("team-b/web", "is refused", isReason("AccessDenied"), soon)
    assert.match(condition(refused, "Ready")!.message, /sluice-system:sluice|impersonate/u)
    assert.isFalse(await isThere("/api/v1/namespaces/team-b/configmaps/a"))
    await applyObjects(plane, [{
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "sluice-agent-deliveries", namespace: "team-b" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "sluice-agent-deliveries" },
      subjects: [{ kind: "ServiceAccount", ...own }]
    }])
    // What was granted is known to who judges a moment later.
    const may = { verb: "impersonate", group: "", resource: "serviceaccounts", namespace: "team-b" }
    await until(() => isAllowed(plane, accountUser(own), may))
    const path = pathOfDelivery("team-b/web")
    const annotations = { "sluice.dev/requestedAt": anew("now") }
    await plane.request("PATCH", path, { metadata: { annotations } }, "application/merge-patch+json")
    await deliveries.ready("team-b/web", commit, soon)
    await plane.request("DELETE", path)
    await deliveries.until("it is seen off", (known) => !known.has("team-b/web"), soon)
    const binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/team-b/rolebindings/sluice-agent-deliveries"
    await plane.request("DELETE", binding)
  })

  it("is refused everything else", async () => {
    const name = "agent, multi-tenant"
    const { said, written } = await answers(name, accountUser(own))
    assert.deepStrictEqual(said, written)
    for (const namespace of ["team-a", "team-b", "kube-system", "sluice-system"]) {
      assert.deepStrictEqual(await rulesIn(namespace), rulesOf(name, namespace), namespace)
    }
    await refusals([
      ["get", "secret", "git", "--namespace", "team-b"],
      ["get", "secrets", "--namespace", "kube-system"],
      ["get", "configmaps", "--namespace", "team-b"],
      ["get", "configmaps", "--namespace", "team-b", "--as=system:serviceaccount:team-b:sluice"],
      ["get", "secrets", "--all-namespaces", "--as=system:serviceaccount:kube-system:generic-garbage-collector"]
    ])
  })
})

describe("the page of rights", () => {
  it("says of tenants, people and Prometheus what the API server answers", async () => {
    await bind(plane, "vera", "sluice-view", "team-a")
    await bind(plane, "eddy", "sluice-edit", "team-a")
    await bind(plane, "prometheus", "sluice-metrics", "sluice-system", "Role")
    const people = [
      ["sluice-view in the tenant's namespace", { user: "vera" }],
      ["sluice-edit in the tenant's namespace", { user: "eddy" }],
      ["the tenant's account `sluice`", accountUser({ namespace: "team-a", name: "sluice" })],
      ["Prometheus, by sluice-metrics", { user: "prometheus" }]
    ] as const
    await Promise.all(people.map(async ([name, who]) => {
      // What was bound is known to who judges a moment later.
      const granted = questions.find(([, question]) => may(identity(name), question))
      if (granted !== undefined) await until(() => isAllowed(plane, who, granted[1]))
      const { said, written } = await answers(name, who)
      assert.deepStrictEqual(said, written, name)
    }))
  })

  it("has what view, edit and admin have taken in", async () => {
    const may = (user: string, verb: string, resource: string) =>
      isAllowed(plane, { user }, { verb, group: "sluice.dev", resource, namespace: "team-a" })
    for (const role of ["view", "edit", "admin"]) await bind(plane, `k-${role}`, role, "team-a")
    await until(() => may("k-view", "list", "deliveries"))
    await until(() => may("k-admin", "create", "deliveries"))
    assert.isFalse(await may("k-view", "create", "deliveries"))
    await until(() => may("k-edit", "patch", "notifiers"))
    for (const user of ["k-view", "k-edit", "k-admin"]) {
      assert.isTrue(await may(user, "list", "policybundles"))
      for (const verb of ["create", "patch", "update", "delete"]) assert.isFalse(await may(user, verb, "policybundles"))
      assert.isFalse(await may(user, "patch", "deliveries/status"))
    }
  })

  it("is enough for who looks, and for who steers", async () => {
    const { commit } = await deliver("team-a/seen", { "a.yaml": configMap("seen", "one") })
    await deliveries.ready("team-a/seen", commit, soon)
    await bind(plane, "eddy", "sluice-view", "team-a")
    const [vera, eddy] = ["vera", "eddy"].map((name) => join(plane.folder, `${name}.kubeconfig`)) as [string, string]
    for (const [file, name] of [[vera, "vera"], [eddy, "eddy"]] as const) {
      await writeFile(file, plane.user(name, [], "team-a"), { mode: 0o600 })
    }
    const reads = ["get", "get notifiers", "get policybundles", "tree seen", "history seen", "explain seen", "events"]
    await Promise.all(reads.map(async (line) => {
      const { code, text } = await sluice([...line.split(" "), "--kubeconfig", vera, "--namespace", "team-a"])
      // To list what has no namespace takes more than a RoleBinding.
      assert.strictEqual(code, line.includes("bundles") ? 4 : 0, `${line}: ${text}`)
    }))
    const suspend = ["suspend", "seen", "--namespace", "team-a", "--reason", "INC-42", "--kubeconfig"]
    assert.strictEqual((await sluice([...suspend, vera])).code, 4)
    assert.strictEqual((await sluice([...suspend, eddy])).code, 0)
    for (const verb of ["resume", "reconcile"]) {
      const { code, text } = await sluice([verb, "seen", "--namespace", "team-a", "--kubeconfig", eddy])
      assert.strictEqual(code, 0, `${verb}: ${text}`)
    }
  })
})
