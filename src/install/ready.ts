import * as Effect from "effect/Effect"
import { healthy } from "../apply/health.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { oneLine } from "../domain/plainText.ts"
import { HealthTimeout } from "../domain/StageError.ts"
import { KubeReader } from "../kube/KubeReader.ts"

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

/** What a pod waits for: why a container does not run, or why no node takes it. */
const waiting = (pod: JsonObject): ReadonlyArray<string> => {
  const name = String(at(pod, "metadata", "name"))
  const containers = list(at(pod, "status", "containerStatuses")).flatMap((status) => {
    const why = at(status, "state", "waiting")
    if (why === undefined) return []
    return [oneLine(`${name}: ${String(at(why, "reason"))}: ${String(at(why, "message") ?? "")}`, 300)]
  })
  const conditions = list(at(pod, "status", "conditions")).flatMap((condition) =>
    at(condition, "type") === "PodScheduled" && at(condition, "status") === "False"
      ? [oneLine(`${name}: ${String(at(condition, "message"))}`, 300)]
      : []
  )
  return [...containers, ...conditions]
}

/** What keeps the agent's pods from running, one sentence each; nothing where that cannot be read. */
export const obstacles = Effect.fnUntraced(function*(namespace: string) {
  const reader = yield* KubeReader
  const pods = yield* Effect.orElseSucceed(reader.list("v1", "Pod", namespace), () => [])
  return pods
    .filter((pod) => at(pod, "metadata", "labels", "app.kubernetes.io/name") === "sluice")
    .flatMap(waiting)
})

const remedy = (obstacles: ReadonlyArray<string>, image: string): string =>
  obstacles.some((text) => /ErrImage|ImagePull|InvalidImageName/u.test(text))
    ? `The image ${image} cannot be had: build it (deploy/image), push it to a registry of yours, name it with --image.`
    : "See kubectl describe pod -n and kubectl logs -n of the agent's namespace; sluice doctor looks at the rest."

/** Waits until the agent is ready: all replicas, of this version. `timeout`: milliseconds. */
export const untilReady = Effect.fn("install.ready")(function*(
  agents: ReadonlyArray<Manifest>,
  { image, namespace, timeout, tell }: {
    readonly image: string
    readonly namespace: string
    readonly timeout: number
    readonly tell: (text: string) => Effect.Effect<void>
  }
) {
  yield* healthy(agents, timeout, ({ message, status }) => status === "Current" ? Effect.void : tell(message)).pipe(
    Effect.catchTag(
      ["HealthTimeout", "HealthCheckFailed"],
      Effect.fnUntraced(function*(error) {
        const why = yield* obstacles(namespace)
        return yield* new HealthTimeout({
          detail: [`the agent is applied, and ${error.detail}`, ...why.slice(0, 5)].join("; "),
          hint: remedy(why, image)
        })
      })
    )
  )
})
