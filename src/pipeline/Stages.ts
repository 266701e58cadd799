import * as Effect from "effect/Effect"
import type { Apply } from "../apply/Apply.ts"
import { InventoryStore } from "../apply/InventoryStore.ts"
import { Diff } from "../diff/Diff.ts"
import { refusedRead } from "../domain/refusal.ts"
import { DiffFailed } from "../domain/StageError.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { Notify } from "../notify/Notify.ts"
import { Policy } from "../policy/Policy.ts"
import { Render } from "../render/Render.ts"
import { Watched } from "./Watched.ts"

/** All that the loop is composed of. */
export type Stages = Fetch | Render | Policy | Diff | InventoryStore | Apply | Notify

/** The stages that decide what would change. */
export const planning = Effect.gen(function*() {
  const { capabilities } = yield* KubeReader
  return {
    render: yield* Render,
    policy: yield* Policy,
    diff: yield* Diff,
    inventories: yield* InventoryStore,
    watched: yield* Watched,
    capabilities: Effect.mapError(
      capabilities,
      (failure) => refusedRead(failure, undefined, (fields) => new DiffFailed(fields))
    )
  }
})

/** The stages at both ends of the loop. */
export const ends = Effect.all({ fetch: Fetch, notify: Notify, inventories: InventoryStore, reader: KubeReader })
