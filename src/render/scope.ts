import { at, type Json } from "../domain/Json.ts"
import { groupOf } from "../domain/ObjectRef.ts"

/** The kinds of Kubernetes and of Sluice that belong to no namespace, by group. */
const clusterKinds: Readonly<Record<string, ReadonlyArray<string>>> = {
  "": ["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
  "admissionregistration.k8s.io": [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration"
  ],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "apiregistration.k8s.io": ["APIService"],
  "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
  "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
  "networking.k8s.io": ["IngressClass", "IPAddress", "ServiceCIDR"],
  "node.k8s.io": ["RuntimeClass"],
  "policy": ["PodSecurityPolicy"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
  "resource.k8s.io": ["DeviceClass", "DeviceTaintRule", "ResourceSlice"],
  "scheduling.k8s.io": ["PriorityClass"],
  "sluice.dev": ["PolicyBundle"],
  "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
  "storagemigration.k8s.io": ["StorageVersionMigration"]
}

/** Groups of Kubernetes and of Sluice whose other kinds live in namespaces. */
const namespacedGroups = new Set([
  "",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "sluice.dev",
  "storage.k8s.io"
])

/** `undefined`: a kind that neither Kubernetes, nor Sluice, nor a CustomResourceDefinition of the same set explains. */
export type Scope = "cluster" | "namespaced" | undefined

/** The scopes of kinds, given the objects that are rendered together. */
export const scopes = (objects: ReadonlyArray<Json>): (object: Json) => Scope => {
  const custom = new Map<string, Scope>()
  for (const object of objects) {
    if (at(object, "kind") !== "CustomResourceDefinition") continue
    const scope = at(object, "spec", "scope")
    custom.set(
      `${String(at(object, "spec", "group"))}/${String(at(object, "spec", "names", "kind"))}`,
      scope === "Cluster" ? "cluster" : scope === "Namespaced" ? "namespaced" : undefined
    )
  }
  return (object) => {
    const group = groupOf(String(at(object, "apiVersion")))
    const kind = String(at(object, "kind"))
    if (Object.hasOwn(clusterKinds, group) && clusterKinds[group]!.includes(kind)) return "cluster"
    return namespacedGroups.has(group) ? "namespaced" : custom.get(`${group}/${kind}`)
  }
}
