# METADATA
# title: When Kubernetes stops serving what
# description: >-
#   By API version and kind: since which 1.x it is deprecated, since which it is served no more, and what takes its
#   place. From the life cycles that Kubernetes 1.37 declares, and from the releases that removed what it forgot.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
package library.lib.api_versions

import data.library.lib.parameters

table := {
	"admissionregistration.k8s.io/v1alpha1": {
		"MutatingAdmissionPolicy": [35, 38, "admissionregistration.k8s.io/v1"],
		"MutatingAdmissionPolicyBinding": [35, 38, "admissionregistration.k8s.io/v1"],
		"ValidatingAdmissionPolicy": [29, 32, "admissionregistration.k8s.io/v1"],
		"ValidatingAdmissionPolicyBinding": [29, 32, "admissionregistration.k8s.io/v1"],
	},
	"admissionregistration.k8s.io/v1beta1": {
		"MutatingAdmissionPolicy": [37, 40, "admissionregistration.k8s.io/v1"],
		"MutatingAdmissionPolicyBinding": [37, 40, "admissionregistration.k8s.io/v1"],
		"MutatingWebhookConfiguration": [16, 22, "admissionregistration.k8s.io/v1"],
		"ValidatingAdmissionPolicy": [31, 34, "admissionregistration.k8s.io/v1"],
		"ValidatingAdmissionPolicyBinding": [31, 34, "admissionregistration.k8s.io/v1"],
		"ValidatingWebhookConfiguration": [16, 22, "admissionregistration.k8s.io/v1"],
	},
	"apiextensions.k8s.io/v1beta1": {
		"CustomResourceDefinition": [16, 22, "apiextensions.k8s.io/v1"],
	},
	"apiregistration.k8s.io/v1beta1": {
		"APIService": [19, 22, "apiregistration.k8s.io/v1"],
	},
	"apps/v1beta1": {
		"Deployment": [8, 16, "apps/v1"],
		"StatefulSet": [8, 16, "apps/v1"],
	},
	"apps/v1beta2": {
		"DaemonSet": [9, 16, "apps/v1"],
		"Deployment": [9, 16, "apps/v1"],
		"ReplicaSet": [9, 16, "apps/v1"],
		"StatefulSet": [9, 16, "apps/v1"],
	},
	"autoscaling/v2beta1": {
		"HorizontalPodAutoscaler": [22, 25, "autoscaling/v2"],
	},
	"autoscaling/v2beta2": {
		"HorizontalPodAutoscaler": [23, 26, "autoscaling/v2"],
	},
	"batch/v1beta1": {
		"CronJob": [21, 25, "batch/v1"],
	},
	"batch/v2alpha1": {
		"CronJob": [8, 21, "batch/v1"],
	},
	"certificates.k8s.io/v1alpha1": {
		"ClusterTrustBundle": [34, 37, "certificates.k8s.io/v1beta1"],
	},
	"certificates.k8s.io/v1beta1": {
		"CertificateSigningRequest": [19, 22, "certificates.k8s.io/v1"],
		"ClusterTrustBundle": [37, 40, "certificates.k8s.io/v1"],
		"PodCertificateRequest": [37, 40, "certificates.k8s.io/v1"],
	},
	"coordination.k8s.io/v1alpha2": {
		"LeaseCandidate": [35, 38, "coordination.k8s.io/v1beta1"],
	},
	"coordination.k8s.io/v1beta1": {
		"Lease": [19, 22, "coordination.k8s.io/v1"],
		"LeaseCandidate": [36, 39, ""],
	},
	"discovery.k8s.io/v1beta1": {
		"EndpointSlice": [21, 25, "discovery.k8s.io/v1"],
	},
	"events.k8s.io/v1beta1": {
		"Event": [22, 25, "events.k8s.io/v1"],
	},
	"extensions/v1beta1": {
		"DaemonSet": [8, 16, "apps/v1"],
		"Deployment": [8, 16, "apps/v1"],
		"Ingress": [14, 22, "networking.k8s.io/v1"],
		"NetworkPolicy": [9, 16, "networking.k8s.io/v1"],
		"PodSecurityPolicy": [11, 16, ""],
		"ReplicaSet": [8, 16, "apps/v1"],
	},
	"flowcontrol.apiserver.k8s.io/v1beta1": {
		"FlowSchema": [23, 26, "flowcontrol.apiserver.k8s.io/v1"],
		"PriorityLevelConfiguration": [23, 26, "flowcontrol.apiserver.k8s.io/v1"],
	},
	"flowcontrol.apiserver.k8s.io/v1beta2": {
		"FlowSchema": [26, 29, "flowcontrol.apiserver.k8s.io/v1"],
		"PriorityLevelConfiguration": [26, 29, "flowcontrol.apiserver.k8s.io/v1"],
	},
	"flowcontrol.apiserver.k8s.io/v1beta3": {
		"FlowSchema": [29, 32, "flowcontrol.apiserver.k8s.io/v1"],
		"PriorityLevelConfiguration": [29, 32, "flowcontrol.apiserver.k8s.io/v1"],
	},
	"networking.k8s.io/v1beta1": {
		"IPAddress": [34, 37, "networking.k8s.io/v1"],
		"Ingress": [19, 22, "networking.k8s.io/v1"],
		"IngressClass": [19, 22, "networking.k8s.io/v1"],
		"ServiceCIDR": [34, 37, "networking.k8s.io/v1"],
	},
	"node.k8s.io/v1beta1": {
		"RuntimeClass": [22, 25, "node.k8s.io/v1"],
	},
	"policy/v1beta1": {
		"PodDisruptionBudget": [21, 25, "policy/v1"],
		"PodSecurityPolicy": [21, 25, ""],
	},
	"rbac.authorization.k8s.io/v1beta1": {
		"ClusterRole": [17, 22, "rbac.authorization.k8s.io/v1"],
		"ClusterRoleBinding": [17, 22, "rbac.authorization.k8s.io/v1"],
		"Role": [17, 22, "rbac.authorization.k8s.io/v1"],
		"RoleBinding": [17, 22, "rbac.authorization.k8s.io/v1"],
	},
	"resource.k8s.io/v1alpha3": {
		"DeviceTaintRule": [36, 39, ""],
	},
	"resource.k8s.io/v1beta1": {
		"DeviceClass": [35, 38, "resource.k8s.io/v1"],
		"ResourceClaim": [35, 38, "resource.k8s.io/v1"],
		"ResourceClaimTemplate": [35, 38, "resource.k8s.io/v1"],
		"ResourceSlice": [35, 38, "resource.k8s.io/v1"],
	},
	"resource.k8s.io/v1beta2": {
		"DeviceClass": [36, 39, "resource.k8s.io/v1"],
		"ResourceClaim": [36, 39, "resource.k8s.io/v1"],
		"ResourceClaimTemplate": [36, 39, "resource.k8s.io/v1"],
		"ResourceSlice": [36, 39, "resource.k8s.io/v1"],
	},
	"scheduling.k8s.io/v1beta1": {
		"PriorityClass": [14, 22, "scheduling.k8s.io/v1"],
	},
	"storage.k8s.io/v1alpha1": {
		"CSIStorageCapacity": [21, 24, "storage.k8s.io/v1"],
		"VolumeAttachment": [21, 24, "storage.k8s.io/v1"],
		"VolumeAttributesClass": [32, 35, "storage.k8s.io/v1"],
	},
	"storage.k8s.io/v1beta1": {
		"CSIDriver": [19, 22, "storage.k8s.io/v1"],
		"CSINode": [17, 22, "storage.k8s.io/v1"],
		"CSIStorageCapacity": [24, 27, "storage.k8s.io/v1"],
		"StorageClass": [19, 22, "storage.k8s.io/v1"],
		"VolumeAttachment": [19, 22, "storage.k8s.io/v1"],
		"VolumeAttributesClass": [34, 37, "storage.k8s.io/v1"],
	},
	"storagemigration.k8s.io/v1beta1": {
		"StorageVersionMigration": [37, 40, "storagemigration.k8s.io/v1"],
	},
}

# Deprecated, and served on.
lasting := {"v1": {
	"ComponentStatus": [19, "the health endpoints of the components"],
	"Endpoints": [33, "discovery.k8s.io/v1 EndpointSlice"],
}}

version := parameters.value("kubernetesVersion", "1.36")

default minor := -1

minor := to_number(digits) if {
	is_string(version)
	parts := split(trim_prefix(version, "v"), ".")
	parts[0] == "1"
	digits := split(trim_suffix(parts[1], "+"), "-")[0]
	digits != ""
	trim_left(digits, "0123456789") == ""
}

# What is wrong with the parameter: a number is not taken, since 1.30 is the same number as 1.3.
problem := sprintf("data.parameters.kubernetesVersion is %s; write it as \"1.36\"", [json.marshal(version)]) if minor < 0

entry := table[input.apiVersion][input.kind]

instead(replacement) := sprintf("use %s", [replacement]) if replacement != ""

else := "nothing takes its place"
