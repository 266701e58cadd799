import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at } from "../../src/domain/Json.ts"
import { exitCodeOf } from "../../src/domain/StageError.ts"
import { as, ask, asUser, cluster, exists, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { carryOut, configMap, deliver, delivery, deployment, plan, revision } from "../apply/Subject.ts"

const options = { excludeTestServices: true, timeout: "2 minutes" } as const
const applyPatch = "application/apply-patch+yaml"
const mergePatch = "application/merge-patch+json"

layer(cluster({ controllers: true }), options)("diff", (it) => {
  it.effect("names every misspelt field with its place and the likely right name, and writes nothing", () =>
    Effect.gen(function*() {
      yield* makeNamespace("typo")
      const objects = [
        configMap("fine", "typo", {}),
        deployment("web", "typo", { replica: 2 }),
        { ...configMap("bad", "typo", {}), dta: {} }
      ]
      const error = yield* Effect.flip(deliver(delivery("shop", "typo"), objects))
      assert.strictEqual(error._tag, "DiffFailed")
      assert.strictEqual(exitCodeOf(error), 2)
      assert.include(error.message, "deploy/app.yaml:2: Deployment/typo/web: .spec.replica: field not declared")
      assert.include(error.message, "did you mean replicas?")
      assert.include(error.message, "deploy/app.yaml:3: ConfigMap/typo/bad: .dta: field not declared")
      assert.isFalse(yield* exists("/api/v1/namespaces/typo/configmaps/fine"))
    }).pipe(Effect.provide(as("shop", "typo"))))

  it.effect("keeps two deliveries apart, and hands over on request", () =>
    Effect.gen(function*() {
      yield* makeNamespace("shared")
      const object = configMap("one", "shared", { key: "1" })
      yield* Effect.provide(deliver(delivery("first", "shared"), [object]), as("first", "shared"))
      const error = yield* Effect.flip(plan(delivery("second", "shared"), [object]))
      assert.strictEqual(error._tag, "ApplyConflict")
      assert.include(error.message, "belongs to delivery shared/first; delivery shared/second wants it too")
      const adopted = configMap("one", "shared", { key: "1" }, { "sluice.dev/adopt": "shared/first" })
      assert.deepStrictEqual(yield* deliver(delivery("second", "shared"), [adopted]), ["update ConfigMap/one"])
      const changeset = yield* Effect.provide(plan(delivery("first", "shared"), []), as("first", "shared"))
      assert.deepStrictEqual(changeset.changes, [])
      assert.deepStrictEqual([...changeset.losses], [
        "ConfigMap/shared/one stays behind: it is not (or no longer) this delivery's"
      ])
    }).pipe(Effect.provide(as("second", "shared"))))

  it.effect("says whom it takes a field from, or refuses to", () =>
    Effect.gen(function*() {
      yield* makeNamespace("taken")
      yield* ask("PATCH", "/api/v1/namespaces/taken/configmaps/one?fieldManager=helm", {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "one" },
        data: { key: "theirs", other: "theirs" }
      }, applyPatch)
      const object = configMap("one", "taken", { key: "ours" })
      const { changes: [change], losses } = yield* plan(delivery("shop", "taken"), [object])
      assert.deepStrictEqual([...losses], ["ConfigMap/taken/one: fields that helm applies too are taken from it"])
      assert.deepInclude(change, {
        action: "update",
        takesFrom: ["helm"],
        fields: [{ path: "data.key", from: "theirs", to: "ours" }]
      })
      const error = yield* Effect.flip(plan(delivery("shop", "taken", { conflicts: "fail" }), [object]))
      assert.strictEqual(error._tag, "ApplyConflict")
      assert.include(error.message, "conflict with \"helm\": .data.key")
    }).pipe(Effect.provide(as("shop", "taken"))))

  it.effect("heals what somebody edited, and only that", () =>
    Effect.gen(function*() {
      yield* makeNamespace("drift")
      const objects = [deployment("web", "drift", { replicas: 2 }), deployment("api", "drift")]
      const subject = delivery("shop", "drift")
      yield* deliver(subject, objects)
      yield* ask("PATCH", "/apis/apps/v1/namespaces/drift/deployments/web?fieldManager=kubectl-edit", {
        spec: { replicas: 5 }
      }, mergePatch)
      const changeset = yield* plan(subject, objects, 2)
      const [change, ...others] = changeset.changes.filter(({ action }) => action !== "unchanged")
      assert.deepStrictEqual(others, [])
      assert.deepInclude(change, { takesFrom: ["kubectl-edit"], fields: [{ path: "spec.replicas", from: 5, to: 2 }] })
      assert.deepStrictEqual(yield* carryOut(subject, changeset, 2), ["update Deployment/web"])
      const live = yield* ask("GET", "/apis/apps/v1/namespaces/drift/deployments/web")
      assert.deepInclude((live as { metadata: { annotations: object } }).metadata.annotations, {
        "sluice.dev/origin": `deploy/app.yaml:1@${revision(1)}`
      }, "the revision did not change the object")
      assert.deepStrictEqual(yield* deliver(subject, objects, 3), [])
    }).pipe(Effect.provide(as("shop", "drift"))))

  it.effect("sees through another spelling of the same state: no write", () =>
    Effect.gen(function*() {
      yield* makeNamespace("spelling")
      const withCpu = (cpu: string | number) =>
        deployment("web", "spelling", {}, {
          containers: [{ name: "app", image: "a", resources: { limits: { cpu } } }]
        })
      const subject = delivery("shop", "spelling")
      yield* deliver(subject, [withCpu("1000m")])
      const again = yield* requestsOf("spelling", deliver(subject, [withCpu("1")], 2))
      assert.deepStrictEqual(again.value, [])
      assert.deepStrictEqual(again.requests, ["get", "patch (dry run)"])
      const third = yield* requestsOf("spelling", deliver(subject, [withCpu("1")], 3))
      assert.deepStrictEqual(third.requests, ["list"])
    }).pipe(Effect.provide(as("shop", "spelling"))))

  it.effect("replaces what cannot change in place only where that is said", () =>
    Effect.gen(function*() {
      yield* makeNamespace("immutable")
      const subject = delivery("shop", "immutable")
      const web = (app: string, annotations = {}) => ({
        ...deployment("web", "immutable", {
          selector: { matchLabels: { app } },
          template: { metadata: { labels: { app } }, spec: { containers: [{ name: "app", image: "a" }] } }
        }),
        metadata: { name: "web", namespace: "immutable", annotations }
      })
      yield* deliver(subject, [web("one")])
      const error = yield* Effect.flip(plan(subject, [web("two")]))
      assert.strictEqual(error._tag, "DiffFailed")
      assert.include(error.message, "spec.selector: Invalid value")
      assert.include(error.hint, "sluice.dev/apply: Recreate")
      const changeset = yield* plan(subject, [web("two", { "sluice.dev/apply": "Recreate" })])
      assert.deepInclude(changeset.changes[0], { action: "replace", fields: [{ path: "spec.selector" }] })
      assert.deepStrictEqual(yield* carryOut(subject, changeset), ["replace Deployment/web"])
      const forced = delivery("shop", "immutable", { force: "recreate" })
      assert.deepStrictEqual(yield* deliver(forced, [web("three")]), ["replace Deployment/web"])
      assert.deepStrictEqual(yield* deliver(forced, [web("three")], 2), [])
    }).pipe(Effect.provide(as("shop", "immutable"))))

  it.effect("leaves alone what asks for it", () =>
    Effect.gen(function*() {
      yield* makeNamespace("alone")
      const subject = delivery("shop", "alone", { deletionLimit: "100%" })
      const once = (key: string) => configMap("once", "alone", { key }, { "sluice.dev/apply": "IfNotPresent" })
      const ignored = configMap("ignored", "alone", {}, { "sluice.dev/apply": "Ignore" })
      assert.deepStrictEqual(yield* deliver(subject, [once("1"), ignored]), ["create ConfigMap/once"])
      assert.deepStrictEqual(yield* deliver(subject, [once("2"), ignored], 2), [])
      assert.isFalse(yield* exists("/api/v1/namespaces/alone/configmaps/ignored"))
    }).pipe(Effect.provide(as("shop", "alone"))))

  it.effect("never shows the value of a Secret", () =>
    Effect.gen(function*() {
      yield* makeNamespace("canary")
      const subject = delivery("shop", "canary", { conflicts: "fail" })
      const values = ["canary-one-8f2c", "canary-two-91d0"]
      const secret = (value: string, more = {}) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "s", namespace: "canary" },
        data: { password: Buffer.from(value).toString("base64") },
        ...more
      })
      yield* deliver(subject, [secret(values[0]!)])
      const changeset = yield* plan(subject, [secret(values[1]!, { immutable: true })])
      const [change] = changeset.changes
      const field = change?.fields.find(({ path }) => path === "data.password")
      assert.match(String(field?.from), /^\(masked [0-9a-f]+\)$/u)
      assert.notStrictEqual(field?.from, field?.to)
      yield* carryOut(subject, changeset)
      const told = [
        change?.fields,
        yield* Effect.flip(plan(subject, [secret(values[0]!, { immutable: true })])),
        yield* Effect.flip(plan(subject, [secret(values[0]!, { dta: { x: values[0] } })])),
        yield* Effect.flip(plan(subject, [secret(values[0]!, { data: { password: values[0] } })])),
        (yield* plan(delivery("shop", "canary", { force: "recreate" }), [secret(values[0]!, { immutable: true })]))
          .changes.map(({ fields, unproven }) => [fields, unproven])
      ]
      const text = told.map((one) =>
        one instanceof Error ? `${one.message} ${JSON.stringify(one)}` : JSON.stringify(one)
      )
        .join("\n")
      for (const value of values) {
        assert.notInclude(text, value)
        assert.notInclude(text, Buffer.from(value).toString("base64"))
      }
    }).pipe(Effect.provide(as("shop", "canary"))))

  it.effect("shows policies what changes, before and after, and asks for no more than that needs", () =>
    Effect.gen(function*() {
      yield* makeNamespace("shown")
      const subject = delivery("shop", "shown")
      const secret = (value: string) => ({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "s", namespace: "shown" },
        data: { password: Buffer.from(value).toString("base64") }
      })
      const web = (replicas: number) => deployment("web", "shown", { replicas })
      yield* deliver(subject, [
        web(3),
        configMap("same", "shown", {}),
        configMap("old", "shown", { a: "1" }),
        secret("x")
      ])
      const next = [web(1), configMap("same", "shown", {}), configMap("new", "shown", { b: "2" }), secret("y")]
      const bare = yield* requestsOf("shown", plan(subject, next, 2))
      assert.isTrue(bare.value.changes.every(({ after, before }) => after === undefined && before === undefined))
      const full = yield* requestsOf("shown", plan(subject, next, 2, { withObjects: true }))
      assert.deepStrictEqual(full.requests, [...bare.requests, "get"].sort(), "one GET, for the deletion")
      assert.strictEqual(full.value.digest, bare.value.digest)
      const changes = new Map(full.value.changes.map((change) => [`${change.ref.kind}/${change.ref.name}`, change]))
      const { after, before } = changes.get("Deployment/web")!
      assert.strictEqual(at(before, "spec", "replicas"), 3)
      assert.strictEqual(at(after, "spec", "replicas"), 1)
      assert.strictEqual(at(after, "spec", "revisionHistoryLimit"), 10, "with the API server's defaults")
      assert.isString(at(before, "metadata", "creationTimestamp"))
      for (const object of [before, after]) {
        assert.isUndefined(at(object, "status"))
        for (const field of ["managedFields", "resourceVersion", "generation"]) {
          assert.isUndefined(at(object, "metadata", field), field)
        }
      }
      assert.isUndefined(at(after, "metadata", "uid"))
      const gone = changes.get("ConfigMap/old")!
      assert.deepStrictEqual([gone.action, gone.before?.data, gone.after], ["delete", { a: "1" }, undefined])
      const made = changes.get("ConfigMap/new")!
      assert.deepStrictEqual([made.action, made.before, made.after?.data], ["create", undefined, { b: "2" }])
      const same = changes.get("ConfigMap/same")!
      assert.deepStrictEqual([same.action, same.before, same.after], ["unchanged", undefined, undefined])
      const hidden = changes.get("Secret/s")!
      const [was, is] = [at(hidden.before, "data", "password"), at(hidden.after, "data", "password")]
      assert.match(`${String(was)} ${String(is)}`, /^\(masked \w+\) \(masked \w+\)$/u)
      assert.notStrictEqual(was, is)
    }).pipe(Effect.provide(as("shop", "shown"))))

  it.effect("says what would be lost without anybody having written it", () =>
    Effect.gen(function*() {
      yield* makeNamespace("losses")
      const subject = delivery("shop", "losses")
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web", namespace: "losses" },
        spec: { selector: { app: "web", tier: "front" }, ports: [{ port: 80 }] }
      }
      const web = (labels: Readonly<Record<string, string>>, spec = {}) =>
        deployment("web", "losses", {
          template: {
            metadata: { labels: { app: "web", ...labels } },
            spec: { containers: [{ name: "app", image: "a", envFrom: [{ configMapRef: { name: "settings" } }] }] }
          },
          ...spec
        })
      yield* deliver(subject, [service, configMap("settings", "losses", {}), web({ tier: "front" }, { replicas: 5 })])
      const changeset = yield* plan(subject, [service, web({ tier: "back" })])
      assert.sameMembers([...changeset.losses], [
        "ConfigMap/losses/settings goes, but Deployment/losses/web still uses it",
        "Service/losses/web selects no workload of this revision any more",
        "Deployment/losses/web: spec.replicas falls back from 5 to 1"
      ])
    }).pipe(Effect.provide(as("shop", "losses"))))

  it.effect("asks as whom the delivery acts", () =>
    Effect.gen(function*() {
      yield* makeNamespace("whom")
      const error = yield* Effect.flip(deliver(delivery("shop", "whom"), [configMap("a", "whom", {})]))
      assert.strictEqual(exitCodeOf(error), 4)
      assert.include(error.message, "as nobody")
    }).pipe(Effect.provide(asUser("nobody", "shop", "whom"))))
})
