import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { PolicySet } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import type { Revision } from "../domain/Revision.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { Policy } from "../policy/Policy.ts"
import { type Closure, Render } from "../render/Render.ts"

/** All that a run reads of its source. Two trees of one identity lead to the same plan on the same cluster. */
export interface Tree {
  readonly artifact: Artifact
  readonly closure: Closure
  readonly policies: PolicySet
  /** Of closure, policies and spec: a run is known by it. */
  readonly identity: string
}

/** Reads what a revision means to a delivery; readable until the scope closes. */
export const readTree = Effect.fnUntraced(function*(delivery: Delivery, revision?: Revision) {
  const [fetch, render, policy] = [yield* Fetch, yield* Render, yield* Policy]
  const artifact = yield* fetch.fetch(delivery, revision)
  return yield* treeOf(delivery, artifact).pipe(
    Effect.provideService(Render, render),
    Effect.provideService(Policy, policy)
  )
})

/** The same for an artifact that is at hand, such as the working tree. */
export const treeOf = Effect.fnUntraced(function*(delivery: Delivery, artifact: Artifact) {
  const closure = yield* (yield* Render).closure(delivery, artifact)
  const policies = yield* (yield* Policy).load(delivery, artifact)
  const identity = digest(closure.digest, policies.digest, JSON.stringify(delivery.spec))
  return { artifact, closure, policies, identity } satisfies Tree
})
