# METADATA
# title: The API version has a future
# description: A deprecated API version still works and warns; a later Kubernetes removes it.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
# custom:
#   id: api-versions/deprecated
#   severity: low
#   remedy: Write the API version that the message names before the upgrade to the Kubernetes that removes this one.
#   parameters:
#     kubernetesVersion: Version of the cluster (text; "1.36").
package library.api_versions.deprecated

import data.library.lib.api_versions

deny contains api_versions.problem

warn contains {"msg": message, "path": ["apiVersion"]} if {
	[deprecated, removed, replacement] := api_versions.entry
	api_versions.minor >= deprecated
	api_versions.minor < removed
	message := sprintf(
		"%s %s is deprecated and not served from Kubernetes 1.%v on; %s",
		[input.apiVersion, input.kind, removed, api_versions.instead(replacement)],
	)
}

warn contains {"msg": message, "path": ["apiVersion"]} if {
	[deprecated, replacement] := api_versions.lasting[input.apiVersion][input.kind]
	api_versions.minor >= deprecated
	message := sprintf("%s %s is deprecated; use %s", [input.apiVersion, input.kind, replacement])
}
