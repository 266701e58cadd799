import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import type { DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { events } from "../../src/controller/events.ts"
import * as EventWriter from "../../src/controller/EventWriter.ts"
import { type Happening, Noted } from "../../src/controller/Happening.ts"
import { after } from "../../src/controller/status.ts"
import * as StatusWriter from "../../src/controller/StatusWriter.ts"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import type { Outcome } from "../../src/domain/Outcome.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { RenderFailed } from "../../src/domain/StageError.ts"
import { type DeliveryId, DeliveryWriter } from "../../src/kube/DeliveryWriter.ts"
import { noFence } from "../../src/kube/Fence.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { advanced, applied, denied, details, event, facts, revision } from "../controller/story.ts"
import { type ControlPlane, controlPlane } from "../support/ControlPlane.ts"
import { findPrograms } from "../support/controlplane/programs.ts"

class Plane extends Context.Service<Plane, ControlPlane>()("test/Plane") {}

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "deliveries.sluice.dev" },
  spec: {
    group: "sluice.dev",
    scope: "Namespaced",
    names: { plural: "deliveries", singular: "delivery", kind: "Delivery", listKind: "DeliveryList" },
    versions: [{
      name: "v1alpha1",
      served: true,
      storage: true,
      subresources: { status: {} },
      schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }
    }]
  }
}

const base = "/apis/sluice.dev/v1alpha1/namespaces/default/deliveries"

const withDeliveries = Effect.fnUntraced(function*() {
  const plane = yield* controlPlane()
  yield* Effect.promise(() =>
    plane.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
  )
  yield* Effect.repeat(Effect.exit(Effect.tryPromise(() => plane.request("GET", base))), { until: Exit.isSuccess })
  return plane
})

const as = (files: ReadonlyArray<string>) =>
  DeliveryWriter.layer.pipe(
    Layer.provide(KubeClient.layer({ files, fence: noFence, maskKey: new Uint8Array(32) })),
    Layer.provide(NodeFileSystem.layer)
  )

const Test = Layer.unwrap(Effect.map(Plane, (plane) => as([plane.adminKubeconfigFile]))).pipe(
  Layer.provideMerge(Layer.effect(Plane, withDeliveries()))
)

const ask = (method: string, path: string, body?: unknown) =>
  Effect.flatMap(Plane, (plane) => Effect.promise(() => plane.request(method, path, body) as Promise<JsonObject>))

const spec = { path: "environments/prod" }

/** How often a Delivery of a name had been written when it was made anew, for another try. */
const writtenBefore = new Map<string, number>()

const create = Effect.fnUntraced(function*(name: string) {
  const plane = yield* Plane
  const isRemoved = yield* Effect.promise(() =>
    plane.request("DELETE", `${base}/${name}`).then(() => true, () => false)
  )
  if (isRemoved) writtenBefore.set(name, yield* requests("patch", "deliveries", name))
  const made = yield* ask("POST", base, {
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name },
    spec
  })
  const id: DeliveryId = { namespace: "default", name, uid: String(at(made, "metadata", "uid")) }
  return id
})

const live = (name: string) =>
  Effect.map(ask("GET", `${base}/${name}`), ({ status }) => (status ?? {}) as DeliveryStatus)

/** What is asked again and again leaves the API server time for what it waits for. */
const schedule = Schedule.spaced("20 millis")

/** The status as soon as it is so. */
const until = (name: string, is: (status: DeliveryStatus) => boolean) =>
  Effect.repeat(live(name), { schedule, until: is })

const isReady = (value: string) => (status: DeliveryStatus) =>
  status.conditions?.some(({ status, type }) => type === "Ready" && status === value) === true

const asked = (verb: string, resource: string, name?: string) =>
  Effect.map(
    Effect.flatMap(Plane, (plane) => Effect.promise(() => plane.readAudit())),
    (all) =>
      all.filter((each) =>
        each.verb === verb && each.userAgent === "sluice" && each.objectRef?.resource === resource &&
        (name === undefined || each.objectRef.name === name)
      )
  )

const requests = (verb: string, resource: string, name?: string) =>
  Effect.map(asked(verb, resource, name), ({ length }) => length)

const writes = (name: string) =>
  Effect.map(requests("patch", "deliveries", name), (count) => count - (writtenBefore.get(name) ?? 0))

const kubectl = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const plane = yield* Plane
    const programs = yield* Effect.promise(() => findPrograms(["kubectl"], console.error))
    const told = yield* Effect.promise(() =>
      promisify(execFile)(programs.get("kubectl")!, ["--kubeconfig", plane.adminKubeconfigFile, ...args])
    )
    return told.stdout
  })

const eventsOf = (name: string, count: number) =>
  Effect.map(
    Effect.repeat(
      ask("GET", `/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name%3D${name}`),
      { schedule, until: ({ items }) => Array.isArray(items) && items.length >= count }
    ),
    ({ items }) => items as ReadonlyArray<JsonObject>
  )

const drift = Noted.Drifted({
  object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" },
  manager: "kubectl-edit",
  fields: ["spec.replicas"],
  time: undefined,
  action: "healed"
})

const run = (outcome: Outcome, letter: string, why = "webhook"): ReadonlyArray<Happening> => [
  event({ _tag: "RunStarted", revision: revision(letter), why }),
  event({ _tag: "StageStarted", stage: "fetch", revision: revision(letter) }),
  event({ _tag: "RunEnded", outcome, details: details(letter, { why }) })
]

/** So that the last redactor stands alone. */
const unredacted = facts({ redact: (text) => text })

const tell = (writer: StatusWriter.StatusWriter, happenings: ReadonlyArray<Happening>) =>
  Effect.forEach(happenings, (each) => writer.update((status) => after(status, each, unredacted)), { discard: true })

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("status in the cluster", (it) => {
  it.effect("costs one write a transition, none without, and shows a run that lasts", () =>
    Effect.gen(function*() {
      const id = yield* create("web")
      const writer = yield* StatusWriter.make(id, {})
      yield* tell(writer, run(applied, "a"))
      const first = yield* until("web", isReady("True"))
      assert.deepStrictEqual(first, yield* writer.current)
      assert.strictEqual(yield* writes("web"), 1)

      for (const why of ["interval", "webhook", "drift"]) yield* tell(writer, run(advanced, "a", why))
      const [start, , end] = run(applied, "a", "drift") as [Happening, Happening, Happening]
      yield* tell(writer, [start, event({ _tag: "StageStarted", stage: "apply", revision: revision("a") }), end])
      yield* until("web", ({ history }) => history?.[0]?.why === "drift")
      assert.strictEqual(yield* writes("web"), 2)

      yield* tell(writer, run(denied, "b"))
      const blocked = yield* until("web", isReady("False"))
      assert.strictEqual(blocked.lastAppliedRevision, first.lastAppliedRevision)
      assert.strictEqual(yield* writes("web"), 3)

      yield* tell(writer, run(applied, "c").slice(0, 2))
      const waiting = yield* until("web", isReady("Unknown"))
      assert.strictEqual(waiting.stage, "fetch")
      const [time] = yield* Effect.timed(Effect.andThen(
        tell(writer, run(applied, "c").slice(2)),
        until("web", isReady("True"))
      ))
      console.info(`Ready was seen ${Math.round(Duration.toMillis(time))} ms after the run ended`)
      assert.strictEqual(yield* writes("web"), 5)
      assert.notProperty(yield* live("web"), "stage")

      const managers = at(yield* ask("GET", `${base}/web`), "metadata", "managedFields") as ReadonlyArray<JsonObject>
      const ours = managers.filter(({ manager }) => manager === "sluice-agent").map(({ subresource }) => subresource)
      assert.deepStrictEqual(ours, ["status"])
    }).pipe(Effect.scoped))

  it.effect("is what kubectl waits for", () =>
    Effect.gen(function*() {
      const id = yield* create("waited")
      const writer = yield* StatusWriter.make(id, {})
      const waiting = yield* Effect.forkScoped(
        kubectl("wait", "--for=condition=Ready", "--timeout=60s", "deliveries.sluice.dev/waited"),
        { startImmediately: true }
      )
      yield* tell(writer, run(applied, "a"))
      assert.include(yield* Fiber.join(waiting), "condition met")
      yield* tell(writer, run(denied, "b"))
      yield* kubectl("wait", "--for=condition=Stalled", "--timeout=60s", "deliveries.sluice.dev/waited")
      yield* kubectl(
        "wait",
        "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=PolicyDenied",
        "--timeout=60s",
        "deliveries.sluice.dev/waited"
      )
    }).pipe(Effect.scoped))

  it.effect("writes what comes in a burst at most once a second", () =>
    Effect.gen(function*() {
      const id = yield* create("burst")
      const writer = yield* StatusWriter.make(id, {})
      const began = yield* Clock.currentTimeMillis
      yield* tell(writer, run(applied, "a"))
      yield* Effect.forEach(Array.from({ length: 200 }, () => drift), (each) =>
        Effect.andThen(tell(writer, [each]), Effect.yieldNow))
      yield* until("burst", ({ drift }) =>
        drift?.count === 200)
      const seconds = ((yield* Clock.currentTimeMillis) - began) / 1_000
      assert.isAtMost(yield* writes("burst"), 2 + Math.ceil(seconds))
    }).pipe(Effect.scoped))

  it.effect("leaves alone what has taken its place, and what is gone", () =>
    Effect.gen(function*() {
      const id = yield* create("replaced")
      const writer = yield* StatusWriter.make(id, {})
      yield* tell(writer, run(applied, "a"))
      yield* until("replaced", isReady("True"))
      yield* ask("DELETE", `${base}/replaced`)
      yield* create("replaced")
      yield* tell(writer, run(denied, "b"))
      yield* Effect.repeat(writes("replaced"), { schedule, until: (count) => count === 3 })
      assert.deepStrictEqual(yield* live("replaced"), {})

      const gone = yield* StatusWriter.make({ ...id, name: "gone" }, {})
      yield* tell(gone, run(applied, "a"))
      yield* Effect.repeat(writes("gone"), { schedule, until: (count) => count === 1 })
      yield* tell(gone, run(denied, "b"))
      assert.isTrue(isReady("False")(yield* gone.current))
    }).pipe(Effect.scoped, Effect.tap(() => Effect.map(writes("gone"), (count) => assert.strictEqual(count, 1)))))

  it.effect("writes all of it where somebody took it away", () =>
    Effect.gen(function*() {
      const id = yield* create("emptied")
      const writer = yield* StatusWriter.make(id, {})
      yield* tell(writer, run(applied, "a"))
      yield* until("emptied", isReady("True"))
      const found = yield* ask("GET", `${base}/emptied`)
      const { status: _, ...without } = found
      yield* ask("PUT", `${base}/emptied/status`, without)
      yield* tell(writer, run(denied, "b"))
      const status = yield* until("emptied", isReady("False"))
      assert.deepStrictEqual(status, yield* writer.current)
    }).pipe(Effect.scoped))

  it.effect("tries again what is newest, as soon as it may", () =>
    Effect.gen(function*() {
      const plane = yield* Plane
      const id = yield* create("refused")
      const file = join(plane.folder, "agent.kubeconfig")
      writeFileSync(file, plane.user("agent"))
      const writer = yield* Effect.provide(StatusWriter.make(id, {}), as([file]))
      yield* tell(writer, run(applied, "a"))
      yield* Effect.repeat(writes("refused"), { schedule, until: (count) => count === 1 })
      yield* tell(writer, run(denied, "b"))
      const rbac = "/apis/rbac.authorization.k8s.io/v1"
      yield* ask("POST", `${rbac}/clusterroles`, {
        metadata: { name: "agent" },
        rules: [{ apiGroups: ["sluice.dev"], resources: ["deliveries/status"], verbs: ["patch"] }]
      })
      yield* ask("POST", `${rbac}/clusterrolebindings`, {
        metadata: { name: "agent" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "agent" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "agent" }]
      })
      assert.deepStrictEqual(yield* until("refused", isReady("False")), yield* writer.current)
    }).pipe(Effect.scoped))

  it.effect("writes what is left when it is told to stop", () =>
    Effect.gen(function*() {
      const id = yield* create("stopped")
      const scope = yield* Scope.make()
      const writer = yield* Scope.provide(StatusWriter.make(id, {}), scope)
      yield* tell(writer, run(applied, "a").slice(0, 2))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* live("stopped"), yield* writer.current)
    }))

  it.effect("says no secret that the process has used", () =>
    Effect.gen(function*() {
      const known = new RedactedValues()
      known.add("canary-7f31")
      const id = yield* create("secretive")
      yield* Effect.gen(function*() {
        const writer = yield* StatusWriter.make(id, {})
        const told = yield* EventWriter.make(id, "agent-0")
        const [start, stage, end] = run(
          { _tag: "Failed", error: new RenderFailed({ detail: "canary-7f31 is no YAML" }), changes: undefined },
          "a"
        ) as [Happening, Happening, Happening]
        yield* tell(writer, [start, stage])
        const before = yield* writer.current
        yield* tell(writer, [end])
        yield* told.tell(events(before, yield* writer.current, end))
        yield* until("secretive", isReady("False"))
      }).pipe(Effect.scoped, Effect.provideService(Redactions, known))
      const text = JSON.stringify([yield* live("secretive"), yield* eventsOf("secretive", 1)])
      assert.include(text, "(redacted) is no YAML")
      assert.notInclude(text, "canary")
    }))

  it.effect("lets 300 deliveries advance at the same time, by one write each", () =>
    Effect.gen(function*() {
      const names = Array.from({ length: 300 }, (_, index) => `many-${index}`)
      const entries = Array.from({ length: 100 }, (_, index) => ({
        ref: { group: "apps", kind: "Deployment", namespace: "shop", name: `deployment-${index}` },
        apiVersion: "apps/v1"
      }))
      const all = { concurrency: 32 }
      const ids = yield* Effect.forEach(names, create, all)
      const writers = yield* Effect.forEach(ids, (id) => StatusWriter.make(id, {}))
      yield* Effect.forEach(writers, (writer) => tell(writer, [Noted.Inventoried({ entries }), ...run(applied, "a")]))
      yield* Effect.forEach(names, (name) => until(name, isReady("True")), all)
      const before = yield* requests("patch", "deliveries")
      yield* Effect.forEach(writers, (writer) => tell(writer, run(advanced, "b")))
      const isOnB = ({ lastAppliedRevision = "" }: DeliveryStatus) => lastAppliedRevision.endsWith("bbbb")
      // The first come first: while they write, only the last is looked at.
      yield* Effect.forEach(names.toReversed(), (name) => until(name, isOnB))
      const made = (yield* asked("patch", "deliveries")).slice(before)
      assert.lengthOf(made, 300)
      const times = made.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp))
      console.info(`300 deliveries advanced within ${Math.max(...times) - Math.min(...times)} ms`)
    }).pipe(Effect.scoped))
})

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("what the agent tells Kubernetes", (it) => {
  it.effect("is one Event with a count for a burst, with who and what", () =>
    Effect.gen(function*() {
      const id = yield* create("drifting")
      const told = yield* EventWriter.make(id, "agent-0")
      const before = yield* requests("create", "events")
      let status: DeliveryStatus = {}
      for (let turn = 0; turn < 200; turn++) {
        const last = status
        status = after(last, drift, facts())
        yield* told.tell(events(last, status, drift))
      }
      const [found] = yield* eventsOf("drifting", 1)
      assert.deepInclude(found, {
        type: "Normal",
        reason: "Healed",
        action: "heal",
        reportingController: "sluice.dev/agent",
        reportingInstance: "agent-0",
        regarding: { apiVersion: "sluice.dev/v1alpha1", kind: "Delivery", ...id },
        related: { kind: "Deployment", namespace: "shop", name: "checkout" }
      })
      assert.strictEqual(at(found, "series", "count"), 200)
      assert.include(
        String(at(found, "note")),
        "Deployment/shop/checkout: spec.replicas taken by kubectl-edit, put back"
      )
      assert.strictEqual(yield* requests("create", "events"), before + 1)
      assert.match(
        yield* kubectl("events", "--for", "deliveries.sluice.dev/drifting"),
        /Normal\s+Healed\s+Delivery\/drifting\s+Deployment\/shop\/checkout/u
      )
    }).pipe(Effect.scoped))

  it.effect("fits the server, however long, and comes out when the agent stops", () =>
    Effect.gen(function*() {
      const id = yield* create("lengthy")
      const scope = yield* Scope.make()
      const told = yield* Scope.provide(EventWriter.make(id, "a".repeat(300)), scope)
      const warning = { type: "Warning", action: "render", message: "ü€".repeat(900) } as const
      yield* told.tell([{ ...warning, reason: "RenderFailed" }, { ...warning, reason: "Drifted", action: "heal" }])
      yield* Scope.close(scope, Exit.void)
      const found = yield* eventsOf("lengthy", 2)
      for (const event of found) assert.match(String(event.note), /^(?:ü€)+ü?…$/u)
    }))

  it.effect("is rare, however often a delivery changes its mind", () =>
    Effect.gen(function*() {
      const id = yield* create("fickle")
      const scope = yield* Scope.make()
      const told = yield* Scope.provide(EventWriter.make(id, "agent-0"), scope)
      const reasons = Array.from({ length: 40 }, (_, index) => `Reason${index}`)
      yield* told.tell(reasons.map((reason) => ({ type: "Normal", action: "apply", message: "", reason })))
      yield* Scope.close(scope, Exit.void)
      assert.lengthOf(yield* eventsOf("fickle", 20), 20)
    }))

  it.effect("never stands in the way, also where there is nowhere to tell it", () =>
    Effect.gen(function*() {
      const told = yield* EventWriter.make({ namespace: "nowhere", name: "web", uid: "none" }, "agent-0")
      yield* told.tell([{ type: "Normal", reason: "RevisionApplied", action: "apply", message: "Applied" }])
    }).pipe(Effect.scoped))
})

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("a Delivery's metadata", (it) => {
  it.effect("is changed on this object only, and its finalizers only from where they were read", () =>
    Effect.gen(function*() {
      const writer = yield* DeliveryWriter
      const id = yield* create("finalized")
      const stamped = yield* writer.patchMetadata(id, { annotations: { "reconcile.fluxcd.io/requestedAt": "first" } })
      const resourceVersion = String(stamped.resourceVersion)
      const held = yield* writer.patchMetadata(id, {
        finalizers: { values: ["sluice.dev/finalizer"], resourceVersion }
      })
      assert.deepStrictEqual(held.finalizers, ["sluice.dev/finalizer"])
      assert.deepStrictEqual(held.annotations, { "reconcile.fluxcd.io/requestedAt": "first" })
      const late = yield* Effect.flip(writer.patchMetadata(id, { finalizers: { values: [], resourceVersion } }))
      assert.strictEqual(late.status, 409)
      const other = yield* Effect.flip(writer.patchMetadata({ ...id, uid: "other" }, { annotations: { a: null } }))
      assert.strictEqual(other.status, 422)
      const gone = yield* Effect.flip(writer.patchMetadata({ ...id, name: "missing" }, { annotations: {} }))
      assert.deepStrictEqual([gone.status, gone.resource], [404, "deliveries.sluice.dev"])
      yield* writer.patchMetadata(id, { finalizers: { values: [], resourceVersion: String(held.resourceVersion) } })
    }))
})
