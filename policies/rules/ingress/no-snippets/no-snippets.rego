# METADATA
# title: No Ingress configures the proxy itself
# description: >-
#   A snippet is configuration that the proxy runs with its own rights, and its account may read the Secrets of all
#   (CVE-2021-25742).
# related_resources:
# - ref: https://kubernetes.github.io/ingress-nginx/faq/#validation-of-path
# custom:
#   id: ingress/no-snippets
#   severity: critical
#   remedy: Use the annotation made for the purpose, or have the platform configure the proxy.
package library.ingress.no_snippets

deny contains {"msg": message, "path": ["metadata", "annotations", key]} if {
	input.kind == "Ingress"
	some key, _ in object.get(input, ["metadata", "annotations"], {})
	regex.match(`(-snippets?|/auth-url-snippet|lua-resty-waf.*)$`, key)
	message := sprintf("annotation %s", [key])
}
