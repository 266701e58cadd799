package library.pod_security.se_linux_test

import data.library.lib.fixtures
import data.library.pod_security.se_linux

test_types_of_containers_are_allowed if {
	every type in ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"] {
		count(se_linux.deny) == 0 with input as fixtures.secure({"seLinuxOptions": {"type": type, "level": "s0:c1,c2"}})
	}
}

test_other_types_users_and_roles_are_denied if {
	options := {"type": "spc_t", "user": "system_u", "role": "system_r"}
	count(se_linux.deny) == 3 with input as fixtures.secure({"seLinuxOptions": options})
	count(se_linux.deny) == 3 with input as fixtures.pod({"securityContext": {"seLinuxOptions": options}})
}
