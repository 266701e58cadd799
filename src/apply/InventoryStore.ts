import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Inventory } from "../domain/Inventory.ts"
import type { ApplyFailed } from "../domain/StageError.ts"
import type { KubeStatus } from "../kube/KubeStatus.ts"

/** Reads and writes what a delivery owns. An inventory that cannot be read is an error, never an empty one. */
export class InventoryStore extends Context.Service<InventoryStore, {
  readonly load: Effect.Effect<Inventory, ApplyFailed, KubeStatus>
  readonly save: (inventory: Inventory) => Effect.Effect<void, ApplyFailed, KubeStatus>
}>()("sluice/apply/InventoryStore") {}
