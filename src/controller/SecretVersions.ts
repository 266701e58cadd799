import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
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
  /** Emits when a Secret is another than it was when this began; until the scope closes. */
  readonly changes: (secret: Watched) => Effect.Effect<Stream.Stream<unknown>, never, KubeReader | Scope.Scope>
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

const watched = Effect.fnUntraced(function*({ reader, secret: { interval, name, namespace } }: Shared) {
  const ref = { group: "", kind: "Secret", namespace, name }
  const known = yield* SubscriptionRef.make<Version | undefined>(undefined)
  const look = Effect.map(reader.get("v1", ref), (secret): Version => [at(secret, "metadata", "resourceVersion")])
  const looks = Stream.fromEffectSchedule(Effect.orElseSucceed(look, () => undefined), Schedule.spaced(interval))
  yield* reader.versions("v1", ref).pipe(
    Stream.map((version): Version => [version]),
    Stream.catch(() => looks),
    // A look that fails says nothing about the Secret.
    Stream.filter((version) => version !== undefined),
    Stream.changesWith(([a], [b]) => a === b),
    Stream.runForEach((version) => SubscriptionRef.set(known, version)),
    Effect.forkScoped
  )
  return known
})

const make = Effect.gen(function*() {
  const watches = yield* RcMap.make({
    lookup: watched,
    // A lane that restarts finds its watch as it left it.
    idleTimeToLive: "30 seconds"
  })
  return SecretVersions.of({
    changes: Effect.fnUntraced(function*(secret) {
      const known = yield* RcMap.get(watches, new Shared(yield* KubeReader, secret))
      return SubscriptionRef.changes(known).pipe(Stream.filter((version) => version !== undefined), Stream.drop(1))
    })
  })
})
