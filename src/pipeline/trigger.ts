import type { Inventory } from "../domain/Inventory.ts"
import { parse } from "../domain/Revision.ts"
import type { Trigger } from "../policy/ChangesetDocument.ts"
import type { Why } from "./Request.ts"
import type { Tree } from "./Tree.ts"

/**
 * Why something would change. Where nothing is wanted but what is applied, the cluster left it, or somebody asked. Else it
 * is the commit's doing (`rollback`, if it was applied before), or that of whoever changed the Delivery or its policies.
 */
export const triggerOf = (
  { artifact, identity }: Pick<Tree, "identity"> & { readonly artifact: Pick<Tree["artifact"], "revision"> },
  { applied, earlier = [] }: Inventory,
  why: Why
): Trigger => {
  const { hash } = artifact.revision
  const isApplied = parse(applied?.revision ?? "")?.hash === hash
  // A record whose key is lost, or whose revision was half overwritten, does not know its identity.
  const isSame = applied?.identity === identity || (applied?.identity === "" && isApplied)
  if (isSame) return why === "manual" ? "manual" : "drift"
  return isApplied ? "manual" : earlier.includes(hash) ? "rollback" : "git"
}
