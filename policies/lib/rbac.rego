# METADATA
# title: Roles and bindings
# description: Reads the rules of roles and the subjects of bindings, however they are written.
package library.lib.rbac

roles := {"Role", "ClusterRole"}

bindings := {"RoleBinding", "ClusterRoleBinding"}

# The rules of a role with the paths that lead to them; none for anything else.
rules_of(manifest) := [entry |
	manifest.kind in roles
	some index, rule in object.get(manifest, "rules", [])
	is_object(rule)
	entry := {"rule": rule, "path": ["rules", index]}
]

# The values of a field of a rule. One that is written as a text counts as a list of it.
values(rule, field) := {value | some value in rule[field]} if is_array(rule[field])

values(rule, field) := {rule[field]} if is_string(rule[field])

values(rule, field) := set() if not written(rule, field)

written(rule, field) if is_array(rule[field])

written(rule, field) if is_string(rule[field])

# Whether a rule speaks of one of the names, or of everything.
speaks_of(rule, field, names) if count(values(rule, field) & (names | {"*"})) > 0

# Everything that a role allows, one by one: [group, resource, names, verb], and the URLs.
grants_of(manifest) := {grant |
	some entry in rules_of(manifest)
	some group in values(entry.rule, "apiGroups")
	some resource in values(entry.rule, "resources")
	some verb in values(entry.rule, "verbs")
	names := values(entry.rule, "resourceNames")
	grant := [group, resource, sort(names), verb]
} | {grant |
	some entry in rules_of(manifest)
	some url in values(entry.rule, "nonResourceURLs")
	some verb in values(entry.rule, "verbs")
	grant := ["url", url, [], verb]
}

# Whether what is granted is covered by something in a set of grants.
covered(grant, grants) if grant in grants

covered([group, resource, names, verb], grants) if {
	some [known_group, known_resource, known_names, known_verb] in grants
	known_group in {group, "*"}
	known_resource in {resource, "*"}
	known_verb in {verb, "*"}
	wide_enough(known_names, names)
}

wide_enough(known, _) if count(known) == 0

wide_enough(known, names) if {
	count(names) > 0
	every name in names {
		name in known
	}
}

subjects_of(manifest) := [entry |
	manifest.kind in bindings
	some index, subject in object.get(manifest, "subjects", [])
	is_object(subject)
	entry := {"subject": subject, "path": ["subjects", index]}
]

# `ServiceAccount shop/web`, `Group ops`.
subject_name(subject) := sprintf("%v %v/%v", [subject.kind, subject.namespace, subject.name]) if subject.namespace

else := sprintf("%v %v", [object.get(subject, "kind", "subject"), object.get(subject, "name", "without a name")])
