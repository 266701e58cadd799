import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { type Applied, Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { Diff } from "../../src/diff/Diff.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import type { Admitted, AdmittedManifests } from "../../src/domain/Decision.ts"
import { digest } from "../../src/domain/digest.ts"
import { canonical, type JsonObject } from "../../src/domain/Json.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { ofObject } from "../../src/domain/ObjectRef.ts"

const decode = Schema.decodeUnknownSync(Delivery)

export const delivery = (
  name: string,
  namespace: string,
  apply: Readonly<Record<string, unknown>> = {},
  annotations: Readonly<Record<string, string>> = {}
): Delivery =>
  decode({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name, namespace, annotations },
    spec: { source: { git: { url: "https://git.example.com/acme/shop.git" } }, apply }
  })

/** An object as the render stage hands it on. */
export const manifest = (object: JsonObject, line = 1): Manifest => ({
  ref: ofObject(object),
  apiVersion: String(object.apiVersion),
  object,
  json: JSON.stringify(object),
  digest: digest(canonical(object)),
  origin: { file: "deploy/app.yaml", line }
})

/** Only the gate makes these; here there is none to pass. */
export const admitted = (objects: ReadonlyArray<JsonObject>): AdmittedManifests =>
  objects.map((object, index) => manifest(object, index + 1)) as ReadonlyArray<Manifest> as AdmittedManifests

/** `main@sha1:…` of the n-th commit. */
export const revision = (n: number): string => `main@sha1:${n.toString(16).padStart(40, "0")}`

/** What a revision would change. */
export const plan = Effect.fnUntraced(function*(
  subject: Delivery,
  objects: ReadonlyArray<JsonObject>,
  commit = 1,
  options = { withObjects: false }
) {
  const [diff, store] = [yield* Diff, yield* InventoryStore]
  return yield* diff.diff(subject, admitted(objects), yield* store.load, revision(commit), options)
})

export const carryOut = Effect.fnUntraced(function*(subject: Delivery, changeset: Changeset, commit = 1) {
  const [apply, store] = [yield* Apply, yield* InventoryStore]
  const identity = `identity ${canonical(changeset.admitted.map(({ digest }) => digest))}`
  const run = { revision: revision(commit), identity, closure: "closure" }
  const applied: Array<Applied> = []
  yield* Stream.runForEach(
    apply.apply(subject, changeset as Admitted<Changeset>, yield* store.load, run),
    (one) => Effect.sync(() => applied.push(one))
  )
  return applied.filter(({ action }) => action !== "unchanged").map(({ action, ref }) =>
    `${action} ${ref.kind}/${ref.name}`
  )
})

/** From objects to a cluster: what was done, in the order in which it was. */
export const deliver = Effect.fnUntraced(function*(subject: Delivery, objects: ReadonlyArray<JsonObject>, commit = 1) {
  return yield* carryOut(subject, yield* plan(subject, objects, commit), commit)
})

export const configMap = (
  name: string,
  namespace: string,
  data: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {}
): JsonObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, annotations }, data })

export const deployment = (
  name: string,
  namespace: string,
  spec: JsonObject = {},
  pod: JsonObject = {}
): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "app", image: "registry.example.com/app:1" }], ...pod }
    },
    ...spec
  }
})
