import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { milliseconds } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import { atClose } from "../domain/atClose.ts"
import { normalizedRepository } from "../domain/repositoryAddress.ts"
import type { Revision } from "../domain/Revision.ts"
import type { FetchError } from "../domain/StageError.ts"
import type { Secrets } from "../kube/Secrets.ts"
import { Fetch, type Opened, type Sourced } from "./Fetch.ts"
import { type Listed, makePoller, type Poller, type Why } from "./Poller.ts"

/** A delivery's source, kept up to date for it. The Secret was read once: new credentials want a new follower. */
export interface Followed {
  /** What the last listing said: the revision, or its failure; waits for the first one. No request of its own. */
  readonly head: Effect.Effect<Revision, FetchError>
  /** Has it told, until the scope closes, of each listing since that said something else than the one before, a failure included. */
  readonly onNews: (heard: (why: Why) => Effect.Effect<void>) => Effect.Effect<void>
  /** Lists anew and returns when that is done. Who asks while a listing is under way shares the next one. */
  readonly refresh: Effect.Effect<void>
  /** When it was, and is to be, listed; undefined for a pinned commit, which never is. */
  readonly listed: () => Listed | undefined
  /** Milliseconds since the epoch: when its credentials end, where they say so. */
  readonly expires: number | undefined
  /** Whoever follows this source next gets a poller of its own: the one that there is does not move. */
  readonly abandon: Effect.Effect<void>
  /** The tree of a revision; no request if the cache has it. */
  readonly fetch: (revision: Revision) => Effect.Effect<Artifact, FetchError, Scope.Scope>
}

/** The newest revision of each source, kept by one poller for all who share URL, credentials and ref. */
export class Sources extends Context.Service<Sources, {
  /**
   * Follows a delivery's source until the scope closes: one listing an interval, the shortest of all followers', up to
   * a tenth early. Failed listings are tried again with backoff. A commit is never listed.
   */
  readonly follow: (delivery: Sourced) => Effect.Effect<Followed, FetchError, Secrets | Scope.Scope>
  /** Lists every source of a repository, in any spelling, at once; a burst costs two listings. Answers how many. */
  readonly hint: (repository: string) => Effect.Effect<number>
}>()("sluice/fetch/Sources") {
  static readonly layer: Layer.Layer<Sources, never, Fetch> = Layer.effect(Sources, Effect.suspend(() => make))
}

/** However short the interval that somebody writes, a server is asked once a second at most. */
const shortestInterval = 1_000

interface Source {
  readonly poller: Poller
  readonly repository: string | undefined
  fiber: Fiber.Fiber<never> | undefined
}

const make = Effect.gen(function*() {
  const fetch = yield* Fetch
  const scope = yield* Effect.scope
  const sources = new Map<string, Source>()

  const sourceOf = ({ key, list, url }: Opened): Source => {
    const known = sources.get(key)
    if (known !== undefined) return known
    const source: Source = { poller: makePoller(list), repository: normalizedRepository(url), fiber: undefined }
    sources.set(key, source)
    return source
  }

  /** Finding a source and joining it are one step, and so are leaving it and forgetting it. */
  const join = Effect.fnUntraced(function*(opened: Opened, interval: number) {
    const isRunning = sources.has(opened.key)
    const source = sourceOf(opened)
    const { leave, onNews } = source.poller.join(interval)
    yield* atClose(Effect.suspend(() => {
      const { fiber } = source
      if (leave() > 0 || fiber === undefined) return Effect.void
      if (sources.get(opened.key) === source) sources.delete(opened.key)
      return Fiber.interrupt(fiber)
    }))
    if (!isRunning) source.fiber = yield* Effect.forkIn(source.poller.run, scope)
    return { source, onNews }
  }, Effect.uninterruptible)

  const follow = Effect.fn("Sources.follow")(function*(
    delivery: Sourced
  ): Effect.fn.Return<Followed, FetchError, Secrets | Scope.Scope> {
    const opened = yield* fetch.open(delivery)
    yield* opened.follow
    const { expires, pinned } = opened
    if (pinned !== undefined) {
      return {
        head: Effect.succeed(pinned),
        onNews: () => Effect.void,
        refresh: Effect.void,
        listed: () => undefined,
        expires,
        abandon: Effect.void,
        fetch: opened.fetch
      }
    }
    const interval = Math.max(shortestInterval, milliseconds(delivery.spec.source.interval))
    const { onNews, source } = yield* join(opened, interval)
    const { poller } = source
    yield* poller.younger(interval)
    // The first listing is what `head` waits for: it is no news.
    const seen = Math.max(1, poller.version())
    return {
      head: Effect.flatMap(poller.said, (said) => Effect.mapError(Effect.fromResult(said), opened.told)),
      onNews: (heard) => onNews(seen, heard),
      refresh: poller.refresh,
      listed: poller.listed,
      expires,
      abandon: Effect.sync(() => {
        if (sources.get(opened.key) === source) sources.delete(opened.key)
      }),
      fetch: opened.fetch
    }
  })

  return {
    follow,
    hint: Effect.fnUntraced(function*(repository) {
      // As it is too: `host:3000/shop`, the one spelling, would be read as a path on a host.
      const wanted = new Set([repository, normalizedRepository(repository)])
      const meant = [...sources.values()].filter((source) =>
        source.repository !== undefined && wanted.has(source.repository)
      )
      for (const { poller } of meant) yield* poller.hint
      return meant.length
    })
  } satisfies Sources["Service"]
})
