import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { guarding as keepLoaded, type GuardState, unguarded } from "../pipeline/guarding.ts"
import type { Guards } from "../pipeline/Guards.ts"
import type { Request } from "../pipeline/Request.ts"
import type { DeliveryFile } from "./DeliveryFile.ts"
import { guarding } from "./guardSelection.ts"
import * as print from "./print.ts"

/** One bundle of a file, as it is now. */
interface Kept {
  readonly first: Deferred.Deferred<void>
  state: GuardState | undefined
}

/**
 * Follows the PolicyBundles of a file until the scope closes: the guards of each delivery as they are, and requests for a
 * run whenever they have become others.
 */
export const keptGuards = Effect.fnUntraced(function*(
  file: Pick<DeliveryFile, "bundles" | "namespaces">,
  secretsOf: (bundle: PolicyBundle) => Context.Context<Secrets>
) {
  const bundles = new Map<string, Kept>()
  const waiting = new Set<{ readonly names: ReadonlySet<string>; readonly requests: Queue.Enqueue<Request> }>()
  for (const bundle of file.bundles) {
    const { name } = bundle.metadata
    const kept: Kept = { first: yield* Deferred.make<void>(), state: undefined }
    bundles.set(name, kept)
    const take = Effect.fnUntraced(function*(state: GuardState) {
      const before = kept.state
      kept.state = state
      yield* Deferred.succeed(kept.first, undefined)
      if (before === undefined) return
      if (state.error !== undefined) yield* print.warning(`PolicyBundle ${name}: ${state.error.message}`)
      if (before.guard?.bundle.digest === state.guard?.bundle.digest) return
      for (const { names, requests } of waiting) {
        if (names.has(name)) yield* Queue.offer(requests, { why: "policy" })
      }
    })
    yield* Effect.forkScoped(Effect.provide(keepLoaded(bundle, take), secretsOf(bundle)))
  }
  return (delivery: Delivery): { readonly guards: Guards; readonly requests: Stream.Stream<Request> } => {
    const names = guarding(file, delivery).map(({ metadata: { name } }) => name)
    const current = Effect.forEach(names, (name) => {
      const kept = bundles.get(name)!
      return Effect.flatMap(Deferred.await(kept.first), () => {
        const { error, guard } = kept.state!
        return guard === undefined ? Effect.fail(unguarded(name, error!)) : Effect.succeed(guard.bundle)
      })
    })
    const requests = Stream.callback<Request>((queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const asked = { names: new Set(names), requests: queue }
          waiting.add(asked)
          return asked
        }),
        (asked) => Effect.sync(() => void waiting.delete(asked))
      )
    )
    return { guards: { current }, requests: names.length === 0 ? Stream.empty : requests }
  }
})
