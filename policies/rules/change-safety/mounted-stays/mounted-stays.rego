# METADATA
# title: Nothing that is still mounted is deleted
# description: >-
#   A pod that mounts a ConfigMap, a Secret or a claim that is gone does not start again. Workloads that do not change
#   are not in a changeset with their content; Sluice's own plan tells of those.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/configmap/
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/mounted-stays
#   severity: high
#   remedy: Remove the reference first, in this revision or an earlier one.
package library.change_safety.mounted_stays

import data.library.lib.changeset
import data.library.lib.workloads

kinds := {["", "ConfigMap"], ["", "Secret"], ["", "PersistentVolumeClaim"], ["", "ServiceAccount"]}

deny contains {"msg": message, "operation": operation.id} if {
	some operation in changeset.deletions
	changeset.kind_of(operation) in kinds
	some user in changeset.arrivals
	user.namespace == operation.namespace
	[operation.gvk.kind, operation.name] in references(changeset.object_of(user))
	message := sprintf("deletes %s, which %s still uses", [changeset.name(operation), changeset.name(user)])
}

# [kind, name] of everything that an object's pod, or an Ingress, needs.
references(manifest) := ((volumes(pod) | environment(manifest)) | of_pod(pod)) | of_ingress(manifest) if {
	pod := workloads.pod_of(manifest)
}

volumes(pod) := ((({["ConfigMap", volume.configMap.name] | some volume in pod.volumes} | {["Secret", volume.secret.secretName] | some volume in pod.volumes}) | {["PersistentVolumeClaim", volume.persistentVolumeClaim.claimName] | some volume in pod.volumes}) | {["ConfigMap", source.configMap.name] | some volume in pod.volumes; some source in volume.projected.sources}) | {["Secret", source.secret.name] | some volume in pod.volumes; some source in volume.projected.sources}

environment(manifest) := (({["ConfigMap", source.configMapRef.name] |
	some container in workloads.containers_of(manifest)
	some source in container.spec.envFrom
} | {["Secret", source.secretRef.name] |
	some container in workloads.containers_of(manifest)
	some source in container.spec.envFrom
}) | {["ConfigMap", variable.valueFrom.configMapKeyRef.name] |
	some container in workloads.containers_of(manifest)
	some variable in container.spec.env
}) | {["Secret", variable.valueFrom.secretKeyRef.name] |
	some container in workloads.containers_of(manifest)
	some variable in container.spec.env
}

of_pod(pod) := {["Secret", secret.name] | some secret in pod.imagePullSecrets} | {["ServiceAccount", pod.serviceAccountName]}

of_pod(pod) := {["Secret", secret.name] | some secret in pod.imagePullSecrets} if not pod.serviceAccountName

of_ingress(manifest) := {["Secret", entry.secretName] | manifest.kind == "Ingress"; some entry in manifest.spec.tls}
