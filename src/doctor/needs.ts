/** Where the agent needs a right: in the whole cluster, where there are Deliveries, or in its own namespace. */
export type Scope = "cluster" | "deliveries" | "own"

/** What the agent needs, and what does not work without it. One for each rule of `deploy/base/rbac/agent.yaml`. */
export interface Need {
  readonly scope: Scope
  readonly group: string
  readonly resources: ReadonlyArray<string>
  readonly names?: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
  readonly without: string
  /** Whether the agent does its work all the same. */
  readonly optional?: boolean
}

const seesNothing = "it does not see what there is to do, and delivers nothing"
const noReports = "there are no policy reports"

export const needs: ReadonlyArray<Need> = [
  {
    scope: "cluster",
    group: "sluice.dev",
    resources: ["deliveries", "notifiers", "policybundles"],
    verbs: ["list", "watch"],
    without: seesNothing
  },
  {
    scope: "cluster",
    group: "",
    resources: ["namespaces", "serviceaccounts"],
    verbs: ["list", "watch"],
    without: seesNothing
  },
  {
    scope: "cluster",
    group: "sluice.dev",
    resources: ["deliveries"],
    verbs: ["patch"],
    without: "it cannot hold a Delivery that is deleted, whose objects then stay, and repeats what was asked for"
  },
  {
    scope: "cluster",
    group: "sluice.dev",
    resources: ["deliveries/status", "notifiers/status", "policybundles/status"],
    verbs: ["patch"],
    without: "nobody can read what became of a Delivery"
  },
  {
    scope: "cluster",
    group: "events.k8s.io",
    resources: ["events"],
    verbs: ["create"],
    without: "sluice events tells nothing",
    optional: true
  },
  {
    scope: "cluster",
    group: "openreports.io",
    resources: ["reports"],
    verbs: ["list"],
    without: noReports,
    optional: true
  },
  {
    scope: "cluster",
    group: "wgpolicyk8s.io",
    resources: ["policyreports"],
    verbs: ["list"],
    without: noReports,
    optional: true
  },
  {
    scope: "cluster",
    group: "apiextensions.k8s.io",
    resources: ["customresourcedefinitions"],
    names: ["reports.openreports.io", "policyreports.wgpolicyk8s.io"],
    verbs: ["list", "watch"],
    without: noReports,
    optional: true
  },
  {
    scope: "deliveries",
    group: "",
    resources: ["serviceaccounts"],
    verbs: ["impersonate"],
    without: "no Delivery there can act: nothing is applied"
  },
  {
    scope: "deliveries",
    group: "",
    resources: ["configmaps"],
    verbs: ["get", "list", "create", "update", "delete"],
    without: "what a Delivery owns cannot be written down: nothing is applied"
  },
  {
    scope: "deliveries",
    group: "",
    resources: ["secrets"],
    verbs: ["get", "create", "delete"],
    without: "restarts cost a dry-run of each Secret, and PolicyBundles cannot name Secrets there",
    optional: true
  },
  {
    scope: "deliveries",
    group: "openreports.io",
    resources: ["reports"],
    verbs: ["create", "patch", "delete"],
    without: noReports,
    optional: true
  },
  {
    scope: "deliveries",
    group: "wgpolicyk8s.io",
    resources: ["policyreports"],
    verbs: ["create", "patch", "delete"],
    without: noReports,
    optional: true
  },
  {
    scope: "own",
    group: "coordination.k8s.io",
    resources: ["leases"],
    verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
    without: "replicas do not know of each other, and no Delivery is anybody's"
  },
  {
    scope: "own",
    group: "",
    resources: ["secrets"],
    verbs: ["get", "list", "watch"],
    without: "PolicyBundles cannot read their repositories"
  }
]

const kinds = (group: string, ...resources: ReadonlyArray<string>) => ({ group, resources })

/** What whoever installs has to be able to write. */
export const installed: ReadonlyArray<{ readonly group: string; readonly resources: ReadonlyArray<string> }> = [
  kinds("apiextensions.k8s.io", "customresourcedefinitions"),
  kinds("", "namespaces", "serviceaccounts", "services", "configmaps"),
  kinds("rbac.authorization.k8s.io", "clusterroles", "clusterrolebindings", "roles", "rolebindings"),
  kinds("apps", "statefulsets"),
  kinds("networking.k8s.io", "networkpolicies"),
  kinds("policy", "poddisruptionbudgets"),
  kinds("scheduling.k8s.io", "priorityclasses")
]
