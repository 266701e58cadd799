import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import { KubeReader } from "../kube/KubeReader.ts"
import { type DriftWatch, make as makeWatch, type WatchOptions } from "./DriftWatch.ts"
import { type Covered, make as makeShared } from "./SharedWatch.ts"

export interface Options {
  /** Milliseconds after which kinds that may not be watched are looked at again. */
  readonly interval?: number
}

/** Watches what deliveries own: one watch per identity, kind and namespace for all of them. */
export class Drift extends Context.Service<Drift, {
  /** What one delivery owns, watched as its identity until the scope closes. */
  readonly watch: (
    options: WatchOptions
  ) => Effect.Effect<DriftWatch, never, KubeReader | Scope.Scope>
}>()("sluice/drift/Drift") {
  static readonly layerWith = (options: Options) => Layer.effect(Drift, make(options))
  static readonly layer = Layer.suspend(() => Drift.layerWith({}))
}

/** A watch is the same for everybody who is seen as the same user. */
class Shared implements Equal.Equal {
  readonly id: string
  readonly reader: KubeReader["Service"]
  readonly covered: Covered

  constructor(reader: KubeReader["Service"], covered: Covered) {
    const { apiVersion, kind, namespace } = covered
    this.id = JSON.stringify([reader.identity, apiVersion, kind, namespace])
    this.reader = reader
    this.covered = covered
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Shared && that.id === this.id
  }
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

const make = Effect.fnUntraced(function*({ interval = 60_000 }: Options) {
  const watches = yield* RcMap.make({
    lookup: ({ covered, reader }: Shared) => makeShared(reader, covered, interval),
    // A lane that restarts finds its watches as it left them.
    idleTimeToLive: "30 seconds"
  })
  return Drift.of({
    watch: Effect.fnUntraced(function*(options) {
      const reader = yield* KubeReader
      return yield* makeWatch((covered) => RcMap.get(watches, new Shared(reader, covered)), options)
    })
  })
})
