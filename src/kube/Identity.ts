import * as Data from "effect/Data"

/**
 * As whom the API server is asked. There is no client without one: `Self` (the kubeconfig's own user, or the pod's
 * ServiceAccount) has to be said as well.
 */
export type Identity = Data.TaggedEnum<{
  Self: Record<never, never>
  ServiceAccount: { readonly namespace: string; readonly name: string }
}>

export const Identity = Data.taggedEnum<Identity>()

/** The name that authentication gives to an identity, where it is known without asking. */
export const userName = (identity: Identity): string | undefined =>
  identity._tag === "Self" ? undefined : `system:serviceaccount:${identity.namespace}:${identity.name}`

/** How an identity is told; the cluster's own name for `Self` is asked for when an error has to be told. */
export const nameOf = (identity: Identity): string => userName(identity) ?? "the kubeconfig's user"

/**
 * The headers that make a request another identity's. The API server adds a ServiceAccount's groups by itself, so that
 * the right to impersonate this one account is enough.
 */
export const impersonation = (identity: Identity): Readonly<Record<string, string>> => {
  const user = userName(identity)
  return user === undefined ? {} : { "impersonate-user": user }
}
