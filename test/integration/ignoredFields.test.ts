import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { makeAutoscalers } from "../../src/kube/autoscaled.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { allow, as, ask, asUser, cluster, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { carryOut, configMap, deliver, delivery, deployment, manifest, plan } from "../apply/Subject.ts"

const mergePatch = "application/merge-patch+json"
const options = { excludeTestServices: true, timeout: "2 minutes" } as const

const autoscaler = (name: string, namespace: string, minReplicas = 1): JsonObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name, namespace },
  spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name }, minReplicas, maxReplicas: 10 }
})

const addAutoscaler = (name: string, namespace: string, minReplicas?: number) =>
  ask(
    "POST",
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
    autoscaler(name, namespace, minReplicas)
  )

const web = (namespace: string, spec: JsonObject, image = "a:1", name = "web") =>
  deployment(name, namespace, spec, { containers: [{ name: "app", image }] })

const pathOf = (namespace: string, name = "web") => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`

const get = (path: string) =>
  ask("GET", path) as Effect.Effect<JsonObject, never, Effect.Services<ReturnType<typeof ask>>>

const replicasOf = (namespace: string, name?: string) =>
  Effect.map(get(pathOf(namespace, name)), (object) => at(object, "spec", "replicas"))

/** What an autoscaler does: a write of the scale subresource. */
const scale = Effect.fnUntraced(function*(namespace: string, replicas: number, name?: string) {
  const path = `${pathOf(namespace, name)}/scale?fieldManager=kube-controller-manager`
  yield* ask("PATCH", path, { spec: { replicas } }, mergePatch)
})

/** What manager `sluice` owns, as text. */
const owned = (object: Json) =>
  JSON.stringify(
    (at(object, "metadata", "managedFields") as ReadonlyArray<Json>).filter((entry) =>
      at(entry, "manager") === "sluice"
    )
  )

const listsAutoscalers = (events: ReadonlyArray<{ readonly verb: string; readonly requestURI: string }>) =>
  events.filter(({ requestURI, verb }) => verb === "list" && requestURI.includes("/horizontalpodautoscalers")).length

layer(cluster({ controllers: true }), options)("fields that others decide", (it) => {
  it.effect("leaves replicas to an autoscaler of the same revision, from what Git says at first", () =>
    Effect.gen(function*() {
      yield* makeNamespace("rendered")
      const subject = delivery("shop", "rendered")
      const objects = (image: string) => [web("rendered", { replicas: 3 }, image), autoscaler("web", "rendered")]
      yield* deliver(subject, objects("a:1"))
      assert.strictEqual(yield* replicasOf("rendered"), 3, "a new object is as Git has it")
      yield* scale("rendered", 7)
      const same = yield* requestsOf("rendered", deliver(subject, objects("a:1"), 2))
      assert.deepStrictEqual(same.value, [])
      assert.strictEqual(yield* replicasOf("rendered"), 7)
      const still = yield* requestsOf("rendered", deliver(subject, objects("a:1"), 2))
      assert.deepStrictEqual(still.requests, ["list", "list"], "one metadata LIST for each kind")

      const changeset = yield* plan(subject, objects("a:2"), 3)
      const changed = changeset.changes.filter(({ action }) => action !== "unchanged")
      assert.deepStrictEqual(changed.map(({ fields }) => fields), [[
        { path: "spec.template.spec.containers[name=app].image", from: "a:1", to: "a:2" }
      ]])
      assert.deepStrictEqual([changeset.losses, changed[0]?.takesFrom], [[], []])
      yield* scale("rendered", 8)
      yield* carryOut(subject, changeset, 3)
      assert.strictEqual(yield* replicasOf("rendered"), 8, "also what the autoscaler did after the plan")
      assert.deepStrictEqual(yield* deliver(subject, objects("a:2"), 4), [])
      const failing = delivery("shop", "rendered", { conflicts: "fail" })
      assert.deepStrictEqual(yield* deliver(failing, objects("a:3"), 5), ["update Deployment/web"])
      assert.strictEqual(yield* replicasOf("rendered"), 8)
    }).pipe(Effect.provide(as("shop", "rendered"))))

  it.effect("finds an autoscaler that only the cluster has, and asks for it only when it matters", () =>
    Effect.gen(function*() {
      yield* makeNamespace("foreign")
      const subject = delivery("shop", "foreign")
      const objects = (image: string) => [
        web("foreign", { replicas: 3 }, image),
        web("foreign", { replicas: 2 }, image, "api"),
        web("foreign", {}, image, "plain"),
        configMap("c", "foreign", { image })
      ]
      const first = yield* requestsOf("foreign", deliver(subject, objects("a:1")))
      assert.strictEqual(listsAutoscalers(first.events), 0, "what is new is sent whole")
      yield* addAutoscaler("web", "foreign")
      yield* scale("foreign", 7)
      const second = yield* requestsOf("foreign", deliver(subject, objects("a:1"), 2))
      assert.deepStrictEqual([second.value, listsAutoscalers(second.events)], [[], 1])
      const third = yield* requestsOf("foreign", deliver(subject, objects("a:1"), 3))
      assert.deepStrictEqual([third.value, listsAutoscalers(third.events)], [[], 0], "nothing changed, nothing asked")
      const fourth = yield* requestsOf("foreign", deliver(subject, objects("a:2"), 4))
      assert.lengthOf(fourth.value, 4)
      assert.strictEqual(listsAutoscalers(fourth.events), 1, "once for all of a namespace")
      assert.strictEqual(yield* replicasOf("foreign"), 7)
      assert.strictEqual(yield* replicasOf("foreign", "api"), 2)
      const plain = [web("foreign", {}, "a:3", "plain")]
      const fifth = yield* requestsOf("foreign", plan(subject, plain, 5))
      assert.strictEqual(listsAutoscalers(fifth.events), 0, "an object without replicas is nobody's to scale")
    }).pipe(Effect.provide(as("shop", "foreign"))))

  for (const [how, spec] of [["that Git still sets", { replicas: 5 }], ["that Git sets no more", {}]] as const) {
    it.effect(`gives up replicas ${how} with their live value, and takes them back when the autoscaler goes`, () => {
      const space = how.endsWith("more") ? "dropped" : "kept"
      return Effect.gen(function*() {
        yield* makeNamespace(space)
        const subject = delivery("shop", space, { deletionLimit: "100%" })
        yield* deliver(subject, [web(space, { replicas: 5 })])
        const objects = [web(space, spec), autoscaler("web", space)]
        const changeset = yield* plan(subject, objects, 2)
        const change = changeset.changes.find(({ ref }) => ref.kind === "Deployment")
        assert.deepInclude(change, { action: "update", fields: [], takesFrom: [], handsOver: ["spec.replicas"] })
        assert.deepStrictEqual(changeset.losses, [])
        yield* carryOut(subject, changeset, 2)
        const after = yield* get(pathOf(space))
        assert.strictEqual(at(after, "spec", "replicas"), 5)
        assert.notInclude(owned(after), "replicas")
        assert.deepStrictEqual(yield* deliver(subject, objects, 3), [])
        yield* scale(space, 7)
        assert.deepStrictEqual(yield* deliver(subject, objects, 4), [])

        const back = yield* plan(subject, [web(space, { replicas: 5 })], 5)
        assert.deepStrictEqual(
          back.changes.map(({ action, fields }) => [action, fields]),
          [["update", [{ path: "spec.replicas", from: 7, to: 5 }]], ["delete", []]],
          "an autoscaler that this revision prunes decides nothing"
        )
        yield* carryOut(subject, back, 5)
        assert.strictEqual(yield* replicasOf(space), 5)
        assert.include(owned(yield* get(pathOf(space))), "replicas")
      }).pipe(Effect.provide(as("shop", space)))
    })
  }

  it.effect("gives up nothing that an autoscaler writes in the same moment", () =>
    Effect.gen(function*() {
      yield* makeNamespace("race")
      const [git, left] = [
        delivery("shop", "race"),
        delivery("shop", "race", { ignore: [{ paths: ["/spec/replicas"] }] })
      ]
      const objects = [web("race", { replicas: 2 })]
      for (let replicas = 3; replicas < 13; replicas++) {
        yield* deliver(git, objects, replicas)
        const changeset = yield* plan(left, objects, replicas)
        assert.deepStrictEqual(changeset.changes[0]?.handsOver, ["spec.replicas"])
        yield* Effect.all([carryOut(left, changeset, replicas), scale("race", replicas)], { concurrency: "unbounded" })
        assert.strictEqual(yield* replicasOf("race"), replicas)
      }
    }).pipe(Effect.provide(as("shop", "race"))))

  it.effect("does not fight a real autoscaler", () =>
    Effect.gen(function*() {
      yield* makeNamespace("real")
      const subject = delivery("shop", "real")
      const objects = (image: string) => [web("real", { replicas: 2 }, image), autoscaler("web", "real", 4)]
      const reader = yield* KubeReader
      yield* deliver(subject, objects("a:1"))
      const scaled = reader.watchMetadata("apps/v1", "Deployment", "real", "", (live) => live).pipe(
        Stream.mapEffect(() => replicasOf("real")),
        Stream.filter((replicas) => replicas === 4),
        Stream.take(1),
        Stream.runDrain
      )
      yield* scaled
      assert.deepStrictEqual(yield* deliver(subject, objects("a:1"), 2), [])
      assert.deepStrictEqual(yield* deliver(subject, objects("a:2"), 3), ["update Deployment/web"])
      assert.strictEqual(yield* replicasOf("real"), 4)
    }).pipe(Effect.provide(as("shop", "real"))))

  it.effect("leaves what apply.ignore names as others have it, until the rule goes", () =>
    Effect.gen(function*() {
      yield* makeNamespace("ignored")
      const rules = [
        { paths: ["/data/theirs"], target: { kind: "ConfigMap", name: "c" } },
        { paths: ["/data/password"], target: { group: "", kind: "Secret" } },
        { paths: ["/metadata/annotations/example.com~1owner"] }
      ]
      const [plain, ruled] = [delivery("shop", "ignored"), delivery("shop", "ignored", { ignore: rules })]
      const base64 = (text: string) => Buffer.from(text).toString("base64")
      const objects = (mine: string) => [
        configMap("c", "ignored", { theirs: "git", mine }, { "example.com/owner": "git" }),
        configMap("d", "ignored", { theirs: "git", mine }),
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "s", namespace: "ignored" },
          data: { password: base64("git"), mine: base64(mine) }
        }
      ]
      const read = Effect.fnUntraced(function*() {
        const [c, d, s] = yield* Effect.all(
          ["configmaps/c", "configmaps/d", "secrets/s"].map((name) => get(`/api/v1/namespaces/ignored/${name}`))
        )
        const secret = at(s, "data", "password") as string
        return {
          annotation: at(c, "metadata", "annotations", "example.com/owner"),
          data: [at(c, "data"), at(d, "data"), Buffer.from(secret, "base64").toString()] as const
        }
      })
      yield* deliver(plain, objects("1"))
      const edit = (name: string, body: unknown) =>
        ask("PATCH", `/api/v1/namespaces/ignored/${name}?fieldManager=them`, body, mergePatch)
      yield* edit("configmaps/c", { metadata: { annotations: { "example.com/owner": "them" } } })

      // What nobody took is handed over with its value, masked to us or not; what they have stays theirs.
      const given = yield* plan(ruled, objects("1"), 2)
      assert.deepStrictEqual(given.changes.map(({ fields, handsOver }) => [fields, handsOver]), [
        [[], ["data.theirs"]],
        [[], undefined],
        [[], ["data.password"]]
      ])
      yield* carryOut(ruled, given, 2)
      assert.deepStrictEqual(yield* read(), {
        annotation: "them",
        data: [{ theirs: "git", mine: "1" }, { theirs: "git", mine: "1" }, "git"]
      })
      yield* edit("configmaps/c", { data: { theirs: "them" } })
      yield* edit("secrets/s", { data: { password: base64("them") } })
      yield* deliver(ruled, objects("2"), 3)
      assert.deepStrictEqual(yield* read(), {
        annotation: "them",
        data: [{ theirs: "them", mine: "2" }, { theirs: "git", mine: "2" }, "them"]
      })
      const none = yield* requestsOf("ignored", deliver(ruled, objects("2"), 4))
      assert.deepStrictEqual(none.requests, ["list", "list"])
      yield* edit("configmaps/c", { data: { theirs: null } })
      assert.deepStrictEqual(yield* deliver(ruled, objects("2"), 5), [])

      assert.deepStrictEqual((yield* deliver(plain, objects("2"), 6)).sort(), [
        "update ConfigMap/c",
        "update Secret/s"
      ])
      assert.deepStrictEqual(yield* read(), {
        annotation: "git",
        data: [{ theirs: "git", mine: "2" }, { theirs: "git", mine: "2" }, "git"]
      })
    }).pipe(Effect.provide(as("shop", "ignored"))))

  it.effect("leaves a field of one element of a list alone, and one that must be there", () =>
    Effect.gen(function*() {
      yield* makeNamespace("elements")
      const object = (tag: string) =>
        deployment("web", "elements", {}, {
          containers: [{ name: "side", image: "s:1" }, {
            name: "app",
            image: "a:1",
            env: [{ name: "TAG", value: tag }]
          }]
        })
      yield* deliver(delivery("shop", "elements"), [object("1")])
      const rule = { paths: ["/spec/template/spec/containers/1/image"], target: { kind: "Deployment" } }
      const subject = delivery("shop", "elements", { ignore: [rule] })
      const changeset = yield* plan(subject, [object("1")], 2)
      assert.deepStrictEqual(changeset.changes.map(({ fields, handsOver }) => [fields, handsOver]), [
        [[], ["spec.template.spec.containers[name=app].image"]]
      ])
      yield* carryOut(subject, changeset, 2)
      yield* ask("PATCH", `${pathOf("elements")}?fieldManager=updater`, {
        spec: { template: { spec: { containers: [{ name: "app", image: "a:9" }] } } }
      }, "application/strategic-merge-patch+json")
      yield* deliver(subject, [object("2")], 3)
      const containers = at(yield* get(pathOf("elements")), "spec", "template", "spec", "containers")
      assert.deepStrictEqual((containers as ReadonlyArray<Json>).map((one) => at(one, "image")), ["s:1", "a:9"])
      assert.deepStrictEqual(at(containers, 1, "env", 0, "value"), "2")
    }).pipe(Effect.provide(as("shop", "elements"))))

  it.effect("goes on where autoscalers may not be listed, and says so", () =>
    Effect.gen(function*() {
      yield* makeNamespace("blind")
      yield* allow("blind", "blind", [
        { apiGroups: ["apps"], resources: ["deployments"], verbs: ["*"] },
        { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }
      ])
      const subject = delivery("shop", "blind")
      yield* deliver(subject, [web("blind", { replicas: 2 })])
      const image = yield* plan(subject, [web("blind", { replicas: 2 }, "a:2")], 2)
      assert.deepStrictEqual(image.losses, [], "nothing is lost where replicas do not change")
      const changeset = yield* plan(subject, [web("blind", { replicas: 3 })], 2)
      assert.deepStrictEqual([...changeset.losses], [
        "Deployment/blind/web: spec.replicas is set even if an autoscaler decides it: the kubeconfig's user may not " +
        "list horizontalpodautoscalers in blind"
      ])
      yield* carryOut(subject, changeset, 2)
      assert.strictEqual(yield* replicasOf("blind"), 3)
    }).pipe(Effect.provide(asUser("blind", "shop", "blind"))))

  it.effect("puts an object back without what others decide, also when that became known only now", () =>
    Effect.gen(function*() {
      yield* makeNamespace("heal")
      const writer = yield* KubeWriter
      yield* deliver(delivery("shop", "heal"), [web("heal", { replicas: 3 })])
      yield* addAutoscaler("web", "heal")
      const autoscalers = yield* makeAutoscalers({ timeToLive: "10 seconds" })
      const healing = yield* requestsOf(
        "heal",
        Effect.gen(function*() {
          for (const image of ["a:2", "a:3"]) {
            const left = yield* autoscalers.leave(manifest(web("heal", { replicas: 1 }, image)))
            yield* writer.apply(left, { force: true })
          }
        })
      )
      assert.strictEqual(listsAutoscalers(healing.events), 1, "asked once for a while")
      assert.strictEqual(yield* replicasOf("heal"), 3)
      yield* ask("DELETE", pathOf("heal"))
      yield* writer.apply(yield* autoscalers.leave(manifest(web("heal", { replicas: 2 }))), { force: true })
      assert.strictEqual(yield* replicasOf("heal"), 2, "an object that is gone comes back whole")
    }).pipe(Effect.provide(as("shop", "heal"))))
})
