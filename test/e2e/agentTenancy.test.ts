import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { digest } from "../../src/domain/digest.ts"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { encode } from "../../src/kube/record.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { anew } from "../support/anew.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { agentName, leastRights, tenant } from "../support/Tenants.ts"

const soon = 40_000
const password = "correct-horse-battery"

let plane: ControlPlane
let git: GitServer
let chat: ChatServer
let agent: AgentProcess
let deliveries: Deliveries

beforeAll(async () => {
  ;[plane, git, chat] = await Promise.all([
    startControlPlane({ controllers: true }),
    startGitServer({ basic: { username: "sluice", password } }),
    startChatServer()
  ])
  await installCrds(plane)
  const kubeconfig = await leastRights(plane)
  await Promise.all([tenant(plane, "acme"), tenant(plane, "evil")])
  for (const namespace of ["acme", "evil"]) await secret(namespace, "git", { username: "sluice", password })
  deliveries = new Deliveries(plane)
  agent = await AgentProcess.start({ kubeconfig, args: ["--allow-loopback"] })
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop(), chat?.stop()])
})

const secret = (namespace: string, name: string, values: Readonly<Record<string, string>>) =>
  applyYaml(
    plane,
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData: values })
  )

const sourceOf = (url: string, name = "git") =>
  `source: {git: {url: "${url}", branch: main, secretRef: {name: ${name}}, insecure: true}, interval: 1s}`

const delivery = (namespace: string, name: string, spec: string, metadata = "") =>
  `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}${metadata}}
spec:
  ${spec}
`

/** A Delivery of a repository that holds these files. */
const deliver = async (
  namespace: string,
  name: string,
  files: Parameters<Awaited<ReturnType<GitServer["repository"]>>["commit"]>[0],
  more = ""
) => {
  const repository = await git.repository(`${namespace}-${name}`)
  const commit = await repository.commit(files, `Begin ${name}`)
  await applyYaml(plane, delivery(namespace, name, `${sourceOf(repository.url)}\n  ${more}`))
  return { repository, commit }
}

const configMap = (name: string, says: string, namespace?: string) =>
  `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}${namespace === undefined ? "" : `, namespace: ${namespace}`}}
data: {says: "${says}"}
`

/** What somebody may write who may write ConfigMaps in a namespace: a record of a Delivery that has none yet. */
const forge = async (id: string, where: string, inventory: unknown) => {
  const bytes = Buffer.from(JSON.stringify(inventory))
  const of = { delivery: id, part: "inventory", namespace: where }
  for (const object of encode(of, "forged", digest(bytes), gzipSync(bytes))) {
    await plane.request("POST", `/api/v1/namespaces/${where}/configmaps`, object)
  }
}

const refusal = async (id: string, reason: string) => {
  const refused = await deliveries.reason(id, reason, soon)
  return condition(refused, "Ready")!.message
}

const exists = (path: string) => plane.request("GET", path).then(() => true, () => false)

describe("who asks the API server", () => {
  const workload = (says: string) =>
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {says: "${says}"}}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}
`
  let audit: ReadonlyArray<AuditEvent>
  const asTenant = (verb: string, resource: string, query = "") =>
    audit.some(({ impersonatedUser, objectRef, requestURI, responseStatus, user, verb: asked }) =>
      user.username === agentName && impersonatedUser?.username === "system:serviceaccount:acme:sluice" &&
      asked === verb && objectRef?.resource === resource && objectRef.namespace === "acme" &&
      requestURI.includes(query) && (responseStatus?.code ?? 200) < 300
    )

  it("is the ServiceAccount, in everything that is done for a Delivery", async () => {
    await secret("acme", "chat", { address: `${chat.url}/hooks/acme` })
    await applyYaml(
      plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: acme}
spec: {webhook: {secretRef: {name: chat}}}
`
    )
    const { commit, repository } = await deliver(
      "acme",
      "web",
      { "web.yaml": workload("one"), "a.yaml": configMap("pruned", "one"), "b.yaml": configMap("kept", "one") },
      "notify: [{name: chat}]"
    )
    await deliveries.ready("acme/web", commit, soon)
    await chat.received(1)
    const second = await repository.commit({ "a.yaml": null, "web.yaml": workload("two") }, "Prune")
    await deliveries.ready("acme/web", second, soon)
    await plane.request(
      "PATCH",
      "/api/v1/namespaces/acme/configmaps/kept?fieldManager=kubectl-edit",
      { data: { says: "edited" } },
      "application/merge-patch+json"
    )
    await deliveries.delivery("acme/web", "was healed", ({ status }) => status?.drift?.count === 1, soon)
    audit = await plane.readAudit()
    for (
      const [verb, resource, query] of [
        ["get", "secrets", "/secrets/git"],
        ["watch", "secrets", "metadata.name"],
        ["get", "secrets", "/secrets/chat"],
        ["patch", "configmaps", "dryRun=All"],
        ["patch", "configmaps", "fieldManager=sluice"],
        ["patch", "deployments", "dryRun=All"],
        ["get", "deployments", "/deployments/web"],
        ["delete", "configmaps", "/configmaps/pruned"],
        ["watch", "configmaps", "labelSelector=sluice.dev"],
        ["watch", "deployments", "labelSelector=sluice.dev"]
      ] as const
    ) assert.isTrue(asTenant(verb, resource, query), `${verb} ${resource} ${query}`)
  })
})

describe("a tenant cannot", () => {
  it("read a Secret of another namespace", async () => {
    await secret("acme", "theirs", { username: "sluice", password })
    const repository = await git.repository("evil-source")
    await repository.commit({ "a.yaml": configMap("a", "a") }, "Begin")
    // There is no field to name another namespace with: the API server and the agent both say so.
    const foreign = delivery(
      "evil",
      "foreign",
      `source: {git: {url: "${repository.url}", branch: main, secretRef: {name: theirs, namespace: acme}}}`
    )
    const said = await applyYaml(plane, foreign).then(() => "taken", ({ message }: Error) => message)
    if (said === "taken") {
      assert.include(await refusal("evil/foreign", "InvalidSpec"), "theirs")
    } else assert.include(said, "namespace")
    await applyYaml(plane, delivery("evil", "source", sourceOf(repository.url, "theirs")))
    const message = await refusal("evil/source", "InvalidSpec")
    assert.include(message, `source.git.secretRef: there is no Secret "theirs"`)
  })

  it("read a Secret that its ServiceAccount may not read", async () => {
    await tenant(plane, "blind", `[{apiGroups: [""], resources: [configmaps], verbs: ["*"]}]`)
    await secret("blind", "git", { username: "sluice", password })
    await deliver("blind", "source", { "a.yaml": configMap("a", "a") })
    const message = await refusal("blind/source", "AccessDenied")
    assert.include(message, `Secret "git" cannot be read`)
    assert.include(message, "system:serviceaccount:blind:sluice")
    assert.match(message, /Role/u)
  })

  it("apply to another namespace, to the cluster, or beyond its own rights", async () => {
    await deliver("evil", "elsewhere", { "a.yaml": configMap("planted", "evil", "acme") })
    const role = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: sluice, namespace: evil}]
`
    await deliver("evil", "cluster", { "a.yaml": role })
    await tenant(
      plane,
      "climber",
      `[{apiGroups: ["", rbac.authorization.k8s.io], resources: [configmaps, roles, rolebindings], verbs: [get, list, watch, create, patch, delete]}, {apiGroups: [""], resources: [secrets], resourceNames: [git], verbs: [get]}]`
    )
    await secret("climber", "git", { username: "sluice", password })
    await deliver("climber", "up", {
      "a.yaml": `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: more}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
`
    })
    for (
      const [id, what, who] of [
        ["evil/elsewhere", "ConfigMap/acme/planted", "system:serviceaccount:evil:sluice"],
        ["evil/cluster", "ClusterRoleBinding/mine", "system:serviceaccount:evil:sluice"],
        ["climber/up", "Role/climber/more", "system:serviceaccount:climber:sluice"]
      ] as const
    ) {
      const message = await refusal(id, "AccessDenied")
      assert.include(message, what)
      assert.include(message, who)
      assert.match(message, /Grant|may not grant|rights/u, id)
    }
    assert.isFalse(await exists("/api/v1/namespaces/acme/configmaps/planted"))
    assert.isFalse(await exists("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/mine"))
    assert.isFalse(await exists("/apis/rbac.authorization.k8s.io/v1/namespaces/climber/roles/more"))
  })

  it("act without a ServiceAccount, or as one of another namespace", async () => {
    await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: bare}\n")
    await applyYaml(plane, delivery("bare", "none", `source: {git: {url: "${git.url}/x.git", branch: main}}`))
    const none = await refusal("bare/none", "AccessDenied")
    assert.include(none, "acts as ServiceAccount sluice of namespace bare, which does not exist")
    assert.include(none, "Create the ServiceAccount")
    await applyYaml(
      plane,
      delivery(
        "bare",
        "agent",
        `source: {git: {url: "${git.url}/x.git", branch: main}}\n  apply: {serviceAccountName: deployer}`
      )
    )
    const other = await refusal("bare/agent", "AccessDenied")
    assert.include(other, "there is no ServiceAccount deployer in namespace bare")
    for (const name of ["system:admin", "kube-system:default", "../sluice-system/sluice"]) {
      const spec = `source: {git: {url: "${git.url}/x.git", branch: main}}\n  apply: {serviceAccountName: "${name}"}`
      const said = await applyYaml(plane, delivery("bare", "forged", spec)).then(
        () => "",
        ({ message }: Error) => message
      )
      assert.include(said, "serviceAccountName", name)
    }
  })

  it("have another's object pruned by a record that it forged in its own namespace", async () => {
    const path = "/api/v1/namespaces/acme/configmaps/kept"
    const before = await plane.request("GET", path) as { readonly metadata: { readonly uid: string } }
    const { uid } = before.metadata
    const ref = { group: "", kind: "ConfigMap", namespace: "acme", name: "kept" }
    const forger = anew("forger")
    await forge(`evil/${forger}`, "evil", { entries: [{ ref, apiVersion: "v1", uid }] })
    await deliver("evil", forger, { "a.yaml": configMap(forger, "evil") })
    const message = await refusal(`evil/${forger}`, "AccessDenied")
    assert.include(message, "system:serviceaccount:evil:sluice")
    assert.deepStrictEqual(await plane.request("GET", path), before)
  })

  it("use another's Notifier, or a Secret of another namespace for its own", async () => {
    const told = chat.messages.length
    await applyYaml(
      plane,
      `apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: own, namespace: evil}
spec: {webhook: {secretRef: {name: chat}}}
`
    )
    const { commit } = await deliver(
      "evil",
      "talks",
      { "a.yaml": configMap("talks", "evil") },
      "notify: [{name: chat}, {name: own}]"
    )
    await deliveries.ready("evil/talks", commit, soon)
    await agent.says(/evil\/talks[^\n]*(chat|own)/u)
    await agent.says(/there is no Secret chat/u)
    await tells("evil", "talks", /^spec\.notify names 1 Notifier that is not in its namespace: chat;/u)
    // Others are told of what became of their own, whenever that is.
    const theirs = chat.messages.slice(told).filter(({ body }) => at(body, "data", "delivery") !== "acme/web")
    assert.deepStrictEqual(theirs.map(({ text }) => text), [])
  })
})

/** Waits for a Warning on a Delivery that says so. */
const tells = async (namespace: string, name: string, what: RegExp) => {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events?fieldSelector=reason%3DNotifyFailed`
  const deadline = Date.now() + 30_000
  for (;;) {
    const items = at(await plane.request("GET", path) as JsonObject, "items") as ReadonlyArray<Json>
    const found = items.filter((event) =>
      at(event, "regarding", "name") === name && what.test(String(at(event, "note")))
    )
    if (found.length > 0) return assert.strictEqual(at(found[0], "type"), "Warning")
    if (Date.now() > deadline) throw new Error(`${namespace}/${name} has no such Event: ${what}`)
  }
}

describe("a source", () => {
  let root: Awaited<ReturnType<typeof deliver>>
  const child = (namespace: string, name: string) =>
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec: {path: ${name}}
`

  it("is inherited by the Deliveries that a Delivery applied, in other namespaces too, and polled once for all", async () => {
    await Promise.all([tenant(plane, "platform"), tenant(plane, "team")])
    await secret("platform", "git", { username: "sluice", password })
    // The one account that may write Deliveries of another namespace.
    await applyYaml(
      plane,
      `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: platform, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: sluice}
subjects: [{kind: ServiceAccount, name: sluice, namespace: platform}]
`
    )
    root = await deliver(
      "platform",
      "root",
      {
        "root/one.yaml": child("platform", "one"),
        "root/two.yaml": child("team", "two"),
        "one/a.yaml": configMap("one", "first"),
        "two/a.yaml": configMap("two", "first")
      },
      "path: root\n  apply: {deletionLimit: 100%}"
    )
    await deliveries.ready("platform/root", root.commit, soon)
    await deliveries.ready("platform/one", root.commit, soon)
    await deliveries.ready("team/two", root.commit, soon)
    assert.isTrue(await exists("/api/v1/namespaces/team/configmaps/two"))
    git.requests.length = 0
    const next = await root.repository.commit({ "two/a.yaml": configMap("two", "second") }, "Second")
    for (const id of ["platform/root", "platform/one", "team/two"]) await deliveries.ready(id, next, soon)
    // One poller lists once a second; three would do so three times.
    const listings = () =>
      git.requests.filter(({ method, path }) => path.includes("platform-root.git") && method === "POST").length
    const [begun, before] = [Date.now(), listings()]
    while (listings() < before + 4) await plane.request("GET", "/readyz")
    assert.isAbove(Date.now() - begun, 2_500)
  })

  it("changes for all with that of the parent", async () => {
    const moved = await git.repository("moved")
    const commit = await moved.commit({
      "root/one.yaml": child("platform", "one"),
      "root/two.yaml": child("team", "two"),
      "one/a.yaml": configMap("one", "moved"),
      "two/a.yaml": configMap("two", "moved")
    }, "Moved")
    await applyYaml(
      plane,
      delivery("platform", "root", `${sourceOf(moved.url)}\n  path: root\n  apply: {deletionLimit: 100%}`)
    )
    for (const id of ["platform/root", "platform/one", "team/two"]) await deliveries.ready(id, commit, soon)
    root = { repository: moved, commit }
  })

  it("is not inherited by a forged label", async () => {
    const labels = ", labels: {sluice.dev/delivery: platform.root}"
    await applyYaml(plane, delivery("evil", "forged", "path: one", labels))
    const message = await refusal("evil/forged", "InvalidSpec")
    assert.include(message, "platform/root, which the label sluice.dev/delivery names, did not apply this Delivery")
    assert.include(message, "the label alone proves nothing")
  })

  it("is not inherited by one that took the name of a child", async () => {
    // Nothing may put it back: what stands there is somebody else's, whatever its label says.
    await applyYaml(
      plane,
      delivery("platform", "root", `${sourceOf(root.repository.url)}\n  path: root\n  suspend: true`)
    )
    await deliveries.reason("platform/root", "Suspended", soon)
    const path = "/apis/sluice.dev/v1alpha1/namespaces/team/deliveries/two"
    await plane.request("DELETE", path)
    await deliveries.until("two is gone", (known) => !known.has("team/two"), soon)
    await applyYaml(plane, delivery("team", "two", "path: one", ", labels: {sluice.dev/delivery: platform.root}"))
    assert.include(await refusal("team/two", "InvalidSpec"), "did not apply this Delivery")
    await plane.request("DELETE", path)
    await deliveries.until("two is gone", (known) => !known.has("team/two"), soon)
    await applyYaml(
      plane,
      delivery("platform", "root", `${sourceOf(root.repository.url)}\n  path: root\n  apply: {deletionLimit: 100%}`)
        .replace("spec:", "spec:\n  suspend: false")
    )
    const back = await deliveries.ready("team/two", root.commit, soon)
    // While its parent writes it nobody knows whose it is, and nobody says anything.
    assert.deepStrictEqual(back.status?.history?.map(({ outcome }) => outcome), ["Applied"])
    const parent = deliveries.get("platform/root")!
    assert.deepStrictEqual(parent.status?.history?.filter(({ outcome }) => outcome === "Failed"), [])
  })

  it("is not inherited by a record that somebody forged in another namespace", async () => {
    const [heir, late] = [anew("heir"), anew("late")]
    // A record may be kept in `default` before its namespace is there: nobody may forge one there for a Delivery.
    await applyYaml(plane, delivery("evil", heir, "path: one", `, labels: {sluice.dev/delivery: acme.${late}}`))
    await refusal(`evil/${heir}`, "InvalidSpec")
    const { uid } = deliveries.get(`evil/${heir}`)!.metadata
    await forge(`acme/${late}`, "default", {
      entries: [{
        ref: { group: "sluice.dev", kind: "Delivery", namespace: "evil", name: heir },
        apiVersion: "sluice.dev/v1alpha1",
        uid
      }]
    })
    const { commit } = await deliver(
      "acme",
      late,
      { "one/a.yaml": configMap(late, "secret plans") },
      "apply: {prune: false}"
    )
    await deliveries.ready(`acme/${late}`, commit, soon)
    assert.include(await refusal(`evil/${heir}`, "InvalidSpec"), "did not apply this Delivery")
    assert.isFalse(await exists(`/api/v1/namespaces/evil/configmaps/${late}`))
  })

  it("is still known to be inherited when the agent starts anew", async () => {
    const before = deliveries.get("team/two")!
    await agent.stop()
    const { dataFolder } = agent
    agent = await AgentProcess.start({
      kubeconfig: join(plane.folder, "agent.kubeconfig"),
      args: ["--allow-loopback"],
      dataFolder
    })
    // Whatever was decided about it, the new commit comes after that.
    const commit = await root.repository.commit({ "two/a.yaml": configMap("two", anew("after")) }, "After the restart")
    const after = await deliveries.ready("team/two", commit, soon)
    assert.deepStrictEqual(
      after.status?.history?.slice(1).map(({ id }) => id),
      before.status?.history?.map(({ id }) => id)
    )
    const events = await plane.request("GET", "/apis/events.k8s.io/v1/namespaces/team/events") as {
      readonly items: ReadonlyArray<{ readonly reason: string; readonly regarding: { readonly uid: string } }>
    }
    const mine = events.items.filter(({ regarding: { uid } }) => uid === after.metadata.uid)
    assert.deepStrictEqual([...new Set(mine.map(({ reason }) => reason))], ["RevisionApplied"])
    root = { ...root, commit }
  })

  it("is lost by a Delivery that its parent stops listing", async () => {
    const commit = await root.repository.commit({ "root/two.yaml": null }, "Without two")
    await deliveries.ready("platform/root", commit, soon)
    await deliveries.until("two is pruned", (known) => !known.has("team/two"), soon)
    assert.isFalse(await exists("/api/v1/namespaces/team/configmaps/two"))
  })
})

describe("the agent itself", () => {
  it("asks for nothing but what its rights allow", async () => {
    const own = (await plane.readAudit()).filter(({ impersonatedUser, user }) =>
      user.username === agentName && impersonatedUser === undefined
    )
    const isAllowed = ({ objectRef, requestURI, responseStatus, verb }: AuditEvent): boolean => {
      if ((responseStatus?.code ?? 200) === 403) return false
      if (objectRef === undefined) return verb === "get" && /^\/(apis?|version)(\?|$)/u.test(requestURI)
      const { name = "", resource, subresource } = objectRef
      switch (resource) {
        case "deliveries":
          return subresource === "status" ? verb === "patch" : ["list", "watch", "patch"].includes(verb)
        case "policybundles":
        case "notifiers":
          return subresource === "status" ? verb === "patch" : ["list", "watch"].includes(verb)
        case "namespaces":
        case "serviceaccounts":
          return ["list", "watch"].includes(verb)
        case "events":
          return verb === "create"
        case "configmaps":
          return verb === "create" || name.startsWith("sluice-")
        case "leases":
          return objectRef.namespace === "sluice-system"
        case "secrets":
          return verb === "create" || /^sluice-.*-key-0$/u.test(name)
        default:
          return false
      }
    }
    const strange = own.filter((event) => !isAllowed(event))
    assert.deepStrictEqual(
      strange.map(({ requestURI, responseStatus, verb }) => `${verb} ${requestURI} ${responseStatus?.code}`),
      []
    )
  })
})
