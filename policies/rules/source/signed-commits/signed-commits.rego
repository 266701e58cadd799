# METADATA
# title: Every change comes by a signed commit
# description: Author and committer of a commit are what its writer says; a signature that is trusted is not.
# related_resources:
# - ref: https://docs.gitlab.com/user/project/repository/signed_commits/
# schemas:
# - input: schema.changeset
# custom:
#   id: source/signed-commits
#   severity: high
#   remedy: Sign the commit (git commit -S) with a key that the Delivery's source trusts.
package library.source.signed_commits

import data.library.lib.changeset

deny contains {"msg": message} if {
	changeset.is_change
	not changeset.is_signed
	message := sprintf("commit %v is %s", [object.get(input, ["changeset", "source", "revision"], ""), state])
}

state := "signed by nobody who is trusted" if input.changeset.source.signature.present == true

else := "not signed"
