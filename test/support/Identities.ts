import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Question } from "../../src/cli/shipped/rights.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import type { ControlPlane } from "./ControlPlane.ts"
import { kubeconfig } from "./kubeconfig.ts"
import { applyObjects } from "./Manifests.ts"

export interface Account {
  readonly namespace: string
  readonly name: string
}

/** The file of a kubeconfig with a token of a ServiceAccount, as a pod would get it: by TokenRequest, for an hour. */
export const tokenOf = async (plane: ControlPlane, { name, namespace }: Account): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } }
  const token = String(at(await plane.request("POST", path, request) as JsonObject, "status", "token"))
  const file = join(plane.folder, `${namespace}-${name}.kubeconfig`)
  const { caData: certificateAuthority, server } = plane
  await writeFile(file, kubeconfig({ server, certificateAuthority, user: name, namespace, credential: { token } }), {
    mode: 0o600
  })
  return file
}

/** The groups that authentication puts a ServiceAccount into. */
export const accountUser = ({ name, namespace }: Account) => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"]
})

/** What the API server's authorizer answers about somebody. */
export const isAllowed = async (
  plane: ControlPlane,
  who: { readonly user: string; readonly groups?: ReadonlyArray<string> },
  { group, resource: asked, ...question }: Question
): Promise<boolean> => {
  const [resource, subresource] = asked.split("/")
  const answer = await plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      ...who,
      resourceAttributes: { ...question, group, resource, ...subresource === undefined ? {} : { subresource } }
    }
  })
  return at(answer as JsonObject, "status", "allowed") === true
}

/** Binds a ClusterRole or Role in a namespace to a user. */
export const bind = (plane: ControlPlane, user: string, role: string, namespace: string, kind = "ClusterRole") =>
  applyObjects(plane, [{
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: `${user}-${role}`, namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }]
  }])
