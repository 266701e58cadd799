import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { refused, refusedRead } from "../domain/refusal.ts"
import { ApplyFailed, type KubeFailure } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"

/** Milliseconds between two looks: short at first, since most waits are. */
const pauses = [20, 50, 100, 200, 500]
const longest = 1_000

export const applyFailed = (manifest: Manifest | undefined) => (failure: KubeFailure) =>
  refused(failure, manifest, (fields) => new ApplyFailed(fields))

export const readFailed = (manifest: Manifest) => (failure: KubeFailure) =>
  refusedRead(failure, manifest, (fields) => new ApplyFailed(fields))

/** Looks again and again until there is something to return; interruptible at once. */
export const until = Effect.fnUntraced(function*<A, E, R>(
  look: Effect.Effect<A | undefined, E, R>,
  timeout: number,
  late: () => ApplyFailed
) {
  const deadline = (yield* Clock.currentTimeMillis) + timeout
  for (let turn = 0;; turn++) {
    const found = yield* look
    if (found !== undefined) return found
    if ((yield* Clock.currentTimeMillis) >= deadline) return yield* late()
    yield* Effect.sleep(pauses[turn] ?? longest)
  }
})

const late = (manifest: Manifest, detail: string) => (): ApplyFailed =>
  new ApplyFailed({ object: manifest.ref, origin: manifest.origin, detail, class: "transient" })

/** Waits until the object with this uid is gone: finalizers take their time. */
export const gone = Effect.fnUntraced(function*(manifest: Manifest, uid: string, timeout: number) {
  const reader = yield* KubeReader
  const look = Effect.map(
    Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), readFailed(manifest)),
    (object) => object === undefined || at(object, "metadata", "uid") !== uid ? true : undefined
  )
  yield* until(look, timeout, late(manifest, "is being deleted, and its finalizers have not let it go"))
})

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

const refusedNames = (crd: JsonObject | undefined): string | undefined => {
  const condition = list(at(crd, "status", "conditions"))
    .find((condition) => at(condition, "type") === "NamesAccepted" && at(condition, "status") === "False")
  return condition === undefined ? undefined : String(at(condition, "message"))
}

/** The kinds that a CRD serves, as the cluster's discovery tells them. */
const served = (crd: JsonObject): ReadonlyArray<{ readonly apiVersion: string; readonly kind: string }> =>
  list(at(crd, "spec", "versions"))
    .filter((version) => at(version, "served") === true)
    .map((version) => ({
      apiVersion: `${String(at(crd, "spec", "group"))}/${String(at(version, "name"))}`,
      kind: String(at(crd, "spec", "names", "kind"))
    }))

/** Before the first look at a definition, and between two: to write out a large one costs the server a second. */
const doubt = "10 seconds"

/** Fails when the server says that it will never serve the definition: its names are taken. */
const untilRefused = Effect.fnUntraced(function*(manifest: Manifest) {
  const reader = yield* KubeReader
  for (;;) {
    yield* Effect.sleep(doubt)
    const crd = yield* Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), readFailed(manifest))
    const why = refusedNames(crd)
    if (why === undefined) continue
    return yield* new ApplyFailed({ object: manifest.ref, origin: manifest.origin, detail: why, class: "stalled" })
  }
})

/** Asked of discovery, not of the definition: it tells what is established of all kinds in one small answer. */
const untilServed = Effect.fnUntraced(function*(manifest: Manifest, timeout: number) {
  const reader = yield* KubeReader
  for (const { apiVersion, kind } of served(manifest.object)) {
    yield* until(
      Effect.mapError(reader.kindOf(apiVersion, kind), readFailed(manifest)),
      timeout,
      late(manifest, `${apiVersion} ${kind} is not served yet`)
    )
  }
})

const active = Effect.fnUntraced(function*(manifest: Manifest, timeout: number) {
  const reader = yield* KubeReader
  const look = Effect.map(
    Effect.mapError(reader.get(manifest.apiVersion, manifest.ref), readFailed(manifest)),
    (namespace) => at(namespace, "status", "phase") === "Active" ? true : undefined
  )
  yield* until(look, timeout, late(manifest, "was not active in time"))
})

/** Waits until others can use what was just written: a definition's kinds are served, a namespace takes objects. */
export const usable = Effect.fnUntraced(function*(manifest: Manifest, timeout: number) {
  if (manifest.ref.kind === "CustomResourceDefinition") {
    yield* Effect.raceFirst(untilServed(manifest, timeout), untilRefused(manifest))
    return
  }
  if (manifest.ref.kind === "Namespace" && manifest.ref.group === "") yield* active(manifest, timeout)
})
