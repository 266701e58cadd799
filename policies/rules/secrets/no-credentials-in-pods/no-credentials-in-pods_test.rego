package library.secrets.no_credentials_in_pods_test

import data.library.lib.fixtures
import data.library.secrets.no_credentials_in_pods

env(name, value) := fixtures.container({"env": [{"name": name, "value": value}]})

test_references_and_settings_are_allowed if {
	count(no_credentials_in_pods.deny) == 0 with input as fixtures.container({"env": [
		{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
		{"name": "LOG_LEVEL", "value": "debug"},
	]})
	count(no_credentials_in_pods.deny) == 0 with input as env("DB_PASSWORD_FILE", "/run/secrets/db")
	count(no_credentials_in_pods.deny) == 0 with input as fixtures.container({"args": ["--token-file=/run/token", "--port=80"]})
}

test_plain_values_are_denied if {
	some violation in no_credentials_in_pods.deny with input as env("DB_PASSWORD", "hunter22")
	violation.path == ["spec", "template", "spec", "containers", 0, "env", 0, "value"]
	count(no_credentials_in_pods.deny) == 1 with input as env("ANYTHING", "AKIAIOSFODNN7EXAMPLE")
}

test_command_lines_are_denied if {
	count(no_credentials_in_pods.deny) == 1 with input as fixtures.container({"args": ["--password=hunter22"]})
	count(no_credentials_in_pods.deny) == 1 with input as fixtures.container({"command": ["sh", "-c", "curl -u web:x https://a:hunter22@b.example.com"]})
}
