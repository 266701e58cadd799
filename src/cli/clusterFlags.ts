import type { Flag } from "./verbs.ts"

/** Which cluster: of every verb that asks one. */
export const cluster = {
  kubeconfig: { value: "FILE", about: "kubeconfig to use instead of KUBECONFIG or ~/.kube/config" },
  context: { value: "NAME", about: "context of the kubeconfig to use instead of its current one" }
} as const satisfies Readonly<Record<string, Flag>>
