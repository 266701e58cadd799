# METADATA
# title: No image goes back to an older version
# description: >-
#   An older version has the bugs that were mended, and may not read what the newer one wrote. A rollback and a revert
#   mean it.
# related_resources:
# - ref: https://semver.org/#spec-item-11
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/image-downgrade
#   severity: high
#   remedy: >-
#     Use the version that runs or a newer one; to go back, revert the commit (git revert says so in its message).
#   parameters:
#     exemptTriggers: Triggers that are not held back (array of texts; rollback and drift).
package library.change_safety.image_downgrade

import data.library.lib.changeset
import data.library.lib.images
import data.library.lib.parameters
import data.library.lib.workloads

deny contains message if some message in parameters.wrong({"exemptTriggers": "array"})

deny contains {"msg": message, "operation": operation.id, "path": array.concat(after.path, ["image"])} if {
	not changeset.is_exempt
	not changeset.is_revert
	some operation in changeset.changes
	some after in workloads.containers_of(changeset.object_of(operation))
	now := images.parse(object.get(after.spec, "image", ""))
	olds := [was |
		some before in workloads.containers_of(changeset.old_of(operation))
		was := images.parse(object.get(before.spec, "image", ""))
		is_same(before, was, after, now)
	]
	count(olds) > 0
	every was in olds {
		goes_back(was.tag, now.tag)
	}
	message := sprintf("%s of %s goes from %v to %v", [after.is, changeset.name(operation), olds[0].tag, told(now.tag)])
}

deny contains {"msg": message, "operation": operation.id} if {
	not changeset.is_exempt
	some operation in changeset.changes
	changeset.kind_of(operation) in changeset.workload_kinds
	changeset.old_of(operation) == {}
	message := sprintf("what %s runs now is not known", [changeset.name(operation)])
}

# The same image, whatever the container is called now and wherever it comes from.
is_same(_, was, _, now) if last(was.repository) == last(now.repository)

last(repository) := parts[count(parts) - 1] if parts := split(repository, "/")

goes_back(was, now) if is_older(images.version(now), images.version(was))

# From a version to something that is none.
goes_back(was, now) if {
	images.version(was)
	not images.version(now)
	was != now
}

told("") := "no tag"

told(tag) := tag if tag != ""

is_older(a, b) if a.numbers < b.numbers

is_older(a, b) if {
	a.numbers == b.numbers
	is_before(a.suffix, b.suffix)
}

# A suffix names a variant (alpine) unless it names what comes before a release.
is_before(a, b) if {
	comes_before_release(a)
	not comes_before_release(b)
}

is_before(a, b) if {
	comes_before_release(a)
	comes_before_release(b)
	semver.compare(concat("-", ["0.0.0", a]), concat("-", ["0.0.0", b])) < 0
}

comes_before_release(suffix) if regex.match(`^(?i:alpha|beta|rc|pre|preview|dev|snapshot|canary|nightly|m[0-9])`, suffix)
