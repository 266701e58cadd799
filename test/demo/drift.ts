import { readFileSync } from "node:fs"
import {
  AgentProcess,
  applyYaml,
  condition,
  Deliveries,
  installCrds,
  type LiveDelivery
} from "../support/AgentGround.ts"
import type { ControlPlane } from "../support/ControlPlane.ts"
import { duration } from "./tell.ts"

type DriftReport = NonNullable<NonNullable<NonNullable<LiveDelivery["status"]>["drift"]>["last"]>

const namespace = "shop-prod"
const at = (path: string) => `${path}/checkout`
const deployment = at(`/apis/apps/v1/namespaces/${namespace}/deployments`)
const service = at(`/api/v1/namespaces/${namespace}/services`)

interface Deployment {
  readonly spec: {
    readonly replicas: number
    readonly template: { readonly spec: { readonly containers: [{ readonly image: string; readonly env?: unknown }] } }
  }
}

/** What people do to production by hand, as kubectl does it. */
const edits: ReadonlyArray<{
  readonly command: string
  readonly request: readonly [method: string, path: string, body?: unknown, contentType?: string]
  readonly isBack: (plane: ControlPlane) => Promise<boolean>
  /** What the status then says. */
  readonly told: RegExp
}> = [
  {
    command: "kubectl scale deployment checkout --replicas=1",
    request: [
      "PATCH",
      `${deployment}/scale?fieldManager=kubectl`,
      { spec: { replicas: 1 } },
      "application/merge-patch+json"
    ],
    isBack: async (plane) => (await plane.request("GET", deployment) as Deployment).spec.replicas === 3,
    told: /Deployment.* by kubectl$/u
  },
  {
    command: "kubectl set env deployment checkout DEBUG=1",
    request: [
      "PATCH",
      `${deployment}?fieldManager=kubectl-set`,
      { spec: { template: { spec: { containers: [{ name: "checkout", env: [{ name: "DEBUG", value: "1" }] }] } } } },
      "application/strategic-merge-patch+json"
    ],
    isBack: async (plane) =>
      (await plane.request("GET", deployment) as Deployment).spec.template.spec.containers[0].env === undefined,
    told: /Deployment.* by kubectl-set$/u
  },
  {
    command: "kubectl delete service checkout",
    request: ["DELETE", service],
    isBack: (plane) => plane.request("GET", service).then(() => true, () => false),
    told: /Service/u
  }
]

export interface Healed {
  readonly command: string
  readonly took: string
  /** What the agent says of it: the object, the fields, who took them. */
  readonly note: string
}

/** Hands the Deliveries over to an agent in the cluster, and lets it heal what people do by hand. */
export const healing = async (options: {
  readonly plane: ControlPlane
  /** The file that `sluice run` was given. */
  readonly file: string
  readonly commit: string
  readonly cache: string
  readonly onReady: () => void
  readonly onEdit: (command: string) => void
  readonly onHealed: (healed: Healed) => void
  readonly stops: Array<() => Promise<unknown>>
}): Promise<AgentProcess> => {
  const { file, plane, stops } = options
  await installCrds(plane)
  await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
  for (const each of ["shop-dev", "shop-prod"]) {
    await applyYaml(
      plane,
      `apiVersion: v1
kind: ServiceAccount
metadata: {name: sluice, namespace: ${each}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: sluice-${each}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: sluice, namespace: ${each}}]
`
    )
  }
  await applyYaml(plane, readFileSync(file, "utf8"))
  const deliveries = new Deliveries(plane)
  stops.push(async () => deliveries.stop())
  const agent = await AgentProcess.start({
    kubeconfig: plane.adminKubeconfigFile,
    args: ["--allow-loopback"],
    environment: { SLUICE_CACHE: options.cache }
  })
  stops.push(() => agent.remove())
  for (const each of ["shop-dev", "shop-prod"]) await deliveries.ready(`${each}/${each}`, options.commit, 20_000)
  options.onReady()

  for (const { command, isBack, request, told } of edits) {
    options.onEdit(command)
    const edited = performance.now()
    await plane.request(...request)
    while (!await isBack(plane));
    const took = duration(performance.now() - edited)
    const said = (last: DriftReport | undefined) => {
      const { fields = [], manager = "", object = "" } = last ?? {}
      return `${object}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}, taken by ${manager}`
    }
    const { status } = await deliveries.delivery(
      "shop-prod/shop-prod",
      "tells that it healed",
      (delivery) => told.test(said(delivery.status?.drift?.last)) && condition(delivery, "Ready")?.status === "True",
      15_000
    )
    options.onHealed({ command, took, note: said(status?.drift?.last) })
  }
  return agent
}
