import * as Effect from "effect/Effect"
import type { Health } from "../domain/Health.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { refusalOf } from "../domain/refusal.ts"
import { HealthCheckFailed, HealthTimeout } from "../domain/StageError.ts"
import * as kstatus from "../kube/kstatus.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { readFailed } from "./wait.ts"

/** Milliseconds between looks at one object: most rollouts of a few objects are done within a second. */
const pauses = [50, 100, 150, 250, 450]
const longest = 1_000
/** So many looks a second at all objects together, however short the pauses. */
const looks = 200
const told = 10

/** Kinds that are as healthy as they get by being there: asking for them would tell nothing. */
const inert: ReadonlySet<string> = new Set([
  "/ConfigMap",
  "/Secret",
  "/ServiceAccount",
  "/LimitRange",
  "rbac.authorization.k8s.io/Role",
  "rbac.authorization.k8s.io/RoleBinding",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "networking.k8s.io/NetworkPolicy",
  "networking.k8s.io/IngressClass",
  "storage.k8s.io/StorageClass",
  "scheduling.k8s.io/PriorityClass",
  "node.k8s.io/RuntimeClass",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "admissionregistration.k8s.io/MutatingWebhookConfiguration"
])

/** Whether an object is healthy once it is applied, whatever becomes of it. */
export const isInert = ({ ref }: Manifest): boolean => inert.has(`${ref.group}/${ref.kind}`)

/** One look at one object. A server that does not answer right now is no verdict about the object. */
const look = Effect.fnUntraced(function*(manifest: Manifest) {
  if (isInert(manifest)) {
    return { ref: manifest.ref, status: "Current", message: "is applied" } satisfies Health
  }
  const reader = yield* KubeReader
  return yield* reader.get(manifest.apiVersion, manifest.ref).pipe(
    Effect.map((live) => kstatus.health(manifest.ref, live, manifest.object)),
    Effect.catchIf(
      (failure) => refusalOf(failure) === "transient",
      ({ message }) => Effect.succeed({ ref: manifest.ref, status: "InProgress", message } satisfies Health)
    ),
    Effect.mapError(readFailed(manifest))
  )
})

/**
 * Waits until all objects are healthy, telling each change of health. Fails fast on a terminal state, and with
 * `HealthTimeout` naming what is missing after `timeout` milliseconds.
 */
export const healthy = Effect.fnUntraced(function*(
  manifests: ReadonlyArray<Manifest>,
  timeout: number,
  tell: (health: Health) => Effect.Effect<unknown>
) {
  const missing = new Map<string, string>()
  const crowd = Math.min(longest, manifests.filter((manifest) => !isInert(manifest)).length * 1_000 / looks)
  const watch = Effect.fnUntraced(function*(manifest: Manifest) {
    let before = ""
    for (let turn = 0;; yield* Effect.sleep(Math.max(pauses[turn++] ?? longest, crowd))) {
      const health = yield* look(manifest)
      const { message, ref, status } = health
      if (`${status} ${message}` !== before) yield* tell(health)
      before = `${status} ${message}`
      if (status === "Current") {
        missing.delete(key(ref))
        return
      }
      missing.set(key(ref), message)
      if (status === "Failed") {
        return yield* new HealthCheckFailed({ object: ref, origin: manifest.origin, detail: message })
      }
    }
  })
  yield* Effect.forEach(manifests, watch, { concurrency: "unbounded", discard: true }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => {
        const late = `not healthy after ${timeout / 1_000} s`
        const left = manifests.flatMap((manifest) => {
          const message = missing.get(key(manifest.ref))
          return message === undefined ? [] : [{ manifest, message }]
        })
        const [only] = left
        if (only !== undefined && left.length === 1) {
          const { origin, ref } = only.manifest
          return Effect.fail(new HealthTimeout({ detail: `${late}: ${only.message}`, object: ref, origin }))
        }
        const names = left.map(({ manifest, message }) => `${display(manifest.ref)} ${message}`)
        const more = names.length > told ? `; and ${names.length - told} more` : ""
        return Effect.fail(new HealthTimeout({ detail: `${late}: ${names.slice(0, told).join("; ")}${more}` }))
      }
    })
  )
})
