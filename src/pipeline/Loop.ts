import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import type { StageError } from "../domain/StageError.ts"
import type { LaneOptions } from "./Lane.ts"
import type { Right } from "./Rights.ts"
import type { Stages } from "./Stages.ts"
import type { Tree } from "./Tree.ts"

/** What the loop of one delivery is made of. Whatever is optional is what an agent adds. */
export interface Loop
  extends
    Partial<Pick<LaneOptions<Stages | Right>, "attempts" | "beside" | "commit" | "head" | "requests" | "untouched">>
{
  readonly delivery: Delivery
  readonly hear: LaneOptions<Stages | Right>["hear"]
  /** Asked anew for each message. */
  readonly notifiers: Effect.Effect<ReadonlyArray<Notifier>>
  /** Reads the tree of a revision. Without one it is fetched with the delivery's own rights. */
  readonly tree?: LaneOptions<Stages | Right>["tree"]
  /** Waits for its turn, within the scope of the run; fails for as long as something else has to come first. */
  readonly ready?: (tree: Tree) => Effect.Effect<void, StageError, Scope.Scope>
}
