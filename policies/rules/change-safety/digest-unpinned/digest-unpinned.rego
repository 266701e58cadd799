# METADATA
# title: A pinned image stays pinned
# description: Without its digest the same manifest may run other bytes tomorrow.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-names
# schemas:
# - input: schema.changeset
# custom:
#   id: change-safety/digest-unpinned
#   severity: high
#   remedy: Write the image as <name>@sha256:<digest>; docker buildx imagetools inspect prints it.
package library.change_safety.digest_unpinned

import data.library.lib.changeset
import data.library.lib.images
import data.library.lib.workloads

deny contains {"msg": message, "operation": operation.id, "path": array.concat(after.path, ["image"])} if {
	some operation in changeset.changes
	old := workloads.containers_of(changeset.old_of(operation))
	was_pinned(operation, old)
	some after in workloads.containers_of(changeset.object_of(operation))
	not is_pinned(after)
	not was_unpinned(after, old)
	image := object.get(after.spec, "image", "")
	message := sprintf("%s of %s runs %s, which is not pinned any more", [after.is, changeset.name(operation), json.marshal(image)])
}

is_pinned(container) if images.is_digest(images.parse(object.get(container.spec, "image", "")).digest)

# An unknown old object may have been pinned.
was_pinned(_, old) if {
	some before in old
	is_pinned(before)
}

was_pinned(operation, _) if changeset.old_of(operation) == {}

# The container of that name was not pinned before either.
was_unpinned(after, old) if {
	some before in old
	before.is == after.is
	not is_pinned(before)
}
