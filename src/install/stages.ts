import type { ObjectRef } from "../domain/ObjectRef.ts"

const stages: ReadonlyArray<ReadonlyArray<string>> = [
  ["CustomResourceDefinition"],
  ["Namespace"],
  ["ServiceAccount", "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"]
]
/** The first stage for which the namespace is there. */
export const housed = 2
/** What needs all the rest. */
const last = new Set(["StatefulSet"])

/** Where an object comes in an installation: definitions, the namespace, rights, parts, the agent. */
export const stageOf = ({ kind }: ObjectRef): number => {
  const found = stages.findIndex((kinds) => kinds.includes(kind))
  return last.has(kind) ? stages.length + 1 : found === -1 ? stages.length : found
}

/** The members of each stage, the first stage first. */
export const inStages = <A extends { readonly ref: ObjectRef }>(
  members: ReadonlyArray<A>
): ReadonlyArray<ReadonlyArray<A>> =>
  [...Map.groupBy(members, ({ ref }) => stageOf(ref)).entries()].sort(([a], [b]) => a - b).map(([, group]) => group)
