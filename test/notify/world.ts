import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import type { Notifier, NotifierSpec } from "../../src/api/v1alpha1/Notifier.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { KubeStatus, type RecordPart } from "../../src/kube/KubeStatus.ts"
import { Secrets } from "../../src/kube/Secrets.ts"

export const failure = (status: number, detail: string, verb = "patch", resource = "configmaps") =>
  new KubeFailure({ status, reason: "Test", detail, verb, resource, identity: "tester", causes: [] })

/** The record of one delivery, outliving the processes that write it. */
export const makeRecord = () => {
  const parts = new Map<RecordPart, Uint8Array>()
  const state = {
    loads: 0,
    saves: 0,
    failSaves: 0,
    failLoads: 0,
    /** Runs around each save: a place to die. */
    around: (save: Effect.Effect<void>): Effect.Effect<void> => save
  }
  const service = KubeStatus.of({
    load: (part) =>
      Effect.suspend(() => {
        state.loads++
        return state.failLoads-- > 0
          ? Effect.fail(failure(0, "connection refused", "get"))
          : Effect.succeed(parts.get(part))
      }),
    save: (part, bytes) =>
      Effect.suspend(() => {
        state.saves++
        return state.failSaves-- > 0
          ? Effect.fail(failure(503, "the server is restarting"))
          : state.around(Effect.sync(() => void parts.set(part, bytes)))
      }),
    remove: (part) => Effect.sync(() => void parts.delete(part)),
    forget: Effect.sync(() => parts.clear()),
    key: () => Effect.succeed(undefined)
  })
  return {
    state,
    layer: Layer.succeed(KubeStatus, service),
    text: () => new TextDecoder().decode(parts.get("outbox") ?? new Uint8Array()),
    put: (text: string) => parts.set("outbox", new TextEncoder().encode(text))
  }
}

export const secretsOf = (secrets: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
  Layer.succeed(
    Secrets,
    Secrets.of({
      get: (name) => {
        const found = secrets[name]
        return Effect.succeed(
          found === undefined
            ? undefined
            : Object.fromEntries(Object.entries(found).map(([key, value]) => [key, Redacted.make(value)]))
        )
      }
    })
  )

export const delivery = (
  notify: ReadonlyArray<{ readonly name: string; readonly on?: ReadonlyArray<string> }>,
  name = "shop-prod"
): Delivery =>
  Schema.decodeUnknownSync(Delivery)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name, namespace: "shop" },
    spec: { source: { git: { url: "https://gitlab.example.com/acme/shop-deploy.git" } }, notify }
  })

export const notifier = (name: string, spec: typeof NotifierSpec.Type, namespace = "shop"): Notifier => ({
  apiVersion: "sluice.dev/v1alpha1",
  kind: "Notifier",
  metadata: { name, namespace },
  spec
})
