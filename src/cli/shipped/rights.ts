import type { YAMLMap, YAMLSeq } from "yaml"
import type { JsonObject } from "../../domain/Json.ts"
import { documentsOf, nameOf } from "./sources.ts"

/** A rule of RBAC, with its reason. */
export interface Rule {
  readonly apiGroups: ReadonlyArray<string>
  readonly resources: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
  readonly why: string
}

/** Rules in one place: a namespace, or all of them and what has none. */
export interface Grant {
  readonly namespace?: string
  readonly rules: ReadonlyArray<Rule>
}

/** Who may something, and by what. */
export interface Identity {
  readonly name: string
  readonly grants: ReadonlyArray<Grant>
}

const reasonOf = (rule: YAMLMap, list: YAMLSeq): string =>
  // The comment above the first entry is the list's own.
  (rule.commentBefore ?? (list.items[0] === rule ? list.commentBefore : undefined) ?? "").trim().replaceAll(
    /\s+/gu,
    " "
  )

/** The rules of a Role or ClusterRole in one of our files, each with the comment above it. */
export const rulesOf = (file: string, name: string): ReadonlyArray<Rule> => {
  const document = documentsOf(file).find((document) => nameOf(document.toJS() as JsonObject) === name)
  if (document === undefined) throw new Error(`${file} has no ${name}`)
  const list = document.get("rules") as YAMLSeq<YAMLMap>
  return list.items.map((rule) => Object.assign(rule.toJSON() as Omit<Rule, "why">, { why: reasonOf(rule, list) }))
}

const agent = "base/rbac/agent.yaml"
const people = "base/rbac/people.yaml"

/** A namespace that was given to a tenant, in the questions below; another that was not; and the agent's own. */
export const places = { tenant: "team-a", other: "team-b", own: "sluice-system" } as const

const seeing = (): Grant => ({ rules: rulesOf(agent, "ClusterRole/sluice-agent") })
const atHome = (): Grant => ({ namespace: places.own, rules: rulesOf(agent, "Role/sluice-agent") })
const delivering = (namespace?: string): Grant => ({
  ...namespace === undefined ? {} : { namespace },
  rules: rulesOf(agent, "ClusterRole/sluice-agent-deliveries")
})

/** Everybody whom the manifests give something to. */
export const identities = (): ReadonlyArray<Identity> => [
  { name: "agent, quickstart and production", grants: [seeing(), delivering(), atHome()] },
  {
    name: "agent, multi-tenant",
    grants: [seeing(), delivering(places.tenant), delivering(places.own), atHome()]
  },
  {
    name: "sluice-view in the tenant's namespace",
    grants: [{ namespace: places.tenant, rules: rulesOf(people, "ClusterRole/sluice-view") }]
  },
  {
    name: "sluice-edit in the tenant's namespace",
    grants: [{ namespace: places.tenant, rules: rulesOf(people, "ClusterRole/sluice-edit") }]
  },
  {
    name: "the tenant's account `sluice`",
    grants: [{
      namespace: places.tenant,
      rules: rulesOf("components/tenancy/tenant/deployer.yaml", "Role/sluice-deployer")
    }]
  },
  {
    name: "Prometheus, by sluice-metrics",
    grants: [{ namespace: places.own, rules: rulesOf("base/rbac/scraper.yaml", "Role/sluice-metrics") }]
  }
]

/** Whether somebody may do one thing; without a namespace: in all of them, or to what has none. */
export interface Question {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

const allows = (rule: Rule, { group, name, resource, verb }: Question): boolean =>
  rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb) &&
  (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name)))

/** What RBAC answers, by the manifests alone. `SubjectAccessReview` answers the same, which a test holds. */
export const may = ({ grants }: Identity, question: Question): boolean =>
  grants.some(({ namespace, rules }) =>
    (namespace === undefined || namespace === question.namespace) && rules.some((rule) => allows(rule, question))
  )

const { other, own, tenant } = places
const report = "reports.openreports.io"

/** What is asked of every identity: what each needs, and what would make it more than it is. */
export const questions: ReadonlyArray<readonly [about: string, question: Question]> = [
  ["watch all Deliveries", { verb: "watch", group: "sluice.dev", resource: "deliveries" }],
  ["list a tenant's Deliveries", { verb: "list", group: "sluice.dev", resource: "deliveries", namespace: tenant }],
  ["list another namespace's Deliveries", {
    verb: "list",
    group: "sluice.dev",
    resource: "deliveries",
    namespace: other
  }],
  ["create a Delivery for a tenant", {
    verb: "create",
    group: "sluice.dev",
    resource: "deliveries",
    namespace: tenant
  }],
  ["delete a tenant's Delivery", { verb: "delete", group: "sluice.dev", resource: "deliveries", namespace: tenant }],
  ["say what became of a Delivery", {
    verb: "patch",
    group: "sluice.dev",
    resource: "deliveries/status",
    namespace: tenant
  }],
  ["list PolicyBundles", { verb: "list", group: "sluice.dev", resource: "policybundles" }],
  ["create a PolicyBundle", { verb: "create", group: "sluice.dev", resource: "policybundles" }],
  ["change a PolicyBundle", { verb: "patch", group: "sluice.dev", resource: "policybundles" }],
  ["delete a PolicyBundle", { verb: "delete", group: "sluice.dev", resource: "policybundles" }],
  ["act as a tenant's account", { verb: "impersonate", group: "", resource: "serviceaccounts", namespace: tenant }],
  ["act as another namespace's account", {
    verb: "impersonate",
    group: "",
    resource: "serviceaccounts",
    namespace: other
  }],
  ["act as an account of kube-system", {
    verb: "impersonate",
    group: "",
    resource: "serviceaccounts",
    namespace: "kube-system"
  }],
  ["act as a user", { verb: "impersonate", group: "", resource: "users" }],
  ["act as a group", { verb: "impersonate", group: "", resource: "groups", name: "system:masters" }],
  ["make a token of a tenant's account", {
    verb: "create",
    group: "",
    resource: "serviceaccounts/token",
    namespace: tenant
  }],
  ["read a tenant's Secret", { verb: "get", group: "", resource: "secrets", namespace: tenant }],
  ["list a tenant's Secrets", { verb: "list", group: "", resource: "secrets", namespace: tenant }],
  ["read another namespace's Secret", { verb: "get", group: "", resource: "secrets", namespace: other }],
  ["read a Secret of kube-system", { verb: "get", group: "", resource: "secrets", namespace: "kube-system" }],
  ["read a Secret of sluice-system", { verb: "get", group: "", resource: "secrets", namespace: own }],
  ["list all Secrets", { verb: "list", group: "", resource: "secrets" }],
  ["change a tenant's Secret", { verb: "update", group: "", resource: "secrets", namespace: tenant }],
  ["write a tenant's ConfigMaps", { verb: "update", group: "", resource: "configmaps", namespace: tenant }],
  ["write another namespace's ConfigMaps", { verb: "update", group: "", resource: "configmaps", namespace: other }],
  ["create a tenant's Deployment", { verb: "create", group: "apps", resource: "deployments", namespace: tenant }],
  ["create another namespace's Deployment", {
    verb: "create",
    group: "apps",
    resource: "deployments",
    namespace: other
  }],
  ["create a pod", { verb: "create", group: "", resource: "pods", namespace: tenant }],
  ["get into a pod", { verb: "create", group: "", resource: "pods/exec", namespace: tenant }],
  ["find the agent's replicas", { verb: "list", group: "", resource: "pods", namespace: own }],
  ["find them as a ServiceMonitor does", { verb: "watch", group: "", resource: "endpoints", namespace: own }],
  ["change a Role", { verb: "patch", group: "rbac.authorization.k8s.io", resource: "roles", namespace: tenant }],
  ["bind a ClusterRole", {
    verb: "bind",
    group: "rbac.authorization.k8s.io",
    resource: "clusterroles",
    name: "cluster-admin"
  }],
  ["create a ClusterRoleBinding", {
    verb: "create",
    group: "rbac.authorization.k8s.io",
    resource: "clusterrolebindings"
  }],
  ["list namespaces", { verb: "list", group: "", resource: "namespaces" }],
  ["create a namespace", { verb: "create", group: "", resource: "namespaces" }],
  ["delete a namespace", { verb: "delete", group: "", resource: "namespaces", name: tenant }],
  ["change the CRDs", { verb: "patch", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" }],
  [
    "see whether there are policy reports",
    { verb: "watch", group: "apiextensions.k8s.io", resource: "customresourcedefinitions", name: report }
  ],
  ["write a tenant's policy report", {
    verb: "patch",
    group: "openreports.io",
    resource: "reports",
    namespace: tenant
  }],
  [
    "change an admission webhook",
    { verb: "patch", group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations" }
  ],
  ["approve a certificate", {
    verb: "update",
    group: "certificates.k8s.io",
    resource: "certificatesigningrequests/approval"
  }],
  ["speak to kubelets", { verb: "get", group: "", resource: "nodes/proxy" }],
  ["hold a Lease in sluice-system", {
    verb: "update",
    group: "coordination.k8s.io",
    resource: "leases",
    namespace: own
  }],
  ["hold a Lease in kube-system", {
    verb: "update",
    group: "coordination.k8s.io",
    resource: "leases",
    namespace: "kube-system"
  }],
  ["tell an Event beside a Delivery", { verb: "create", group: "events.k8s.io", resource: "events", namespace: tenant }]
]
