import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { Drift } from "../../src/drift/Drift.ts"
import { as, ask, cluster, makeNamespace } from "../apply/Cluster.ts"
import { configMap, delivery, deployment } from "../apply/Subject.ts"
import { makeKubectl } from "../drift/kubectl.ts"
import { line, tend } from "../drift/Tended.ts"

const applyPatch = "application/apply-patch+yaml"
const mergePatch = "application/merge-patch+json"
const strategicPatch = "application/strategic-merge-patch+json"
const jsonPatch = "application/json-patch+json"

const maps = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`
const deployments = (namespace: string, name: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`

const get = (path: string) => Effect.map(ask("GET", path), (object) => object as JsonObject)

const containers = (object: Json) => at(object, "spec", "template", "spec", "containers") as ReadonlyArray<JsonObject>

const edit = (path: string, body: unknown, type = mergePatch, manager = "kubectl-edit") =>
  ask("PATCH", `${path}?fieldManager=${manager}`, body, type)

const ownEntry = (object: JsonObject) =>
  (at(object, "metadata", "managedFields") as ReadonlyArray<JsonObject>).find(({ manager }) => manager === "sluice")

const options = { excludeTestServices: true, timeout: "2 minutes" } as const

layer(Layer.mergeAll(cluster({}), Drift.layer), options)("drift", (it) => {
  it.effect("puts back a field that was edited, and says who it was", () =>
    Effect.gen(function*() {
      yield* makeNamespace("edited")
      const { healed } = yield* tend(delivery("shop", "edited"), [configMap("a", "edited", { key: "1" })])
      yield* edit(maps("edited", "a"), { data: { key: "2" } })
      const one = yield* Queue.take(healed)
      assert.strictEqual(line(one), "healed ConfigMap/a: data.key by kubectl-edit")
      assert.isDefined(one.time)
      assert.strictEqual(at(yield* get(maps("edited", "a")), "data", "key"), "1")
    }).pipe(Effect.scoped, Effect.provide(as("shop", "edited"))))

  it.effect("puts back what was removed; nobody is known to have done it", () =>
    Effect.gen(function*() {
      yield* makeNamespace("removed")
      const { healed } = yield* tend(delivery("shop", "removed"), [configMap("a", "removed", { key: "1" })])
      yield* edit(maps("removed", "a"), [{ op: "remove", path: "/data/key" }], jsonPatch, "helm")
      assert.strictEqual(line(yield* Queue.take(healed)), "healed ConfigMap/a: data.key by unknown (see the audit log)")
      yield* edit(maps("removed", "a"), { metadata: { labels: { "sluice.dev/delivery": null } } })
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed ConfigMap/a: metadata.labels[\"sluice.dev/delivery\"] by unknown (see the audit log)"
      )
      yield* ask("DELETE", maps("removed", "a"))
      assert.strictEqual(line(yield* Queue.take(healed)), "recreated ConfigMap/a:  by unknown (see the audit log)")
      const object = yield* get(maps("removed", "a"))
      assert.strictEqual(at(object, "data", "key"), "1")
      assert.strictEqual(at(object, "metadata", "labels", "sluice.dev/delivery"), "removed.shop")
    }).pipe(Effect.scoped, Effect.provide(as("shop", "removed"))))

  it.effect("takes away a container that was added by hand, and puts back one that was edited", () =>
    Effect.gen(function*() {
      yield* makeNamespace("containers")
      const { healed } = yield* tend(delivery("shop", "containers"), [deployment("web", "containers")])
      const path = deployments("containers", "web")
      const container = (fields: JsonObject) => ({ spec: { template: { spec: { containers: [fields] } } } })
      yield* edit(path, container({ name: "sidecar", image: "evil:1" }), strategicPatch)
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/web: spec.template.spec.containers[name=sidecar] by kubectl-edit"
      )
      assert.lengthOf(containers(yield* get(path)), 1)
      yield* edit(path, container({ name: "app", image: "evil:1", command: ["sh"] }), strategicPatch, "kubectl-patch")
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/web: spec.template.spec.containers[name=app].command " +
          "spec.template.spec.containers[name=app].image by kubectl-patch"
      )
      const [app] = containers(yield* get(path))
      assert.strictEqual(app?.image, "registry.example.com/app:1")
      assert.isUndefined(app?.command)
      yield* edit(
        path,
        [{ op: "remove", path: "/spec/template/spec/containers/0/image" }, {
          op: "add",
          path: "/spec/template/spec/containers/0/image",
          value: "evil:2"
        }],
        jsonPatch,
        "argocd-controller"
      )
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/web: spec.template.spec.containers[name=app].image by argocd-controller"
      )
    }).pipe(Effect.scoped, Effect.provide(as("shop", "containers"))))

  it.effect("keeps atomic lists whole", () =>
    Effect.gen(function*() {
      yield* makeNamespace("atomic")
      const role: JsonObject = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { name: "reader", namespace: "atomic" },
        rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }]
      }
      const { healed } = yield* tend(delivery("shop", "atomic"), [role])
      const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/atomic/roles/reader"
      yield* edit(path, [{ op: "add", path: "/rules/0/verbs/-", value: "delete" }], jsonPatch)
      assert.strictEqual(line(yield* Queue.take(healed)), "healed Role/reader: rules by kubectl-edit")
      assert.deepStrictEqual((yield* get(path)).rules, role.rules)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "atomic"))))

  it.effect("heals what the real kubectl does: client-side apply, scale, edits; a restart is let be", () =>
    Effect.gen(function*() {
      yield* makeNamespace("kubectl")
      const kubectl = yield* makeKubectl("kubectl")
      const objects = [
        deployment("web", "kubectl", { replicas: 2 }),
        deployment("free", "kubectl"),
        configMap("a", "kubectl", { key: "1" })
      ]
      const { healed } = yield* tend(delivery("shop", "kubectl"), objects)
      yield* kubectl(["scale", "deployment/free", "--replicas=3"])
      yield* kubectl(["scale", "deployment/web", "--replicas=5"])
      assert.strictEqual(line(yield* Queue.take(healed)), "healed Deployment/web: spec.replicas by kubectl")
      assert.strictEqual(at(yield* get(deployments("kubectl", "free")), "spec", "replicas"), 3)
      assert.strictEqual(at(yield* get(deployments("kubectl", "web")), "spec", "replicas"), 2)

      yield* kubectl(["rollout", "restart", "deployment/web"])
      yield* kubectl(["label", "deployment/web", "team=shop"])
      yield* kubectl(["annotate", "deployment/web", "note=hello"])
      yield* kubectl(["set", "env", "deployment/web", "DEBUG=1"])
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/web: spec.template.spec.containers[name=app].env[name=DEBUG] by kubectl-set"
      )
      const web = yield* get(deployments("kubectl", "web"))
      assert.isString(
        at(web, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
      )
      assert.strictEqual(at(web, "metadata", "labels", "team"), "shop")
      assert.strictEqual(at(web, "metadata", "annotations", "note"), "hello")
      assert.isUndefined(containers(web)[0]?.env)

      yield* kubectl(["apply", "-f", "-"], configMap("a", "kubectl", { key: "2", more: "3" }))
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed ConfigMap/a: data.key data.more by kubectl-client-side-apply"
      )
      assert.deepStrictEqual((yield* get(maps("kubectl", "a"))).data, { key: "1" })
      yield* kubectl(
        ["apply", "--server-side", "--force-conflicts", "-f", "-"],
        configMap("a", "kubectl", { key: "4" })
      )
      assert.strictEqual(line(yield* Queue.take(healed)), "healed ConfigMap/a: data.key by kubectl")
      // It applies once more after it moved its own ownership; that may come before or after our heal.
      yield* Effect.repeat(get(maps("kubectl", "a")), { until: (object) => at(object, "data", "key") === "1" })
      const rest = (yield* Queue.clear(healed)).map(line)
      assert.deepStrictEqual(rest.filter((told) => told !== "healed ConfigMap/a: data.key by kubectl"), [])
    }).pipe(Effect.scoped, Effect.provide(as("shop", "kubectl"))))

  it.effect("takes an object that kubectl made, with what kubectl left in it", () =>
    Effect.gen(function*() {
      yield* makeNamespace("made")
      const kubectl = yield* makeKubectl("made")
      yield* kubectl(["apply", "-f", "-"], configMap("same", "made", { key: "1" }))
      yield* kubectl(["apply", "-f", "-"], configMap("more", "made", { key: "1", old: "2" }))
      const { healed, untouched } = yield* tend(delivery("shop", "made"), [
        configMap("same", "made", { key: "1" }),
        configMap("more", "made", { key: "1" })
      ])
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed ConfigMap/more: data.old by kubectl-client-side-apply"
      )
      assert.strictEqual((yield* Queue.take(untouched)).ref.name, "same")
      assert.deepStrictEqual((yield* get(maps("made", "more"))).data, { key: "1" })
      // From now on it is only ours: what Git drops goes.
      const owners = (yield* get(maps("made", "same"))).metadata as {
        managedFields: ReadonlyArray<{ manager: string }>
      }
      assert.deepStrictEqual(owners.managedFields.map(({ manager }) => manager).sort(), [
        "kubectl-client-side-apply",
        "sluice"
      ])
    }).pipe(Effect.scoped, Effect.provide(as("shop", "made"))))

  it.effect("lets be what is not ours: status, foreign fields and labels, copies of our label", () =>
    Effect.gen(function*() {
      yield* makeNamespace("foreign")
      const { healed } = yield* tend(delivery("shop", "foreign"), [
        deployment("web", "foreign"),
        deployment("fence", "foreign")
      ])
      const path = deployments("foreign", "web")
      const before = yield* get(path)
      yield* ask(
        "PATCH",
        `${path}/status?fieldManager=kube-controller-manager`,
        { status: { replicas: 4 } },
        mergePatch
      )
      yield* edit(path, { metadata: { labels: { team: "a" }, annotations: { note: "b" } } })
      yield* edit(path, { spec: { replicas: 7, paused: true } }, mergePatch, "some-controller")
      const copy = deployment("copy", "foreign")
      yield* ask("POST", "/apis/apps/v1/namespaces/foreign/deployments", {
        ...copy,
        metadata: { name: "copy", labels: { "sluice.dev/delivery": "foreign.shop" } }
      })
      yield* edit(deployments("foreign", "copy"), { spec: { replicas: 3 } })
      yield* ask("DELETE", deployments("foreign", "copy"))
      yield* edit(deployments("foreign", "fence"), { spec: { revisionHistoryLimit: 1 } })
      assert.strictEqual(
        line(yield* Queue.take(healed)),
        "healed Deployment/fence: spec.revisionHistoryLimit by kubectl-edit"
      )
      const after = yield* get(path)
      assert.deepInclude(after.spec, { replicas: 7, paused: true })
      assert.deepStrictEqual(ownEntry(after), ownEntry(before))
    }).pipe(Effect.scoped, Effect.provide(as("shop", "foreign"))))

  it.effect("keeps a Secret's data, whichever field it was written through", () =>
    Effect.gen(function*() {
      yield* makeNamespace("secret")
      const secret: JsonObject = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "a", namespace: "secret" },
        data: { password: Buffer.from("right").toString("base64") }
      }
      const { healed } = yield* tend(delivery("shop", "secret"), [secret])
      const path = "/api/v1/namespaces/secret/secrets/a"
      yield* edit(path, { stringData: { password: "wrong", more: "x" } })
      assert.strictEqual(line(yield* Queue.take(healed)), "healed Secret/a: data.more data.password by kubectl-edit")
      assert.deepStrictEqual((yield* get(path)).data, secret.data)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "secret"))))

  it.effect("sees a write in its own name, though it is in the second of its own", () =>
    Effect.gen(function*() {
      yield* makeNamespace("forged")
      const { healed } = yield* tend(delivery("shop", "forged"), [configMap("a", "forged", { key: "1" })])
      const metadata = (yield* get(maps("forged", "a"))).metadata as JsonObject
      const { annotations, labels } = metadata
      const object = (key: string) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", annotations, labels },
        data: { key }
      })
      // Until one of them is in the second of a heal.
      for (let turn = 0; turn < 3; turn++) {
        yield* ask(
          "PATCH",
          `${maps("forged", "a")}?fieldManager=sluice&force=true`,
          object(`forged ${turn}`),
          applyPatch
        )
        const one = yield* Queue.take(healed)
        assert.deepInclude(one, { action: "healed", fields: [] })
        assert.strictEqual(at(yield* get(maps("forged", "a")), "data", "key"), "1")
      }
      yield* edit(maps("forged", "a"), { data: { key: "2", more: "3" } }, mergePatch, "sluice")
      assert.strictEqual(line(yield* Queue.take(healed)), "healed ConfigMap/a: data.key data.more by sluice")
      assert.deepStrictEqual((yield* get(maps("forged", "a"))).data, { key: "1" })
    }).pipe(Effect.scoped, Effect.provide(as("shop", "forged"))))

  it.effect("keeps what a definition does not describe", () =>
    Effect.gen(function*() {
      yield* makeNamespace("widgets")
      const schema = {
        type: "object",
        properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }
      }
      const definition: JsonObject = {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "widgets.example.com" },
        spec: {
          group: "example.com",
          scope: "Namespaced",
          names: { plural: "widgets", singular: "widget", kind: "Widget" },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }]
        }
      }
      const widget: JsonObject = {
        apiVersion: "example.com/v1",
        kind: "Widget",
        metadata: { name: "w", namespace: "widgets" },
        spec: { size: 1, nested: { list: [{ a: 1 }], color: "red" } }
      }
      const { healed } = yield* tend(delivery("shop", "widgets"), [definition, widget])
      const path = "/apis/example.com/v1/namespaces/widgets/widgets/w"
      yield* edit(path, { spec: { nested: { color: "blue" }, extra: { deep: true } } })
      const one = yield* Queue.take(healed)
      assert.strictEqual(one.action, "healed")
      assert.includeMembers([...one.fields], ["spec.nested.color"])
      assert.deepStrictEqual((yield* get(path)).spec, widget.spec)
    }).pipe(Effect.scoped, Effect.provide(as("shop", "widgets"))))

  it.effect("does not argue with a webhook that changes what we send", () =>
    Effect.gen(function*() {
      yield* makeNamespace("mutated")
      yield* ask("POST", "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies", {
        metadata: { name: "stamp" },
        spec: {
          matchConstraints: {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "mutated" } },
            resourceRules: [{
              apiGroups: [""],
              apiVersions: ["v1"],
              resources: ["configmaps"],
              operations: ["CREATE", "UPDATE"]
            }]
          },
          reinvocationPolicy: "Never",
          mutations: [{
            patchType: "ApplyConfiguration",
            applyConfiguration: { expression: "Object{data: {\"stamp\": \"webhook\", \"key\": \"webhook\"}}" }
          }]
        }
      })
      yield* ask("POST", "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings", {
        metadata: { name: "stamp" },
        spec: { policyName: "stamp" }
      })
      const stamped = Effect.repeat(
        ask("POST", "/api/v1/namespaces/mutated/configmaps?dryRun=All", configMap("probe", "mutated", {})),
        { until: (object) => at(object as JsonObject, "data", "stamp") === "webhook" }
      )
      yield* stamped
      const { healed } = yield* tend(delivery("shop", "mutated"), [
        configMap("a", "mutated", { key: "1", other: "1" })
      ])
      for (const other of ["2", "3"]) {
        yield* edit(maps("mutated", "a"), { data: { other } })
        assert.strictEqual(line(yield* Queue.take(healed)), "healed ConfigMap/a: data.other by kubectl-edit")
      }
      yield* edit(maps("mutated", "a"), { metadata: { labels: { team: "a" } } })
      yield* ask("DELETE", maps("mutated", "a"))
      assert.strictEqual((yield* Queue.take(healed)).action, "recreated")
      assert.strictEqual(yield* Queue.size(healed), 0)
      assert.deepStrictEqual((yield* get(maps("mutated", "a"))).data, { key: "webhook", other: "1", stamp: "webhook" })
    }).pipe(Effect.scoped, Effect.provide(as("shop", "mutated"))))

  it.effect("waits for an object on its way out, and for no other", () =>
    Effect.gen(function*() {
      yield* makeNamespace("leaving")
      const { healed } = yield* tend(delivery("shop", "leaving"), [
        configMap("a", "leaving", { key: "1" }),
        configMap("b", "leaving", { key: "1" })
      ])
      const old = yield* get(maps("leaving", "a"))
      yield* edit(maps("leaving", "a"), { metadata: { finalizers: ["example.com/slow"] } }, mergePatch, "controller")
      yield* ask("DELETE", maps("leaving", "a"))
      yield* edit(maps("leaving", "b"), { data: { key: "2" } })
      assert.strictEqual((yield* Queue.take(healed)).ref.name, "b")
      yield* edit(maps("leaving", "a"), { metadata: { finalizers: [] } }, mergePatch, "controller")
      assert.strictEqual((yield* Queue.take(healed)).action, "recreated")
      const now = yield* get(maps("leaving", "a"))
      assert.notStrictEqual(at(now, "metadata", "uid"), at(old, "metadata", "uid"))
    }).pipe(Effect.scoped, Effect.provide(as("shop", "leaving"))))

  it.effect("puts its own in the place of another object of that name", () =>
    Effect.gen(function*() {
      yield* makeNamespace("replaced")
      const { healed, whileNobodyHeals } = yield* tend(delivery("shop", "replaced"), [
        configMap("a", "replaced", { key: "1" })
      ])
      yield* whileNobodyHeals(Effect.gen(function*() {
        yield* ask("DELETE", maps("replaced", "a"))
        const theirs = { ...configMap("a", "replaced", { key: "2", more: "3" }) }
        yield* ask("POST", "/api/v1/namespaces/replaced/configmaps?fieldManager=kubectl-create", theirs)
      }))
      assert.strictEqual((yield* Queue.take(healed)).action, "healed")
      assert.deepStrictEqual((yield* get(maps("replaced", "a"))).data, { key: "1" })
    }).pipe(Effect.scoped, Effect.provide(as("shop", "replaced"))))
})
