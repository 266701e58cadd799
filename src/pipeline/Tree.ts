import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { PolicySet } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { policySet } from "../domain/policySet.ts"
import type { Revision } from "../domain/Revision.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { Policy } from "../policy/Policy.ts"
import { endings } from "../policy/waivers.ts"
import { type Closure, Render } from "../render/Render.ts"
import { Guards } from "./Guards.ts"

/** All that a run reads of its source. Two trees of one identity lead to the same plan on the same cluster. */
export interface Tree {
  readonly artifact: Artifact
  readonly closure: Closure
  readonly policies: PolicySet
  /** Of closure, policies (and which of their waivers are over) and spec: a run is known by it. */
  readonly identity: string
  /** When the next of its waivers ends and it becomes another tree, in milliseconds since the epoch. */
  readonly endsAt?: number | undefined
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
  const own = yield* (yield* Policy).load(delivery, artifact)
  const policies = policySet([...yield* (yield* Guards).current, ...own.bundles], own.waivers, own.written)
  const waivers = new Set([...policies.waivers, ...policies.bundles.flatMap((bundle) => bundle.waivers)])
  const { next: endsAt, over } = endings([...waivers], yield* Clock.currentTimeMillis)
  const identity = digest(closure.digest, policies.digest, JSON.stringify(over), JSON.stringify(delivery.spec))
  return { artifact, closure, policies, identity, endsAt } satisfies Tree
})
