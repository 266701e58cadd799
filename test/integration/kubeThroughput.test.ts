import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Agent } from "undici"
import { parse } from "yaml"
import { digest } from "../../src/domain/digest.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { ofObject } from "../../src/domain/ObjectRef.ts"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { type ControlPlane, controlPlane } from "../support/ControlPlane.ts"
import { rights } from "../support/rights.ts"

class Plane extends Context.Service<Plane, ControlPlane>()("test/Plane") {}

const Test = Layer.unwrap(
  Effect.map(
    Plane,
    (plane) =>
      KubeClient.layer({ files: [plane.adminKubeconfigFile], fence: noFence, maskKey: new Uint8Array(32) }).pipe(
        Layer.provide(NodeFileSystem.layer)
      )
  )
).pipe(Layer.provideMerge(Layer.effect(Plane, controlPlane())))

const objects = 500
const manifest = (index: number, value: string): Manifest => {
  const object: JsonObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `object-${index}`, namespace: "default", labels: { "sluice.dev/delivery": "throughput" } },
    data: { value, text: "x".repeat(900) }
  }
  const json = JSON.stringify(object)
  return { ref: ofObject(object), apiVersion: "v1", object, json, digest: digest(json), origin: { file: "test.yaml" } }
}
const manifests = (value: string) => Array.from({ length: objects }, (_, index) => manifest(index, value))

const measure = Effect.fnUntraced(function*<A, E, R>(what: string, work: Effect.Effect<A, E, R>) {
  const before = process.cpuUsage()
  const [time, result] = yield* Effect.timed(work)
  const { system, user } = process.cpuUsage(before)
  console.info(`${what}: ${Math.round(Duration.toMillis(time))} ms, ${Math.round((system + user) / 1000)} ms of CPU`)
  return [Duration.toMillis(time), result] as const
})

/** What the issue compares with: a loop that sends the same requests and parses the answers. */
const bareLoop = Effect.fnUntraced(
  function*(options: { readonly allowH2: boolean; readonly connections: number }, value: string) {
    const plane = yield* Plane
    const user = parse(plane.adminKubeconfig).users[0].user
    const decoded = (text: string) => Buffer.from(text, "base64")
    const agent = new Agent({
      ...options,
      connect: {
        ca: plane.caData,
        cert: decoded(user["client-certificate-data"]),
        key: decoded(user["client-key-data"])
      }
    })
    const send = (each: Manifest) =>
      agent.request({
        origin: plane.server,
        path:
          `/api/v1/namespaces/default/configmaps/${each.ref.name}?fieldManager=sluice&fieldValidation=Strict&force=true`,
        method: "PATCH",
        headers: { "content-type": "application/apply-patch+yaml" },
        body: each.json
      }).then(({ body }) => body.json())
    const queue = manifests(value)
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await send(next)
    }
    yield* measure(
      `bare loop, ${options.allowH2 ? "HTTP/2" : "HTTP/1.1"}, ${options.connections} connections`,
      Effect.promise(() => Promise.all(Array.from({ length: 32 }, work)))
    )
    yield* Effect.promise(() => agent.close())
  }
)

layer(Test, { excludeTestServices: true, timeout: "2 minutes" })("throughput", (it) => {
  it.effect("is a bare loop's", () =>
    Effect.gen(function*() {
      const reader = yield* KubeReader
      const writer = yield* KubeWriter
      const all = (what: string, each: (manifest: Manifest) => Effect.Effect<unknown, unknown>, value: string) =>
        measure(what, Effect.forEach(manifests(value), each, { concurrency: "unbounded", discard: true }))
      yield* all("first apply", (each) => writer.apply(each, { force: true }), "0")
      yield* bareLoop({ allowH2: false, connections: 32 }, "1")
      yield* all("client", (each) => writer.apply(each, { force: true }), "2")
      yield* bareLoop({ allowH2: true, connections: 1 }, "3")
      yield* all("client", (each) => writer.apply(each, { force: true }), "4")
      yield* all("client, dry-run", (each) => reader.dryRun(each, { force: true }), "5")
      const [, found] = yield* measure(
        "one LIST of metadata",
        reader.listMetadata("v1", "ConfigMap", "default", "sluice.dev/delivery=throughput")
      )
      assert.lengthOf(found, objects)
    }).pipe(Effect.provide(rights({ identity: Identity.Self(), namespace: "default", name: "throughput" }))))
})
