# METADATA
# title: Probes and hooks ask the container itself
# description: >-
#   A host in a probe or a life cycle hook makes the kubelet call another address in its own name. Baseline profile of
#   the Pod Security Standards since Kubernetes 1.34.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
# custom:
#   id: pod-security/host-probes
#   severity: medium
#   remedy: Remove host from httpGet and tcpSocket; a host name in a header goes into httpHeaders.
package library.pod_security.host_probes

import data.library.lib.workloads

handlers := [
	["livenessProbe"],
	["readinessProbe"],
	["startupProbe"],
	["lifecycle", "postStart"],
	["lifecycle", "preStop"],
]

deny contains {"msg": message, "path": array.concat(container.path, path)} if {
	some container in workloads.containers
	some handler in handlers
	some action in ["httpGet", "tcpSocket"]
	path := array.concat(handler, [action, "host"])
	host := object.get(container.spec, path, null)
	not host in {"", null}
	message := sprintf("%s: %s calls %v", [container.is, concat(".", array.concat(handler, [action])), host])
}
