import * as Effect from "effect/Effect"
import { at } from "../domain/Json.ts"
import type { KubeSession } from "../kube/KubeClient.ts"

/** One thing that somebody may or may not do. */
export interface Access {
  readonly verb: string
  readonly group: string
  /** `deliveries/status` */
  readonly resource: string
  /** Of all namespaces, unless given. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

const attributes = ({ group, name, namespace, resource, verb }: Access) => {
  const [plural, subresource] = resource.split("/")
  return {
    verb,
    group,
    resource: plural,
    ...subresource === undefined ? {} : { subresource },
    ...namespace === undefined ? {} : { namespace },
    ...name === undefined ? {} : { name }
  }
}

const review = (session: KubeSession, kind: string, plural: string, spec: object) =>
  Effect.map(
    session.request({
      asked: { verb: "create", resource: `${plural}.authorization.k8s.io` },
      method: "POST",
      path: `/apis/authorization.k8s.io/v1/${plural}`,
      contentType: "application/json",
      body: JSON.stringify({ apiVersion: "authorization.k8s.io/v1", kind, spec }),
      idempotent: true
    }),
    (answer) => at(answer, "status", "allowed") === true
  )

/** Whether we may. */
export const mayI = (session: KubeSession, access: Access) =>
  review(session, "SelfSubjectAccessReview", "selfsubjectaccessreviews", { resourceAttributes: attributes(access) })

/** Whether a ServiceAccount may, with the groups that it has. */
export const mayAccount = (
  session: KubeSession,
  account: { readonly namespace: string; readonly name: string },
  access: Access
) =>
  review(session, "SubjectAccessReview", "subjectaccessreviews", {
    user: `system:serviceaccount:${account.namespace}:${account.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`, "system:authenticated"],
    resourceAttributes: attributes(access)
  })
