import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import type { Bundle } from "../domain/Decision.ts"
import { retryDelay } from "../domain/retry.ts"
import { format } from "../domain/Revision.ts"
import { classOf, errorPage, hintOf, PolicyUnavailable, type StageError } from "../domain/StageError.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { type Followed, Sources } from "../fetch/Sources.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { Policy } from "../policy/Policy.ts"

/** A PolicyBundle that can judge. */
export interface Guard {
  readonly bundle: Bundle
  /** The ids of its policies, sorted. */
  readonly policies: ReadonlyArray<string>
  /** Of its repository; absent for policies that come with Sluice. */
  readonly revision: string | undefined
}

/** What is known of a PolicyBundle: without a guard it cannot judge, and whoever it selects is not applied. */
export interface GuardState {
  readonly guard: Guard | undefined
  /** Why there is none, or why the one that there is may not be the newest. */
  readonly error: StageError | undefined
}

/** The source of a PolicyBundle as the fetch stage takes it. */
export const sourceOf = ({ spec: { source } }: PolicyBundle) => {
  const { git, interval } = source
  return git && { spec: { source: { git, interval } } }
}

/** Reads a PolicyBundle of policies that come with Sluice. */
export const readShipped = Effect.fnUntraced(function*(resource: PolicyBundle) {
  const loaded = yield* (yield* Policy).bundle(resource, undefined)
  const guard: Guard = { ...loaded, revision: undefined }
  return guard
})

/** Reads a PolicyBundle once, as it is now. */
export const readGuard = Effect.fnUntraced(function*(resource: PolicyBundle) {
  const source = sourceOf(resource)
  if (source === undefined) return yield* readShipped(resource)
  const artifact = yield* (yield* Fetch).fetch(source)
  const loaded = yield* (yield* Policy).bundle(resource, artifact)
  const guard: Guard = { ...loaded, revision: format(artifact.revision) }
  return guard
}, Effect.scoped)

/** That the newest cannot be had says nothing about the one before; that it is broken does. */
const isPassing = (error: StageError): boolean =>
  errorPage[error._tag].stage === "fetch" && error._tag !== "InvalidSpec" || classOf(error) === "transient"

/** How a PolicyBundle is looked at; `stirred` opens when its repository has news. */
const looking = Effect.fnUntraced(function*(resource: PolicyBundle, stirred: Latch.Latch) {
  const [policy, scope, source] = [yield* Policy, yield* Effect.scope, sourceOf(resource)]
  if (source === undefined) {
    const shipped = Effect.provideService(readShipped(resource), Policy, policy)
    return () => shipped
  }
  const sources = yield* Sources
  const secrets = yield* Effect.context<Secrets>()
  let followed: Followed | undefined
  const follow = Effect.suspend(() =>
    followed === undefined
      ? sources.follow(source).pipe(
        Effect.tap((found) => {
          followed = found
          return found.onNews(() => Effect.asVoid(stirred.open))
        }),
        Effect.provide(secrets),
        Scope.provide(scope)
      )
      : Effect.succeed(followed)
  )
  return Effect.fnUntraced(function*(before: Guard | undefined): Effect.fn.Return<Guard, StageError, Scope.Scope> {
    const { fetch, head } = yield* follow
    const revision = yield* head
    if (before?.revision === format(revision)) return before
    const loaded = yield* policy.bundle(resource, yield* fetch(revision))
    return { ...loaded, revision: format(revision) }
  }, Effect.scoped)
})

/**
 * Keeps a PolicyBundle loaded and compiled until it is interrupted, and tells each look at it. Where its repository is
 * out of reach the revision that was loaded before goes on judging; a revision that cannot be used takes its place all
 * the same, and then nothing judges. `before` was loaded by what the bundle says already.
 */
export const guarding = Effect.fnUntraced(function*(
  resource: PolicyBundle,
  tell: (state: GuardState) => Effect.Effect<void>,
  before?: Guard
) {
  const stirred = yield* Latch.make(false)
  const look = yield* looking(resource, stirred)
  let guard = before
  for (let failures = 0;;) {
    yield* stirred.close
    const looked = yield* Effect.result(look(guard))
    if (Result.isSuccess(looked)) {
      guard = looked.success
      failures = 0
      yield* tell({ guard, error: undefined })
      yield* stirred.await
      continue
    }
    const error = looked.failure
    if (!isPassing(error)) guard = undefined
    yield* tell({ guard, error })
    const delay = yield* retryDelay(error, failures++)
    yield* delay === undefined ? stirred.await : Effect.timeoutOption(stirred.await, delay)
  }
})

/** What a Delivery is told whose bundle cannot judge. */
export const unguarded = (name: string, error: StageError): PolicyUnavailable =>
  new PolicyUnavailable({
    detail: `PolicyBundle ${name} selects this Delivery and cannot judge: ${error.message}`,
    hint: `${hintOf(error)} Until it can, nothing that it selects is applied.`,
    class: classOf(error)
  })
