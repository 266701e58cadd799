import { identities, may, questions, type Rule, rulesOf } from "./rights.ts"

const row = (cells: ReadonlyArray<string>): string =>
  `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(head), `|${"---|".repeat(head.length)}`, ...rows.map(row)].join("\n")

const resourceOf = ({ apiGroups, resourceNames, resources }: Rule): string => {
  const group = apiGroups.filter((name) => name !== "").join(", ")
  const named = resourceNames === undefined ? "" : ` named ${resourceNames.map((name) => `\`${name}\``).join(", ")}`
  return `${resources.map((name) => `\`${name}\``).join(", ")}${group === "" ? "" : ` of ${group}`}${named}`
}

const rules = (file: string, name: string): string =>
  table(["what", "verbs", "why"], rulesOf(file, name).map((rule) => [resourceOf(rule), rule.verbs.join(" "), rule.why]))

const agent = "base/rbac/agent.yaml"

/** The page of rights: made from the manifests, with their comments as the reasons. */
export const rightsPage = (): string => {
  const all = identities()
  return `<!-- Made by \`sluice generate rights\`. -->
# Who may do what

Everything that a Delivery does is done as a ServiceAccount of its namespace, by impersonation. The agent itself may see
what there is to do, say what became of it, and keep its records.

## The agent: ServiceAccount \`sluice\` of \`sluice-system\`

In the whole cluster, in every overlay (ClusterRole \`sluice-agent\`):

${rules(agent, "ClusterRole/sluice-agent")}

Where there are Deliveries (ClusterRole \`sluice-agent-deliveries\`): in *quickstart* and *production* in every namespace, by
a ClusterRoleBinding; in *multi-tenant* in \`sluice-system\` and in the namespaces where a RoleBinding gives it, as
\`components/tenancy/tenant\` does:

${rules(agent, "ClusterRole/sluice-agent-deliveries")}

In its own namespace (Role \`sluice-agent\`):

${rules(agent, "Role/sluice-agent")}

What that means:

- Whoever may act as every account of every namespace may in the end do what the strongest of them may. In *quickstart* and
  *production* so may the agent, and with it whoever gets into its pod, or may create pods in \`sluice-system\`. Where that is
  too much, *multi-tenant* bounds it to the namespaces that are given.
- No rule can name what is in a Delivery alone: \`patch\` on Deliveries is for the finalizer, and would change a spec.
- Deliveries of \`sluice-system\` that name no account act as the agent itself, which may touch no workload.
- A Delivery in a namespace that is not given says so: it is AccessDenied, and goes on at the next try after the binding is
  there, within ten minutes or with \`sluice reconcile\`.
- A PolicyBundle names its Secrets with their namespace. In \`sluice-system\` they are watched; elsewhere they are looked at
  once an interval, and in *multi-tenant* only where the agent was given the namespace.
- \`--allow-cross-namespace\` is off in every overlay.

## People: part of Kubernetes' own roles

\`sluice-view\` is part of view, edit and admin. It reads no Secret.

${rules("base/rbac/people.yaml", "ClusterRole/sluice-view")}

\`sluice-edit\` is part of edit and admin. It changes no PolicyBundle: these are the platform's.

${rules("base/rbac/people.yaml", "ClusterRole/sluice-edit")}

## Tenants: ServiceAccount \`sluice\` of a tenant's namespace

What \`components/tenancy/tenant\` gives, and a Delivery can do no more. Change it to what your tenants may have.

${rules("components/tenancy/tenant/deployer.yaml", "Role/sluice-deployer")}

## The first steps: ServiceAccount \`deployer\` of \`sluice-system\`

In *quickstart* alone. It has Kubernetes' own role admin in every namespace, and:

${rules("overlays/quickstart/deployer.yaml", "ClusterRole/sluice-deployer")}

## Metrics

Bind Role \`sluice-metrics\` of \`sluice-system\` to the account of your Prometheus.

${rules("base/rbac/scraper.yaml", "Role/sluice-metrics")}

## Asked one by one

\`team-a\` is a namespace that was given to a tenant, \`team-b\` one that was not. Every cell is what a real API server
answers to a SubjectAccessReview, with the manifests applied.

${
    table(
      ["may they", ...all.map(({ name }) => name)],
      questions.map(([about, question]) => [about].concat(all.map((identity) => may(identity, question) ? "yes" : "")))
    )
  }
`
}
