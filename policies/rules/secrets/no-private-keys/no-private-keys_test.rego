package library.secrets.no_private_keys_test

import data.library.lib.fixtures
import data.library.secrets.no_private_keys

key := "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n"

test_certificates_are_allowed if {
	certificate := "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
	count(no_private_keys.deny) == 0 with input as {"kind": "ConfigMap", "data": {"ca.crt": certificate}}
	count(no_private_keys.deny) == 0 with input as {"kind": "ConfigMap", "data": {"ca.crt": base64.encode(certificate)}}
}

test_keys_are_denied_wherever_they_are if {
	every value in [key, base64.encode(key), "-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----"] {
		count(no_private_keys.deny) == 1 with input as {"kind": "ConfigMap", "data": {"a": value}}
		count(no_private_keys.deny) == 1 with input as fixtures.container({"env": [{"name": "A", "value": value}]})
		count(no_private_keys.deny) == 1 with input as {"kind": "Service", "metadata": {"annotations": {"a": value}}}
	}
	count(no_private_keys.deny) == 1 with input as {"kind": "ConfigMap", "binaryData": {"a": base64.encode(key)}}
}
