import * as Cache from "effect/Cache"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { leave, pointersFor, replicas, scaledBy } from "../domain/ignored.ts"
import { at } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { type ObjectRef, ofObject } from "../domain/ObjectRef.ts"
import { refusalOf } from "../domain/refusal.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { KubeReader } from "./KubeReader.ts"

/** The autoscalers of a cluster as one identity sees them, listed once for each namespace that is asked about. */
export interface Autoscalers {
  /**
   * The manifest, its replicas left to an autoscaler that the cluster has for it. Nothing is asked about an object that
   * has none, unless we own those of the live object. Where listing is forbidden, there is no autoscaler.
   */
  readonly leave: (manifest: Manifest, isOwned?: boolean) => Effect.Effect<Manifest, KubeFailure, KubeReader>
  /** Namespaces whose autoscalers may not be listed. */
  readonly unseen: ReadonlySet<string>
}

export interface Options {
  /** How long a list is believed; for the whole of a run, unless given. */
  readonly timeToLive?: Duration.Input
  /** Whether an autoscaler is about to go, and decides nothing any more. */
  readonly isLeaving?: (ref: ObjectRef) => boolean
}

const kind = ["autoscaling/v2", "HorizontalPodAutoscaler"] as const

/** Whether an object says how many replicas it has. */
export const isScalable = ({ object }: Manifest): boolean => typeof at(object, "spec", "replicas") === "number"

/** Made for one identity: what it may list decides what it sees. */
export const makeAutoscalers = Effect.fnUntraced(function*(options: Options = {}) {
  const unseen = new Set<string>()
  const list = Effect.fnUntraced(function*(namespace: string) {
    const reader = yield* KubeReader
    unseen.delete(namespace)
    const found = yield* reader.list(...kind, namespace).pipe(
      Effect.catchIf((failure) => refusalOf(failure) === "denied", () => {
        unseen.add(namespace)
        return Effect.succeed([])
      })
    )
    const rules = found.flatMap((object) => {
      const ref = ofObject({ apiVersion: kind[0], kind: kind[1], ...object })
      return options.isLeaving?.(ref) === true ? [] : scaledBy(ref, object) ?? []
    })
    return pointersFor(rules)
  })
  const pointers = yield* Cache.makeWith(list, {
    capacity: 10_000,
    timeToLive: (exit) => Exit.isSuccess(exit) ? options.timeToLive ?? "1 day" : 0,
    requireServicesAt: "lookup"
  })
  const autoscalers: Autoscalers = {
    unseen,
    leave: Effect.fnUntraced(function*(manifest, isOwned = false) {
      const isAsked = manifest.ref.namespace !== "" && (isOwned || isScalable(manifest)) &&
        manifest.leaves?.includes(replicas) !== true
      return isAsked
        ? leave(manifest, (yield* Cache.get(pointers, manifest.ref.namespace))(manifest.ref))
        : manifest
    })
  }
  return autoscalers
})
