import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { digest } from "../../src/domain/digest.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { ofObject } from "../../src/domain/ObjectRef.ts"
import { refusalOf } from "../../src/domain/refusal.ts"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { Secrets } from "../../src/kube/Secrets.ts"
import { type ControlPlane, controlPlane } from "../support/ControlPlane.ts"
import { rights } from "../support/rights.ts"

class Plane extends Context.Service<Plane, ControlPlane>()("test/Plane") {}

const maskKey = new TextEncoder().encode("key of this test")
const client = (files: ReadonlyArray<string>) =>
  KubeClient.layer({ files, fence: noFence, maskKey }).pipe(Layer.provide(NodeFileSystem.layer))

const Test = Layer.unwrap(Effect.map(Plane, (plane) => client([plane.adminKubeconfigFile]))).pipe(
  Layer.provideMerge(Layer.effect(Plane, controlPlane()))
)

const manifest = (object: JsonObject): Manifest => ({
  ref: ofObject(object),
  apiVersion: String(object.apiVersion),
  object,
  json: JSON.stringify(object),
  digest: digest(JSON.stringify(object)),
  origin: { file: "test.yaml" }
})
const configMap = (name: string, data: Record<string, string>, namespace = "default") =>
  manifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data })

const self = rights({ identity: Identity.Self(), namespace: "default", name: "test" })
const force = { force: true }

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("kube", (it) => {
  it.effect("applies, finds what it applied, and deletes exactly that object", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      const made = configMap("applied", { a: "1" })
      const proposed = yield* reader.dryRun(made, force)
      assert.strictEqual(at(proposed, "data", "a"), "1")
      assert.isUndefined(yield* reader.get("v1", made.ref), "a dry-run writes nothing")

      const live = yield* writer.apply(made, force)
      assert.strictEqual(at(live, "metadata", "managedFields", 0, "manager"), "sluice")
      const uid = String(at(live, "metadata", "uid"))
      const refusal = yield* Effect.flip(writer.delete("v1", made.ref, { uid: "another" }))
      assert.strictEqual(refusal.reason, "Conflict")
      yield* writer.delete("v1", made.ref, { uid })
      assert.isUndefined(yield* reader.get("v1", made.ref))
      yield* writer.delete("v1", made.ref, { uid })
    }).pipe(Effect.provide(self)))

  it.effect("names the field that is misspelt", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const failure = yield* Effect.flip(reader.dryRun(
        manifest({
          apiVersion: "v1",
          kind: "Service",
          metadata: { name: "s", namespace: "default" },
          spec: { prots: [] }
        }),
        force
      ))
      assert.deepStrictEqual([failure.status, failure.reason], [422, "Invalid"])
      assert.include(failure.detail, ".spec.prots: field not declared in schema")
      assert.include(failure.message, "patch services as ")
    }).pipe(Effect.provide(self)))

  it.effect("lists metadata over pages, and labels select", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      const object = (name: string) =>
        manifest({
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, namespace: "default", labels: { "sluice.dev/delivery": "paged" } },
          data: { large: "x".repeat(100) }
        })
      yield* Effect.forEach(Array.from({ length: 620 }, (_, index) => object(`paged-${index}`)), (each) =>
        writer.apply(each, force), { concurrency: 32, discard: true })
      const found = yield* reader.listMetadata("v1", "ConfigMap", undefined, "sluice.dev/delivery=paged")
      assert.strictEqual(
        new Set(found.map(({ ref }) =>
          ref.name
        )).size,
        620
      )
      assert.strictEqual(found[0]?.managedFields[0]?.manager, "sluice")
      assert.lengthOf(yield* reader.listMetadata("example.dev/v1", "Nothing", undefined, ""), 0)
    }).pipe(Effect.provide(self)))

  it.effect("shows no value of a Secret: not in answers, not in errors", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      const secrets = yield* Secrets
      const canary = "canary-7f31"
      const secret = (data: JsonObject) =>
        manifest({ apiVersion: "v1", kind: "Secret", metadata: { name: "guarded", namespace: "default" }, ...data })
      const good = secret({ data: { password: Buffer.from(canary).toString("base64") } })
      const answers = [
        yield* reader.dryRun(good, force),
        yield* writer.apply(good, force),
        yield* reader.get("v1", good.ref)
      ]
      const failures = [
        yield* Effect.flip(reader.dryRun(secret({ data: { password: 73312345 } }), force)),
        yield* Effect.flip(reader.dryRun(secret({ data: { password: canary } }), force)),
        yield* Effect.flip(reader.dryRun(secret({ type: canary, data: { [canary.repeat(40)]: "" } }), force))
      ]
      const told = JSON.stringify(answers) +
        failures.map((failure) => failure.message + JSON.stringify(failure)).join("\n")
      assert.include(told, "(masked ")
      assert.notInclude(told.replaceAll(canary.repeat(40), ""), canary)
      assert.notInclude(told, Buffer.from(canary).toString("base64"))
      assert.notInclude(told, "73312345")
      assert.strictEqual(Redacted.value((yield* secrets.get("guarded"))!.password!), canary)
      assert.isUndefined(yield* secrets.get("missing"))
    }).pipe(Effect.provide(self)))

  it.effect("acts as a ServiceAccount, and says who may not do what", () =>
    Effect.gen(function*() {
      const as = rights({
        identity: Identity.ServiceAccount({ namespace: "shop", name: "deployer" }),
        namespace: "shop",
        name: "shop"
      })
      const failure = yield* Effect.flip(
        Effect.flatMap(KubeWriter, (writer) => writer.apply(configMap("refused", {}), force)).pipe(Effect.provide(as))
      )
      assert.strictEqual(failure.status, 403)
      assert.strictEqual(failure.identity, "system:serviceaccount:shop:deployer")
      assert.include(failure.message, "patch configmaps as system:serviceaccount:shop:deployer: ")
      assert.include(failure.message, "\"refused\" is forbidden")

      // Its groups come from the API server: a binding to the namespace's accounts is enough.
      const { request } = yield* Plane
      const rbac = "rbac.authorization.k8s.io"
      yield* Effect.promise(() =>
        request("POST", `/apis/${rbac}/v1/namespaces/default/rolebindings`, {
          apiVersion: `${rbac}/v1`,
          kind: "RoleBinding",
          metadata: { name: "accounts" },
          roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
          subjects: [{ apiGroup: rbac, kind: "Group", name: "system:serviceaccounts:shop" }]
        })
      )
      yield* Effect.flatMap(KubeWriter, (writer) => writer.apply(configMap("allowed", {}), force)).pipe(
        Effect.retry({ times: 500, schedule: Schedule.spaced("20 millis") }),
        Effect.provide(as)
      )
    }))

  it.effect("sees a kind that a CRD has just brought", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      assert.isUndefined(yield* reader.kindOf("example.dev/v1", "Widget"))
      const missing = manifest({
        apiVersion: "example.dev/v1",
        kind: "Widget",
        metadata: { name: "w", namespace: "default" }
      })
      assert.strictEqual((yield* Effect.flip(reader.dryRun(missing, force))).reason, "UnknownKind")
      yield* writer.apply(
        manifest({
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: "widgets.example.dev" },
          spec: {
            group: "example.dev",
            scope: "Namespaced",
            names: { plural: "widgets", kind: "Widget" },
            versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }]
          }
        }),
        force
      )
      const [time, kind] = yield* reader.kindOf("example.dev/v1", "Widget").pipe(
        Effect.tap((found) => found === undefined ? Effect.sleep("20 millis") : Effect.void),
        Effect.repeat({ until: (found) => found !== undefined }),
        Effect.timed
      )
      console.info(`a CRD's kind was known after ${Math.round(Duration.toMillis(time))} ms`)
      assert.deepStrictEqual({ plural: kind?.plural, namespaced: kind?.namespaced }, {
        plural: "widgets",
        namespaced: true
      })
      const capabilities = yield* reader.capabilities
      assert.match(capabilities.version, /^v1\./u)
      assert.includeMembers([...capabilities.apiVersions], ["apps/v1", "apps/v1/Deployment", "v1/ConfigMap"])
    }).pipe(Effect.provide(self)))

  it.effect("knows a quota and a terminating namespace when it meets them", () =>
    Effect.gen(function*() {
      const { request } = yield* Plane
      const post = (path: string, body: unknown) => Effect.promise(() => request("POST", path, body))
      yield* post("/api/v1/namespaces", { metadata: { name: "small" } })
      yield* post("/api/v1/namespaces/small/resourcequotas", {
        metadata: { name: "none" },
        spec: { hard: { "count/configmaps": "0" } }
      })
      yield* Effect.promise(() =>
        request("PUT", "/api/v1/namespaces/small/resourcequotas/none/status", {
          apiVersion: "v1",
          kind: "ResourceQuota",
          metadata: { name: "none" },
          spec: { hard: { "count/configmaps": "0" } },
          status: { hard: { "count/configmaps": "0" }, used: { "count/configmaps": "0" } }
        })
      )
      const writer = yield* KubeWriter
      const refused = yield* Effect.flip(
        Effect.repeat(writer.apply(configMap("over", {}, "small"), force), { times: 20 })
      )
      assert.strictEqual(refusalOf(refused), "quota")
      yield* Effect.promise(() => request("DELETE", "/api/v1/namespaces/small"))
      const gone = yield* Effect.flip(writer.apply(configMap("late", {}, "small"), force))
      assert.strictEqual(refusalOf(gone), "terminating")
    }).pipe(Effect.provide(self)))

  it.effect("takes another user's kubeconfig and context, and tells a wrong one", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const file = join(plane.folder, "dana.kubeconfig")
      writeFileSync(file, plane.user("dana", ["team"]))
      const ask = (files: ReadonlyArray<string>, context?: string) =>
        Effect.flatMap(KubeReader, (reader) => reader.get("v1", configMap("x", {}).ref)).pipe(
          Effect.provide(self.pipe(Layer.provide(
            KubeClient.layer({ files, context, fence: noFence, maskKey }).pipe(Layer.provide(NodeFileSystem.layer))
          ))),
          Effect.flip
        )
      assert.include((yield* ask([file])).message, "get configmaps as dana: ")
      assert.include((yield* ask([file, join(plane.folder, "nowhere"), plane.adminKubeconfigFile])).message, "as dana")
      assert.include((yield* ask([file], "elsewhere")).message, "no context \"elsewhere\" (it has: dana)")
      assert.include((yield* ask([join(plane.folder, "nowhere")])).message, "there is no such kubeconfig")
    }))

  it.effect("watches metadata: all that is there, then each change, until it is left", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      const labelled = (name: string, value: string) =>
        manifest({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name, namespace: "default", labels: { watched: "yes" }, annotations: { value } }
        })
      const first = yield* writer.apply(labelled("watched-1", "a"), force)
      const events = yield* Queue.unbounded<string>()
      yield* reader.watchMetadata("v1", "Secret", undefined, "watched=yes", ({ ref }) => ref.name).pipe(
        Stream.filter((event) => event._tag !== "Bookmark"),
        Stream.runForEach((event) =>
          Queue.offer(
            events,
            event._tag === "Listed"
              ? `listed ${event.objects}`
              : `${event._tag} ${event.object.ref.name} ${event.object.annotations.value}`
          )
        ),
        Effect.forkScoped
      )
      assert.strictEqual(yield* Queue.take(events), "listed watched-1")
      yield* writer.apply(labelled("watched-2", "b"), force)
      const [time, told] = yield* Effect.timed(Queue.take(events))
      assert.strictEqual(told, "Changed watched-2 b")
      console.info(`a change was seen ${Duration.toMillis(time)} ms after the answer to its write`)
      yield* writer.delete("v1", labelled("watched-1", "a").ref, { uid: String(at(first, "metadata", "uid")) })
      assert.strictEqual(yield* Queue.take(events), "Deleted watched-1 a")
    }).pipe(Effect.scoped, Effect.provide(self)))

  it.effect("ends a watch that the cluster refuses", () =>
    Effect.gen(function*() {
      const as = rights({ identity: Identity.ServiceAccount({ namespace: "a", name: "b" }), namespace: "a", name: "b" })
      const failure = yield* Effect.flatMap(
        KubeReader,
        (reader) => Effect.flip(Stream.runDrain(reader.watchMetadata("v1", "Secret", "a", "", () => "")))
      ).pipe(Effect.provide(as))
      assert.include(failure.message, "list secrets as system:serviceaccount:a:b: ")
    }))
})
