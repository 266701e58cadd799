import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { atClose } from "../domain/atClose.ts"
import { at, type Json } from "../domain/Json.ts"
import { KubeReader } from "../kube/KubeReader.ts"

/** A Secret, as somebody sees it. */
export interface Watched {
  readonly namespace: string
  readonly name: string
  /** Milliseconds after which it is looked at again by who may read and not watch it. */
  readonly interval: number
}

/** Which Secrets change: one watch of a Secret for all who read it as the same identity. */
export class SecretVersions extends Context.Service<SecretVersions, {
  /** Watches a Secret until the scope closes; what it answers returns once the Secret is another than it was then. */
  readonly changed: (secret: Watched) => Effect.Effect<Effect.Effect<void>, never, KubeReader | Scope.Scope>
  /** Watches a Secret until the scope closes, and does this each time that it is another. */
  readonly onChange: (
    secret: Watched,
    changed: Effect.Effect<void>
  ) => Effect.Effect<void, never, KubeReader | Scope.Scope>
  /** Returns once it is known how a watched Secret is: a change after that is told. Never for who may not even read it. */
  readonly seen: (secret: Watched) => Effect.Effect<void, never, KubeReader | Scope.Scope>
}>()("sluice/controller/SecretVersions") {
  static readonly layer = Layer.effect(SecretVersions, Effect.suspend(() => make))
}

/** A watch is the same for everybody who is seen as the same user. */
class Shared implements Equal.Equal {
  readonly id: string
  readonly reader: KubeReader["Service"]
  readonly secret: Watched

  constructor(reader: KubeReader["Service"], secret: Watched) {
    this.id = JSON.stringify([reader.identity, secret.namespace, secret.name, secret.interval])
    this.reader = reader
    this.secret = secret
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Shared && that.id === this.id
  }
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

/** The resourceVersion of a Secret, or undefined where there is none. */
type Version = readonly [Json | undefined]

/** How often a Secret was seen to be another; the first time it is only known. */
class Turns {
  #count = 0
  #next = Deferred.makeUnsafe<void>()
  /** Each is its own entry, whoever else does the same. */
  readonly #listeners = new Set<{ readonly changed: Effect.Effect<void> }>()

  readonly turn = Effect.suspend(() => {
    const waiting = this.#next
    this.#next = Deferred.makeUnsafe()
    // Who waits goes on at once, and looks at the count.
    const isFirst = this.#count++ === 0
    Deferred.doneUnsafe(waiting, Exit.void)
    return isFirst
      ? Effect.void
      : Effect.forEach(this.#listeners, ({ changed }) => changed, { discard: true })
  })

  /** Does this after each turn that is not the first, until the scope closes. */
  listen(changed: Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> {
    const listener = { changed }
    this.#listeners.add(listener)
    return atClose(Effect.sync(() => this.#listeners.delete(listener)))
  }

  readonly first: Effect.Effect<void> = Effect.suspend(() => this.#count > 0 ? Effect.void : Deferred.await(this.#next))

  /** From now on: returns after the next turn that is not the first. */
  next(): Effect.Effect<void> {
    const since = Math.max(1, this.#count)
    const wait: Effect.Effect<void> = Effect.suspend(() =>
      this.#count > since ? Effect.void : Effect.andThen(Deferred.await(this.#next), wait)
    )
    return wait
  }
}

const watched = Effect.fnUntraced(function*({ reader, secret: { interval, name, namespace } }: Shared) {
  const ref = { group: "", kind: "Secret", namespace, name }
  const turns = new Turns()
  const look = Effect.map(reader.get("v1", ref), (secret): Version => [at(secret, "metadata", "resourceVersion")])
  const looks = Stream.fromEffectSchedule(Effect.orElseSucceed(look, () => undefined), Schedule.spaced(interval))
  yield* reader.versions("v1", ref).pipe(
    Stream.map((version): Version => [version]),
    Stream.catch(() => looks),
    // A look that fails says nothing about the Secret.
    Stream.filter((version) => version !== undefined),
    Stream.changesWith(([a], [b]) => a === b),
    Stream.runForEach(() => turns.turn),
    Effect.forkScoped
  )
  return turns
})

const make = Effect.gen(function*() {
  const watches = yield* RcMap.make({
    lookup: watched,
    // A lane that restarts finds its watch as it left it.
    idleTimeToLive: "30 seconds"
  })
  const turnsOf = Effect.fnUntraced(function*(secret: Watched) {
    return yield* RcMap.get(watches, new Shared(yield* KubeReader, secret))
  })
  return SecretVersions.of({
    changed: (secret) => Effect.map(turnsOf(secret), (turns) => turns.next()),
    onChange: (secret, changed) => Effect.flatMap(turnsOf(secret), (turns) => turns.listen(changed)),
    seen: (secret) => Effect.flatMap(turnsOf(secret), ({ first }) => first)
  })
})
