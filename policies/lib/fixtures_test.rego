package library.lib.fixtures

# A Deployment whose one container `app` says this.
container(fields) := pod({"containers": [object.union({"name": "app", "image": "web"}, fields)]})

pod(spec) := workload("Deployment", spec)

workload("Pod", spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}

workload(kind, spec) := {
	"apiVersion": "apps/v1",
	"kind": kind,
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": spec}},
} if {
	not kind in {"Pod", "CronJob", "PodTemplate"}
}

workload("CronJob", spec) := {
	"apiVersion": "batch/v1",
	"kind": "CronJob",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}},
}

workload("PodTemplate", spec) := {
	"apiVersion": "v1",
	"kind": "PodTemplate",
	"metadata": {"name": "web", "namespace": "shop"},
	"template": {"spec": spec},
}

kinds := {
	"Pod",
	"PodTemplate",
	"ReplicationController",
	"ReplicaSet",
	"Deployment",
	"StatefulSet",
	"DaemonSet",
	"Job",
	"CronJob",
}

secure(context) := container({"securityContext": context})

changeset(operations) := {
	"apiVersion": "policy.sluice.dev/v1alpha1",
	"kind": "Changeset",
	"changeset": {
		"id": "sha256:0",
		"trigger": "git",
		"dryRun": false,
		"evaluatedAt": "2026-11-28T17:00:00Z",
		"evaluatedAtNs": 1795885200000000000,
		"delivery": {"namespace": "shop", "name": "shop", "path": "prod"},
		"cluster": {"kubernetesVersion": "1.36.1"},
		"source": {
			"repository": "https://git.example.com/shop.git",
			"ref": "main",
			"revision": "main@sha1:1",
			"previousRevision": "main@sha1:0",
			"author": {"name": "Dana", "email": "dana@example.com"},
			"committer": {"name": "Dana", "email": "dana@example.com"},
			"message": "Change something",
			"signature": {"present": false, "verified": false},
		},
	},
	"operations": operations,
}

operation(op, manifest, old) := {
	"id": concat("/", [group, the.kind, namespace, the.metadata.name]),
	"op": op,
	"gvk": {"group": group, "version": version, "kind": the.kind},
	"scope": scope,
	"namespace": namespace,
	"name": the.metadata.name,
	"object": manifest,
	"oldObject": old,
	"fields": [],
	"takesFrom": [],
	"source": null,
} if {
	the := [each | some each in [manifest, old]; each != null][0]
	[group, version] := group_version(the.apiVersion)
	namespace := object.get(the.metadata, "namespace", "")
	scope := {true: "Cluster", false: "Namespaced"}[namespace == ""]
}

group_version(text) := split(text, "/") if contains(text, "/")

group_version(text) := ["", text] if not contains(text, "/")

create(manifest) := operation("create", manifest, null)

update(old, manifest) := operation("update", manifest, old)

replace(old, manifest) := operation("replace", manifest, old)

delete(old) := operation("delete", null, old)

thing(version, kind, namespace, name) := {
	"apiVersion": version,
	"kind": kind,
	"metadata": {"name": name, "namespace": namespace},
}

annotated(manifest, annotations) := object.union(manifest, {"metadata": {"annotations": annotations}})

with_spec(manifest, spec) := object.union(manifest, {"spec": spec})

deployment(spec) := object.union(thing("apps/v1", "Deployment", "shop", "web"), {"spec": spec})

running(containers) := deployment({"template": {"spec": {"containers": containers}}})
