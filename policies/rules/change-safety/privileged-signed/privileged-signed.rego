# METADATA
# title: What gives rights comes by a signed commit
# description: >-
#   Roles that grow, new subjects, privileged pods, admission webhooks and the like are how somebody with a stolen
#   password for Git takes over a cluster.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/privileged-signed
#   severity: critical
#   remedy: Sign the commit (git commit -S) with a key that the Delivery's source trusts.
package library.change_safety.privileged_signed

import data.library.lib.changeset
import data.library.lib.rbac
import data.library.lib.workloads

deny contains {"msg": message, "operation": operation.id} if {
	not changeset.is_signed
	not changeset.is_heal
	some operation in input.operations
	changeset.op_of(operation) != "unchanged"
	some why in reasons(operation)
	message := sprintf("%s %s, and the commit is not signed", [changeset.name(operation), why])
}

reasons(operation) := ((grows(operation) | admits(operation)) | runs(operation)) | binds(operation)

# Whatever judges, changes or serves what goes through the API server: also its end.
admitting := {
	["admissionregistration.k8s.io", "MutatingWebhookConfiguration"],
	["admissionregistration.k8s.io", "ValidatingWebhookConfiguration"],
	["admissionregistration.k8s.io", "MutatingAdmissionPolicy"],
	["admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"],
	["admissionregistration.k8s.io", "ValidatingAdmissionPolicy"],
	["admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"],
	["apiregistration.k8s.io", "APIService"],
	["certificates.k8s.io", "CertificateSigningRequest"],
	["certificates.k8s.io", "ClusterTrustBundle"],
}

admits(operation) := {reason | changeset.kind_of(operation) in admitting; reason := "decides over what is admitted"}

grows(operation) := {reason |
	operation.gvk.kind in rbac.roles
	before := rbac.grants_of(changeset.old_of(operation))
	some grant in rbac.grants_of(changeset.object_of(operation))
	not rbac.covered(grant, before)
	reason := sprintf("allows %s %s", [grant[3], resource(grant)])
} | {reason |
	operation.gvk.kind == "ClusterRole"
	some part in (aggregations(changeset.object_of(operation)) - aggregations(changeset.old_of(operation)))
	reason := sprintf("takes or gives rules by %s", [part])
}

resource(grant) := grant[1] if grant[0] in {"", "url"}

else := concat(".", [grant[1], grant[0]])

aggregations(role) := {key |
	some key, _ in object.get(role, ["metadata", "labels"], {})
	startswith(key, "rbac.authorization.k8s.io/aggregate-to-")
} | {"its aggregationRule" | role.aggregationRule}

binds(operation) := {reason |
	operation.gvk.kind in rbac.bindings
	after := changeset.object_of(operation)
	before := changeset.old_of(operation)
	some entry in rbac.subjects_of(after)
	is_new(entry.subject, after, before)
	reason := sprintf("gives %v to %s", [object.get(after, ["roleRef", "name"], "a role"), rbac.subject_name(entry.subject)])
}

is_new(subject, _, before) if not subject in {entry.subject | some entry in rbac.subjects_of(before)}

is_new(_, after, before) if object.get(after, "roleRef", null) != object.get(before, "roleRef", null)

runs(operation) := (({reason |
	manifest := changeset.object_of(operation)
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	not object.get(workloads.pod_of(manifest), field, false) in {false, null}
	reason := sprintf("runs with %s", [field])
} | {reason |
	manifest := changeset.object_of(operation)
	some volume in workloads.pod_of(manifest).volumes
	not object.get(workloads.as_object(volume), "hostPath", null) == null
	reason := "mounts a folder of the node"
}) | {reason |
	some container in workloads.containers_of(changeset.object_of(operation))
	not object.get(container.spec, ["securityContext", "privileged"], false) in {false, null}
	reason := sprintf("runs %s privileged", [container.is])
}) | {reason |
	some container in workloads.containers_of(changeset.object_of(operation))
	some capability in object.get(container.spec, ["securityContext", "capabilities", "add"], [])
	capability in {"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "BPF", "DAC_READ_SEARCH"}
	reason := sprintf("gives %s the capability %s", [container.is, capability])
}
