import type { HealthStatus } from "../../src/domain/Health.ts"
import type { JsonObject } from "../../src/domain/Json.ts"

/** Whose health the tests tell, as `<group>/<kind>`: a row of another kind does not compile. */
export const kinds = [
  "apps/Deployment",
  "apps/ReplicaSet",
  "apps/StatefulSet",
  "apps/DaemonSet",
  "batch/Job",
  "batch/CronJob",
  "/Pod",
  "/PersistentVolumeClaim",
  "/Service",
  "/Namespace",
  "/ConfigMap",
  "policy/PodDisruptionBudget",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "networking.k8s.io/Ingress",
  "sluice.dev/Delivery",
  "sluice.dev/Notifier",
  "example.dev/Widget"
] as const

/** An object as it may be found in a cluster, and what kstatus says of it. */
export type Row = readonly [
  kind: (typeof kinds)[number],
  what: string,
  object: JsonObject,
  HealthStatus,
  message: string
]

export const condition = (type: string, status: string, reason = "", message = "") => ({
  type,
  status,
  reason,
  message
})
export const object = (status: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}) => ({
  metadata,
  spec,
  status
})

export const refOf = (kind: string) => ({
  group: kind.split("/")[0]!,
  kind: kind.split("/")[1]!,
  namespace: "shop",
  name: "it"
})
