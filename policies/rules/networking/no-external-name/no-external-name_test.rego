package library.networking.no_external_name_test

import data.library.networking.no_external_name

service(spec) := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}

test_a_service_of_pods_is_allowed if {
	count(no_external_name.deny) == 0 with input as service({"selector": {"app": "web"}})
}

test_a_name_is_denied if {
	count(no_external_name.deny) == 1 with input as service({"type": "ExternalName", "externalName": "db.example.com"})
	count(no_external_name.deny) == 1 with input as service({"type": "ExternalName"})
	count(no_external_name.deny) == 1 with input as service({"externalName": "db.example.com"})
}

test_a_parameter_allows_some if {
	count(no_external_name.deny) == 0 with input as service({"type": "ExternalName", "externalName": "db.example.com"})
		with data.parameters.allowedExternalNames as ["db.example.com"]
}
