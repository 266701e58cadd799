package library.secrets.no_credentials_in_config_maps_test

import data.library.secrets.no_credentials_in_config_maps

map(pairs) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": pairs}

test_settings_are_allowed if {
	every value in [
		{"LOG_LEVEL": "debug", "PASSWORD_FILE": "/run/secrets/password", "TOKEN_TTL": "15m", "secretName": "web"},
		{"DB_PASSWORD": "", "API_KEY": "$(API_KEY)", "token": "${TOKEN}", "passwordMinLength": "12"},
		{"app.yaml": "database:\n  user: web\n  password: ${DB_PASSWORD}\n"},
		{"URL": "https://example.com/path"},
	] {
		count(no_credentials_in_config_maps.deny) == 0 with input as map(value)
	}
}

test_credentials_by_their_key_are_denied if {
	every key in ["DB_PASSWORD", "apiKey", "client-secret", "accessToken", "db.passwd"] {
		some violation in no_credentials_in_config_maps.deny with input as map({key: "hunter22"})
		violation.path == ["data", key]
		not contains(violation.msg, "hunter22")
	}
}

test_credentials_in_files_are_denied if {
	count(no_credentials_in_config_maps.deny) == 1 with input as map({"app.yaml": "database:\n  password: hunter22\n"})
	count(no_credentials_in_config_maps.deny) == 1 with input as map({"app.properties": "a=b\ndb.password=hunter22"})
}

test_known_formats_are_denied if {
	every value in [
		"AKIAIOSFODNN7EXAMPLE",
		"https://web:hunter22@db.example.com/shop",
		concat("", ["ghp_", concat("", ["a" | some _ in numbers.range(1, 36)])]),
		concat("", ["glpat-", concat("", ["a" | some _ in numbers.range(1, 20)])]),
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
	] {
		count(no_credentials_in_config_maps.deny) == 1 with input as map({"SETTING": value})
	}
}

test_binary_data_is_read if {
	object := {"kind": "ConfigMap", "binaryData": {"a": base64.encode("AKIAIOSFODNN7EXAMPLE")}}
	count(no_credentials_in_config_maps.deny) == 1 with input as object
}

test_a_parameter_allows_a_key if {
	count(no_credentials_in_config_maps.deny) == 0 with input as map({"TOKEN": "public"}) with data.parameters.allowedCredentialKeys as ["TOKEN"]
}
