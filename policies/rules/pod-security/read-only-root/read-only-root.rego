# METADATA
# title: Containers cannot change their own programs
# description: >-
#   Who gets into a container with a writable root can put programs there. Beyond the Pod Security Standards.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
# custom:
#   id: pod-security/read-only-root
#   severity: medium
#   remedy: Set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where the program writes.
package library.pod_security.read_only_root

import data.library.lib.workloads

field := ["securityContext", "readOnlyRootFilesystem"]

deny contains {"msg": message, "path": workloads.at(container, field)} if {
	not workloads.on_windows
	some container in workloads.lasting
	object.get(container.spec, field, null) != true
	message := sprintf("%s can write to its root file system", [container.is])
}
