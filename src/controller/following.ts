import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { FetchError } from "../domain/StageError.ts"
import { type Followed, Sources } from "../fetch/Sources.ts"
import type { Secrets } from "../kube/Secrets.ts"
import type { Why } from "../pipeline/Request.ts"

/**
 * The source of a Delivery, followed from the first look that finds it on; one that cannot be followed (no such Secret,
 * an address that is none) is tried anew at each look. Its news wake the lane.
 */
export const following = Effect.fnUntraced(function*(
  delivery: Delivery,
  wake: (why: Why) => Effect.Effect<void>
) {
  const sources = yield* Sources
  const context = yield* Effect.context<Secrets | Scope.Scope>()
  let known: Followed | undefined
  const lock = yield* Semaphore.make(1)
  const begin: Effect.Effect<Followed, FetchError> = sources.follow(delivery).pipe(
    Effect.tap((source) => {
      known = source
      return source.onNews(wake)
    }),
    Effect.provide(context)
  )
  const followed = Semaphore.withPermit(lock, Effect.suspend(() => known === undefined ? begin : Effect.succeed(known)))
  return {
    followed,
    /** The same, if it is known by now. */
    known: () => known,
    /** Looks anew, if it can be followed at all. */
    refresh: Effect.ignore(Effect.flatMap(followed, ({ refresh }) => refresh))
  }
})
