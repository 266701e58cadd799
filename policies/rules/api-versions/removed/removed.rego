# METADATA
# title: The API version is served
# description: >-
#   An API version that the cluster serves no more cannot be applied, and blocks the upgrade that removes it.
# related_resources:
# - ref: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
# custom:
#   id: api-versions/removed
#   severity: high
#   remedy: Write the API version that the message names, and look up what changed in it.
#   parameters:
#     kubernetesVersion: Version of the cluster, or the next one that it is upgraded to (text; "1.36").
package library.api_versions.removed

import data.library.lib.api_versions

deny contains api_versions.problem

deny contains {"msg": message, "path": ["apiVersion"]} if {
	[_, removed, replacement] := api_versions.entry
	api_versions.minor >= removed
	message := sprintf(
		"%s %s is not served since Kubernetes 1.%v; %s",
		[input.apiVersion, input.kind, removed, api_versions.instead(replacement)],
	)
}
