import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { until } from "../apply/wait.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { display } from "../domain/ObjectRef.ts"
import { ApplyFailed } from "../domain/StageError.ts"
import { InstallWriter } from "../kube/InstallWriter.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import type { LivePart } from "./standing.ts"
import { readFailed, writeFailed } from "./survey.ts"

/** Seconds that a Lease holds unless it says so, and at most. */
const leaseSeconds = { usual: 15, longest: 300 }

/** A Lease of an agent: who holds it and when it was last renewed. */
export interface AgentLease {
  readonly name: string
  readonly holder: string
  readonly renewed: number
  /** Milliseconds. */
  readonly duration: number
}

const leaseOf = (object: JsonObject): AgentLease => {
  const seconds = at(object, "spec", "leaseDurationSeconds")
  return {
    name: String(at(object, "metadata", "name")),
    holder: String(at(object, "spec", "holderIdentity") ?? ""),
    renewed: Date.parse(String(at(object, "spec", "renewTime") ?? "")),
    duration: Math.min(typeof seconds === "number" ? seconds : leaseSeconds.usual, leaseSeconds.longest) * 1_000
  }
}

const isAgents = (object: JsonObject): boolean => {
  const name: Json | undefined = at(object, "metadata", "name")
  return typeof name === "string" && name.startsWith("sluice-") &&
    at(object, "metadata", "labels", "app.kubernetes.io/name") === "sluice"
}

/** The Leases of agents in a namespace. */
export const leasesIn = (namespace: string) =>
  Effect.gen(function*() {
    const reader = yield* KubeReader
    const leases = yield* Effect.mapError(reader.list("coordination.k8s.io/v1", "Lease", namespace), readFailed)
    return leases.filter(isAgents).map(leaseOf)
  })

/** Milliseconds after a Lease's own time in which its holder may still be writing. */
const margin = 1_000

/** Waits until no Lease can be held any more; one that is renewed meanwhile is an agent that we did not stop. */
const untilReleased = Effect.fnUntraced(function*(namespace: string) {
  const began = yield* Clock.currentTimeMillis
  const first = new Map<string, number>()
  for (;;) {
    const held = (yield* leasesIn(namespace)).filter(({ holder }) => holder !== "")
    const alive = held.find(({ name, renewed }) => renewed > (first.get(name) ?? Number.POSITIVE_INFINITY))
    if (alive !== undefined) {
      return yield* new ApplyFailed({
        detail: `an agent is still at work: ${alive.holder} renews the Lease ${namespace}/${alive.name}`,
        class: "blocked",
        hint: "It runs outside of this installation, and would prune what is let go: stop it, and run this again."
      })
    }
    for (const { name, renewed } of held) first.set(name, first.get(name) ?? renewed)
    const longest = Math.max(0, ...held.map(({ duration }) => duration))
    if (held.length === 0 || (yield* Clock.currentTimeMillis) > began + longest + margin) return
    yield* Effect.sleep(500)
  }
})

/** Ends the agent: its StatefulSet with all pods is gone, and no Lease is renewed any more. `timeout`: milliseconds. */
export const stopAgent = Effect.fn("install.stop")(function*(
  parts: ReadonlyArray<LivePart>,
  namespace: string,
  timeout: number
) {
  const [reader, writer] = [yield* KubeReader, yield* InstallWriter]
  for (const { apiVersion, ref, uid } of parts.filter(({ ref }) => ref.kind === "StatefulSet")) {
    yield* Effect.mapError(writer.delete(apiVersion, ref, uid, "Foreground"), writeFailed(undefined))
    yield* until(
      Effect.map(
        Effect.mapError(reader.get(apiVersion, ref), readFailed),
        (object) => object === undefined || at(object, "metadata", "uid") !== uid ? true : undefined
      ),
      timeout,
      () =>
        new ApplyFailed({
          object: ref,
          detail: "its pods have not ended in time",
          class: "transient",
          hint:
            `See kubectl get pods -n ${namespace}: a pod on a node that is gone ends by kubectl delete pod --force. ` +
            `Then run this again; it goes on with ${display(ref)}.`
        })
    )
  }
  yield* untilReleased(namespace)
})
