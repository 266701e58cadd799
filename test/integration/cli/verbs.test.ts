import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { definitions } from "../../../src/api/v1alpha1/crd.ts"
import { at, type Json, type JsonObject } from "../../../src/domain/Json.ts"
import { watchCollection } from "../../../src/kube/collection.ts"
import { noFence } from "../../../src/kube/Fence.ts"
import { Identity } from "../../../src/kube/Identity.ts"
import { KubeClient } from "../../../src/kube/KubeClient.ts"
import type { CollectionEvent } from "../../../src/kube/KubeReader.ts"
import { delivery, deniedStatus, hostile, readyStatus, revision } from "../../cli/shownDeliveries.ts"
import { type ControlPlane, controlPlane } from "../../support/ControlPlane.ts"
import { LastingSluice, sluice as run } from "../../support/Sluice.ts"

class Plane extends Context.Service<Plane, ControlPlane>()("test/Plane") {}

const group = "/apis/sluice.dev/v1alpha1"
const deliveries = { apiVersion: "sluice.dev/v1alpha1", plural: "deliveries", namespaced: true }
const crds = { apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", namespaced: false }

/** The real definitions, but for statuses that the API server would refuse: other versions may write them. */
const lenient = (definition: JsonObject): JsonObject => {
  const version = at(definition, "spec", "versions", 0) as JsonObject
  const schema = at(version, "schema", "openAPIV3Schema") as JsonObject
  const properties = at(schema, "properties") as JsonObject
  const status = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
  const openAPIV3Schema = { ...schema, properties: { ...properties, status } }
  return {
    ...definition,
    spec: { ...at(definition, "spec") as JsonObject, versions: [{ ...version, schema: { openAPIV3Schema } }] }
  }
}

const objectsOf = (event: CollectionEvent<Json>): ReadonlyArray<Json> =>
  event._tag === "Listed" ? event.objects : event._tag === "Bookmark" ? [] : [event.object]

/** Waits until a claim holds of what the API server says of a collection. */
const until = (
  kind: Parameters<typeof watchCollection>[1]["kind"],
  claim: (objects: ReadonlyArray<Json>) => boolean
) =>
  Effect.flatMap(KubeClient, (client) => {
    const all = new Map<string, Json>()
    return watchCollection(client.as(Identity.Self()), { kind }).pipe(
      Stream.filter((event) => {
        for (const object of objectsOf(event)) {
          all.set(String(at(object, "metadata", "uid")), object)
        }
        return claim([...all.values()])
      }),
      Stream.runHead
    )
  })

const isEstablished = (object: Json): boolean => {
  const conditions = at(object, "status", "conditions")
  return Array.isArray(conditions) &&
    conditions.some((each) => at(each, "type") === "Established" && at(each, "status") === "True")
}

const install = Effect.gen(function*() {
  const { request } = yield* Plane
  const ask = (method: string, path: string, body?: unknown, type?: string) =>
    Effect.promise(() => request(method, path, body, type))
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
  for (const { definition } of definitions) yield* ask("POST", path, lenient(definition))
  yield* until(crds, (all) => all.filter(isEstablished).length === 3)
  yield* ask("POST", "/api/v1/namespaces", { metadata: { name: "shop" } })
})

const put = Effect.fnUntraced(function*(object: JsonObject) {
  const { request } = yield* Plane
  const [namespace, name] = [at(object, "metadata", "namespace"), at(object, "metadata", "name")]
  const path = `${group}/namespaces/${namespace}/deliveries`
  yield* Effect.promise(() => request("POST", path, { ...object, status: undefined }))
  if (object.status !== undefined) yield* patchStatus(String(namespace), String(name), object.status)
})

const patchStatus = Effect.fnUntraced(function*(namespace: string, name: string, status: Json) {
  const { request } = yield* Plane
  const path = `${group}/namespaces/${namespace}/deliveries/${name}/status`
  yield* Effect.promise(() => request("PATCH", path, { status }, "application/merge-patch+json"))
})

const live = Effect.fnUntraced(function*(name: string, namespace = "shop") {
  const { request } = yield* Plane
  return (yield* Effect.promise(() => request("GET", `${group}/namespaces/${namespace}/deliveries/${name}`))) as Json
})

/** The other side of the protocol: echoes what was asked for, with the status that is given. */
const agent = (statuses: Readonly<Record<string, JsonObject>>) =>
  Effect.flatMap(KubeClient, (client) =>
    Stream.runForEach(
      watchCollection(client.as(Identity.Self()), { kind: deliveries, namespace: "shop" }),
      (event) =>
        Effect.forEach(objectsOf(event), (object) => {
          const name = String(at(object, "metadata", "name"))
          const asked = at(object, "metadata", "annotations", "sluice.dev/requestedAt")
          const status = statuses[name]
          return status === undefined || asked === undefined || at(object, "status", "lastHandledReconcileAt") === asked
            ? Effect.void
            : patchStatus("shop", name, { ...status, lastHandledReconcileAt: asked })
        }, { discard: true })
    ))

const sluice = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const plane = yield* Plane
  const answer = yield* Effect.promise(() => run([...args, "--kubeconfig", plane.adminKubeconfigFile]))
  assert.notInclude(answer.stderr, "    at ", "an expected error shows no stack")
  return answer
})

const kubeconfigOf = Effect.fnUntraced(function*(name: string, namespace?: string) {
  const plane = yield* Plane
  const file = join(plane.folder, `${name}.kubeconfig`)
  writeFileSync(file, plane.user(name, [], namespace))
  return file
})

const Test = Layer.unwrap(
  Effect.map(
    Plane,
    (plane) =>
      KubeClient.layer({ files: [plane.adminKubeconfigFile], fence: noFence, maskKey: new Uint8Array(32) }).pipe(
        Layer.provide(NodeFileSystem.layer)
      )
  )
).pipe(Layer.provideMerge(Layer.effect(Plane, controlPlane())))

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("the verbs of the agent's resources", (it) => {
  it.effect("say what to install where the cluster has no such resources", () =>
    Effect.gen(function*() {
      for (const args of [["get"], ["reconcile", "shop"], ["explain", "shop"], ["get", "policies"]]) {
        const { code, stderr } = yield* sluice(...args)
        assert.strictEqual(code, 2)
        assert.match(
          stderr,
          /this cluster has no Sluice resources \(\w+\.sluice\.dev is not served\)\n +help: Install them/u
        )
      }
      yield* install
      yield* put(delivery("checkout", { status: readyStatus, metadata: { labels: { team: "shop" } } }))
      yield* put(delivery("cart", { status: deniedStatus }))
      yield* put(delivery("fresh", { spec: { dependsOn: [{ name: "cart" }, { name: "nobody" }] } }))
    }))

  it.effect("get lists, selects, and writes what kubectl would", () =>
    Effect.gen(function*() {
      const table = yield* sluice("get", "-n", "shop")
      assert.strictEqual(table.code, 0)
      assert.deepStrictEqual(table.stdout.split("\n").map((line) => line.split(/ {3,}/u).slice(0, 5)), [
        ["NAME", "READY", "STATUS", "REVISION", "POLICY"],
        ["cart", "False", "PolicyDenied", "main@sha1:9f3c21ab", "1 denied"],
        ["checkout", "True", "Succeeded", "main@sha1:9f3c21ab", "12 passed"],
        ["fresh", "Unknown", "-", "-", "-"],
        [""]
      ])
      const wide = yield* sluice("get", "dlv", "checkout", "-n", "shop", "-o", "wide")
      assert.match(
        wide.stdout,
        /SUSPENDED +AUTHOR +DRIFT +SOURCE +PATH +MESSAGE\n.*Dana +2x +https:.*environments\/prod/u
      )
      assert.strictEqual(
        (yield* sluice("get", "-A", "-l", "team=shop", "-o", "name")).stdout,
        "delivery.sluice.dev/checkout\n"
      )
      const bad = yield* sluice("get", "-A", "--status-selector", "ready=false", "-o", "json")
      const list = JSON.parse(bad.stdout) as {
        kind: string
        items: ReadonlyArray<{ metadata: Record<string, unknown> }>
      }
      assert.deepStrictEqual([list.kind, list.items.map(({ metadata }) => [metadata.name, metadata.managedFields])], [
        "List",
        [["cart", undefined]]
      ])
      const one = yield* sluice("get", "delivery", "checkout", "-n", "shop", "-o", "yaml")
      assert.match(one.stdout, /^apiVersion: sluice\.dev\/v1alpha1\nkind: Delivery\n/u)
    }))

  it.effect("get answers what is not there with what was meant", () =>
    Effect.gen(function*() {
      const nothing = yield* sluice("get")
      assert.deepStrictEqual([nothing.code, nothing.stdout, nothing.stderr], [
        0,
        "",
        "no Deliveries in namespace default; -A looks in all\n"
      ])
      const wrong = yield* sluice("get", "shop/checkuot", "shop/checkout")
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stdout, "checkout", "what is there is shown")
      assert.match(
        wrong.stderr,
        /there is no Delivery "checkuot" in namespace shop\n +help: Did you mean "checkout"\?/u
      )
      assert.match((yield* sluice("get", "polices")).stderr, /help: Did you mean "policies"\?/u)
      assert.match((yield* sluice("get", "deliverys", "-A")).stderr, /help: Did you mean "delivery"\?/u)
      assert.match((yield* sluice("history", "../x")).stderr, /"\.\." is no namespace/u)
    }))

  it.effect("tell whoever may not what to ask for", () =>
    Effect.gen(function*() {
      const file = yield* kubeconfigOf("jane", "shop")
      const { code, stderr } = yield* Effect.promise(() => run(["get", "--kubeconfig", file]))
      assert.strictEqual(code, 4)
      assert.match(stderr, /list deliveries\.sluice\.dev as jane: .*forbidden.*namespace "shop"/u)
      assert.include(stderr, "help: Ask for the verb list on deliveries.sluice.dev")
      const patch = yield* Effect.promise(() => run(["suspend", "checkout", "--kubeconfig", file]))
      assert.strictEqual(patch.code, 4)
    }))

  it.effect("get -w shows each change until a signal ends it", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const arguments_ = ["get", "-n", "shop", "-w", "--kubeconfig", plane.adminKubeconfigFile]
      const watching = new LastingSluice(arguments_)
      const asJson = new LastingSluice([...arguments_, "-o", "json"])
      /** The table has a line of headers more. */
      const shown = (count: number) =>
        Effect.promise(() =>
          Promise.all([
            watching.until((lines) => lines.length === count + 1),
            asJson.until((lines) => lines.length === count)
          ])
        )
      yield* shown(3)
      yield* put(delivery("watched"))
      yield* shown(4)
      yield* patchStatus("shop", "watched", readyStatus)
      yield* shown(5)
      yield* Effect.promise(() => plane.request("DELETE", `${group}/namespaces/shop/deliveries/watched`))
      yield* shown(6)
      assert.match(watching.lines[5]!, /^watched +True +Succeeded/u)
      assert.match(watching.lines[6]!, /^watched +True +Deleted/u)
      assert.strictEqual(yield* Effect.promise(() => watching.end("SIGINT")), 130)
      assert.deepStrictEqual(asJson.lines.map((line) => (JSON.parse(line) as { type: string }).type), [
        "ADDED",
        "ADDED",
        "ADDED",
        "ADDED",
        "MODIFIED",
        "DELETED"
      ])
      assert.strictEqual(yield* Effect.promise(() => asJson.end("SIGTERM")), 143)
    }))

  it.effect("reconcile asks, waits for the echo and answers with the outcome", () =>
    Effect.gen(function*() {
      yield* Effect.forkScoped(agent({ checkout: readyStatus, cart: deniedStatus }))
      const well = yield* sluice("reconcile", "shop/checkout", "--confirm", "sha256:abc")
      assert.deepStrictEqual([well.code, well.stdout], [
        0,
        "✔ shop/checkout is ready on main@sha1:9f3c21ab: nothing that this delivery reads has changed since main@sha1:9f3c21ab\n"
      ])
      const object = yield* live("checkout")
      assert.strictEqual(at(object, "metadata", "annotations", "sluice.dev/confirm"), "sha256:abc")
      const managers = at(object, "metadata", "managedFields") as ReadonlyArray<Json>
      assert.isTrue(managers.some((entry) => at(entry, "manager") === "sluice-cli"))

      const both = yield* sluice("reconcile", "cart", "checkout", "-n", "shop")
      assert.strictEqual(both.code, 1)
      assert.match(
        both.stdout,
        /✗ shop\/cart is not ready: PolicyDenied: 1 policy violation: image-digest-required at .*\n +help Mend/u
      )
      assert.match(both.stdout, /✔ shop\/checkout/u)
      assert.strictEqual((yield* sluice("reconcile", "shop/cart", "--no-wait")).stdout, "shop/cart is asked for\n")
      assert.strictEqual((yield* sluice("reconcile", "shop/cart", "-o", "name")).stdout, "delivery.sluice.dev/cart\n")
    }))

  it.effect("reconcile says that nobody answers", () =>
    Effect.gen(function*() {
      const { code, stderr } = yield* sluice("reconcile", "shop/fresh", "--timeout", "1s")
      assert.strictEqual(code, 3)
      assert.include(stderr, "shop/fresh: no agent has ever said anything about it")
      assert.match(
        stderr,
        /nothing stirred for 1s; no agent seems to look after it\n +help: Look whether `sluice agent` runs/u
      )
      assert.match((yield* sluice("reconcile")).stderr, /no Delivery is named\n +help: .*--all/u)
      assert.match((yield* sluice("reconcile", "x", "--timeout", "soon")).stderr, /--timeout soon is no duration/u)
    }))

  it.effect("suspend and resume say what they did, twice the same", () =>
    Effect.gen(function*() {
      const first = yield* sluice("suspend", "shop/cart", "--reason", "INC-42", "--until", "2h")
      assert.strictEqual(first.code, 0)
      assert.match(first.stdout, /^shop\/cart is suspended by admin: INC-42; until \S+Z \(in 1\d\dm|2h\)\n$/u)
      const spec = at(yield* live("cart"), "spec")
      assert.deepStrictEqual([at(spec, "suspend"), at(spec, "suspension", "by"), at(spec, "suspension", "reason")], [
        true,
        "admin",
        "INC-42"
      ])
      assert.match((yield* sluice("suspend", "shop/cart")).stdout, /^shop\/cart is suspended already by admin: INC-42/u)
      const asked = yield* sluice("reconcile", "shop/cart")
      assert.strictEqual(asked.code, 1)
      assert.match(asked.stderr, /shop\/cart is suspended by admin: INC-42.*\n +help: .*sluice resume cart -n shop/u)
      assert.match((yield* sluice("explain", "shop/cart")).stdout, /^‖ shop\/cart is suspended\n[^]*by admin: INC-42/u)

      const resumed = yield* sluice("resume", "shop/cart")
      assert.match(resumed.stdout, /^shop\/cart goes on; it was suspended by admin: INC-42/u)
      const after = at(yield* live("cart"), "spec")
      assert.deepStrictEqual([at(after, "suspend"), at(after, "suspension")], [false, undefined])
      assert.strictEqual((yield* sluice("resume", "shop/cart")).stdout, "shop/cart is not suspended\n")
      const wrong = yield* sluice("suspend", "shop/cart", "--until", "2020-01-01T00:00:00Z")
      assert.deepStrictEqual([wrong.code, wrong.stderr.includes("is over already")], [2, true])
    }))

  it.effect("suspend warns that Git has the last word", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const managed = delivery("managed", {
        spec: { suspend: false },
        metadata: { labels: { "sluice.dev/delivery": "shop.platform" } }
      })
      const path = `${group}/namespaces/shop/deliveries/managed`
      yield* Effect.promise(() =>
        plane.request("PATCH", `${path}?fieldManager=sluice`, managed, "application/apply-patch+yaml")
      )
      const { stderr } = yield* sluice("suspend", "shop/managed")
      assert.match(
        stderr,
        /comes from shop\/platform, and Git says spec\.suspend: it will be put back\n +help: .*suspend shop\/platform/u
      )
      yield* Effect.promise(() => plane.request("DELETE", path))
    }))

  it.effect("history, tree, explain and events tell of one Delivery", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const data = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name: "settings",
          labels: { "sluice.dev/delivery": "shop.checkout" },
          annotations: { "sluice.dev/origin": `base/settings.yaml:3@${revision}` }
        }
      }
      yield* Effect.promise(() =>
        plane.request(
          "PATCH",
          "/api/v1/namespaces/shop/configmaps/settings?fieldManager=sluice",
          data,
          "application/apply-patch+yaml"
        )
      )
      const event = (name: string, message: string) =>
        Effect.promise(() =>
          plane.request("POST", "/api/v1/namespaces/shop/events", {
            metadata: { name, namespace: "shop" },
            involvedObject: {
              apiVersion: "sluice.dev/v1alpha1",
              kind: "Delivery",
              namespace: "shop",
              name: "checkout"
            },
            type: "Warning",
            reason: "PolicyDenied",
            message,
            lastTimestamp: new Date().toISOString(),
            source: { component: "sluice" }
          })
        )
      yield* event("checkout.1", hostile)

      const history = yield* sluice("history", "shop/checkout")
      assert.match(
        history.stdout,
        /^WHEN +REVISION +OUTCOME +TOOK +CHANGES +WHY +AUTHOR +SUBJECT\n\S+ +main@sha1:9f3c21ab +Unchanged/u
      )
      const tree = yield* sluice("tree", "shop/checkout", "-o", "wide")
      assert.match(
        tree.stdout,
        /^Delivery\/shop\/checkout {2}Ready {2}main@sha1:9f3c21ab\n├── ConfigMap\/shop\/gone +✗ NotFound {2}does not exist\n└── ConfigMap\/shop\/settings +Current {2}base\/settings\.yaml:3@main/u
      )
      assert.include(tree.stdout, "2 objects, 1 not well")
      const document = JSON.parse((yield* sluice("tree", "checkout", "-n", "shop", "-o", "json")).stdout) as JsonObject
      assert.deepStrictEqual([document.kind, at(document, "owns", 0, "status")], ["DeliveryTree", "NotFound"])

      const object = yield* sluice("explain", "ConfigMap/settings", "-n", "shop")
      assert.match(object.stdout, /^ConfigMap\/shop\/settings is owned by shop\/checkout\n/u)
      assert.match(object.stdout, /written +base\/settings\.yaml:3 at main@sha1:9f3c21ab\n/u)
      assert.match(
        (yield* sluice("explain", "configmap/kube-root-ca.crt", "-n", "shop")).text,
        /no ConfigMap|was not applied by Sluice/u
      )
      assert.match(
        (yield* sluice("explain", "Deploymnet/x")).stderr,
        /no kind "Deploymnet"\n +help: Did you mean "Deployment"\?/u
      )

      const bundle = yield* sluice("explain", "pb/baseline")
      assert.strictEqual(bundle.code, 2)
      assert.match(bundle.stderr, /and of no PolicyBundle\n {2}help: sluice get policies baseline -o wide/u)
      const cart = yield* sluice("explain", "shop/cart")
      assert.match(cart.stdout, /rule image-digest-required · policies\/images\.rego:3 · repository sha256:1\n/u)
      const checkout = mkdtempSync(join(tmpdir(), "sluice-checkout-"))
      const write = (path: string, text: string) => {
        mkdirSync(dirname(join(checkout, path)), { recursive: true })
        writeFileSync(join(checkout, path), text)
      }
      write("environments/prod/checkout.yaml", `${"a: b\n".repeat(22)}image: shop:latest\n`)
      write("policies/images.rego", "package policies.images\n\ndeny contains \"x\" if {\n\tinput.kind\n}\n")
      write(".git/HEAD", "ref: refs/heads/main\n")
      write(".git/refs/heads/main", `${"0".repeat(40)}\n`)
      const beside = yield* sluice("explain", "shop/cart", "--source", checkout)
      assert.match(
        beside.stdout,
        /> 23 │ image: shop:latest\n[^]*rule image-digest-required[^]* 3 │ deny contains "x" if \{\n/u
      )
      assert.match(beside.stderr, /is at 00000000, the Delivery at [0-9a-f]{8}: lines may have moved/u)
      write(".git/HEAD", "odd")
      assert.strictEqual((yield* sluice("explain", "shop/cart", "--source", checkout)).stderr, "")
      assert.match((yield* sluice("explain", "shop/cart", "--source", "/nowhere")).stderr, /no such file or folder/u)
      rmSync(checkout, { recursive: true })

      const waiting = yield* sluice("explain", "shop/fresh")
      assert.match(
        waiting.stdout,
        /waits for +shop\/cart is not ready: PolicyDenied: .*\n +shop\/nobody does not exist\n/u
      )
      const events = yield* sluice("events", "shop/checkout", "--types", "warning")
      assert.match(
        events.stdout,
        /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\d+[sm] +Warning +PolicyDenied +Delivery\/checkout +/u
      )
      assert.lengthOf(events.stdout.trimEnd().split("\n"), 2)
      assert.notInclude(events.stdout, "\u001b")
      assert.strictEqual((yield* sluice("events", "-n", "shop", "--for", "Pod/none")).stdout, "")
      const watching = new LastingSluice(["events", "-n", "shop", "-w", "--kubeconfig", plane.adminKubeconfigFile])
      yield* Effect.promise(() => watching.until((lines) => lines.length === 2))
      yield* event("checkout.2", "again")
      yield* Effect.promise(() => watching.until((lines) => lines.length === 3))
      assert.match(watching.lines[2]!, /PolicyDenied +Delivery\/checkout +again$/u)
      assert.strictEqual(yield* Effect.promise(() => watching.end("SIGTERM")), 143)
    }), 120_000)

  it.effect("read what an agent of another version says, and obey none of it", () =>
    Effect.gen(function*() {
      yield* put(delivery("odd", {
        status: {
          observedGeneration: "many",
          conditions: [
            { type: "Dazzling", status: "True" },
            { type: "Ready", status: "False", reason: hostile, message: hostile, lastTransitionTime: "" }
          ],
          history: [{ id: 7 }],
          policy: "none",
          lastAppliedRevision: hostile,
          inventory: { entries: [{ id: hostile, v: "v1" }, { id: "a_b_c_d", v: hostile }] },
          source: { revision: hostile, url: hostile, author: hostile, subject: hostile }
        }
      }))
      for (const args of [["get", "odd", "-o", "wide"], ["explain", "odd"], ["tree", "odd"], ["history", "odd"]]) {
        const { code, text } = yield* sluice(...args, "-n", "shop")
        assert.strictEqual(code, 0, text)
        assert.notMatch(text, /[\u001b\u0007\u202e]/u)
        assert.notMatch(text, /^READY True/mu)
      }
      const machine = yield* sluice("get", "odd", "-n", "shop", "-o", "json")
      assert.strictEqual(at(JSON.parse(machine.stdout) as Json, "status", "lastAppliedRevision"), hostile)
      assert.notMatch(machine.stdout, /[\u001b\u202e]/u)
      assert.notMatch((yield* sluice("get", "odd", "-n", "shop", "-o", "yaml")).stdout, /[\u001b\u202e]/u)
    }))

  it.effect("steer and understand the agent itself", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      yield* Effect.promise(() => plane.request("POST", "/api/v1/namespaces", { metadata: { name: "real" } }))
      const source = { git: { url: "https://127.0.0.1:1/acme/shop.git", commit: "ab".repeat(20) } }
      yield* put(delivery("lost", { spec: { source }, metadata: { namespace: "real" } }))
      const data = mkdtempSync(join(plane.folder, "agent-"))
      const addresses = ["--http-address", "127.0.0.1:0", "--metrics-address", "none"]
      const cluster = ["--kubeconfig", plane.adminKubeconfigFile, "--agent-namespace", "real"]
      const real = new LastingSluice(["agent", ...cluster, ...addresses, "--data-dir", data])
      yield* Effect.addFinalizer(() => Effect.promise(() => real.end("SIGTERM")))

      const asked = yield* sluice("reconcile", "real/lost", "--timeout", "50s")
      assert.strictEqual(asked.code, 1, asked.text)
      assert.match(asked.stdout, /✗ real\/lost is not ready: FetchFailed: /u)
      const told = yield* sluice("explain", "real/lost")
      assert.match(told.stdout, /^✗ real\/lost is not ready: FetchFailed\n {2}stage +fetch\n/u)
      assert.strictEqual((yield* sluice("suspend", "real/lost", "--reason", "INC-42")).code, 0)
      const stopped = yield* until(deliveries, (all) =>
        all.some((each) =>
          JSON.stringify(at(each, "status", "conditions"))?.includes("Suspended by admin: INC-42")
        ))
      assert.isTrue(stopped._tag === "Some")
      assert.match((yield* sluice("get", "-n", "real")).stdout, /lost +Unknown +Suspended/u)
    }), 120_000)

  it.effect("colour for people only", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const args = ["get", "-n", "shop", "--kubeconfig", plane.adminKubeconfigFile]
      const colored = yield* Effect.promise(() => run(args, { environment: { NO_COLOR: "", FORCE_COLOR: "1" } }))
      assert.include(colored.stdout, "\u001b[31mFalse")
      assert.notInclude((yield* sluice("get", "-n", "shop")).stdout, "\u001b")
    }))
})
