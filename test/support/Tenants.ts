import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { applyYaml } from "./AgentGround.ts"
import type { ControlPlane } from "./ControlPlane.ts"

/** The agent, as the API server knows it. */
export const agentName = "system:serviceaccount:sluice-system:sluice"

/** Installs the agent's own, least rights; the file of a kubeconfig that is the agent and nobody more. */
export const leastRights = async (plane: ControlPlane): Promise<string> => {
  const rbac = join(import.meta.dirname, "..", "..", "deploy", "base", "rbac", "agent.yaml")
  await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: sluice-system}\n")
  await applyYaml(plane, readFileSync(rbac, "utf8"))
  const file = join(plane.folder, "agent.kubeconfig")
  await writeFile(file, plane.user(agentName), { mode: 0o600 })
  return file
}

/** A namespace with the account `sluice`, which may do what is given in there, and nothing elsewhere. */
export const tenant = (
  plane: ControlPlane,
  namespace: string,
  rules = "[{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]",
  account = "sluice"
): Promise<void> =>
  applyYaml(
    plane,
    `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${account}, namespace: ${namespace}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ${account}, namespace: ${namespace}}
rules: ${rules}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ${account}, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${account}}
subjects: [{kind: ServiceAccount, name: ${account}, namespace: ${namespace}}]
`
  )
