import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { gunzipSync } from "node:zlib"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { digest } from "../../src/domain/digest.ts"
import { canonical, type JsonObject } from "../../src/domain/Json.ts"
import { allow, as, ask, asUser, cluster, exists, makeNamespace, requestsOf } from "../apply/Cluster.ts"
import { carryOut, configMap, deliver, delivery, plan } from "../apply/Subject.ts"

const secret = (namespace: string, password: string): JsonObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "login", namespace },
  data: { password: Buffer.from(password).toString("base64") }
})

/** All that somebody sees who may read the ConfigMaps of a namespace. */
const readable = Effect.fnUntraced(function*(namespace: string) {
  const { items } = (yield* ask("GET", `/api/v1/namespaces/${namespace}/configmaps`)) as {
    items: ReadonlyArray<{ binaryData?: { record?: string } }>
  }
  const records = items.flatMap(({ binaryData }) => binaryData?.record ?? [])
  return JSON.stringify(items) +
    records.map((record) => gunzipSync(Buffer.from(record, "base64")).toString()).join("\n")
})

/** What an attacker would compare with: the digest of the manifest with a guessed password. */
const guess = (object: JsonObject): string => digest(canonical(object))
const bare = (text: string): string => text.slice("sha256:".length)

const keyOf = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/sluice-shop-key-0`

layer(cluster({ controllers: true }), { excludeTestServices: true, timeout: "2 minutes" })("a record", (it) => {
  it.effect("gives nobody who reads it a way to guess a Secret, and still proves that it is unchanged", () =>
    Effect.gen(function*() {
      yield* makeNamespace("sealed")
      const subject = delivery("shop", "sealed")
      const objects = [secret("sealed", "hunter2"), configMap("a", "sealed", { key: "1" })]
      yield* deliver(subject, objects)

      const seen = yield* readable("sealed")
      assert.include(seen, bare(guess(objects[1]!)), "what is no Secret keeps its digest")
      assert.notInclude(seen, bare(guess(objects[0]!)))
      assert.notInclude(seen, "identity sha256", "the digests of the run are no oracle either")
      assert.notInclude(seen, "\"closure\":\"closure\"")

      const again = yield* requestsOf("sealed", deliver(subject, objects))
      assert.deepStrictEqual(again.value, [])
      assert.deepStrictEqual(again.requests, ["list", "list"], "no dry-run")
    }).pipe(Effect.provide(as("shop", "sealed"))))

  it.effect("is read by a Sluice that just started, without a dry-run and without a write", () =>
    Effect.gen(function*() {
      const subject = delivery("shop", "sealed")
      const objects = [secret("sealed", "hunter2"), configMap("a", "sealed", { key: "1" })]
      const { events, requests, value } = yield* requestsOf("sealed", deliver(subject, objects))
      assert.deepStrictEqual([value, requests], [[], ["list", "list"]])
      const writes = events.filter(({ userAgent, verb }) => userAgent === "sluice" && verb !== "get" && verb !== "list")
      assert.deepStrictEqual(writes, [])
    }).pipe(Effect.provide(as("shop", "sealed"))))

  it.effect("costs a dry-run where the key was lost or forged, and then has one again", () =>
    Effect.gen(function*() {
      const subject = delivery("shop", "sealed")
      const objects = [secret("sealed", "hunter2"), configMap("a", "sealed", { key: "1" })]
      yield* ask("DELETE", keyOf("sealed"))
      const { requests, value } = yield* requestsOf("sealed", deliver(subject, objects))
      assert.deepStrictEqual(value, [])
      assert.include(requests, "patch (dry run)")
      assert.isTrue(yield* exists(keyOf("sealed")))
    }).pipe(Effect.provide(as("shop", "sealed"))))

  it.effect("needs no key where a delivery has no Secret", () =>
    Effect.gen(function*() {
      yield* makeNamespace("open")
      yield* deliver(delivery("shop", "open"), [configMap("a", "open", { key: "1" })])
      assert.isFalse(yield* exists(keyOf("open")))
    }).pipe(Effect.provide(as("shop", "open"))))

  it.effect("keeps no digest at all where it may not keep a key", () =>
    Effect.gen(function*() {
      yield* makeNamespace("keyless")
      yield* allow("patcher", "keyless", [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] },
        { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "patch"], resourceNames: ["login"] },
        { apiGroups: [""], resources: ["secrets"], verbs: ["list"] }
      ])
      const body = secret("keyless", "hunter2")
      yield* ask("POST", "/api/v1/namespaces/keyless/secrets", body)
      const subject = delivery("shop", "keyless")
      yield* Effect.andThen(deliver(subject, [body]), deliver(subject, [body])).pipe(
        Effect.provide(asUser("patcher", "shop", "keyless"))
      )
      const { entries } = yield* Effect.flatMap(InventoryStore, (store) => store.load).pipe(
        Effect.provide(asUser("patcher", "shop", "keyless"))
      )
      assert.deepStrictEqual(entries.map(({ digest, ref }) => [ref.name, digest]), [["login", undefined]])
      assert.notInclude(yield* readable("keyless"), bare(guess(body)))
    }))

  it.effect("shows a digest to confirm that does not tell one password from another", () =>
    Effect.gen(function*() {
      yield* makeNamespace("confirmed")
      const subject = delivery("shop", "confirmed")
      const [one, other] = yield* Effect.forEach(["hunter2", "hunter3"], (password) =>
        plan(subject, [secret("confirmed", password)]))
      assert.strictEqual(one!.digest, other!.digest)
      yield* carryOut(subject, one!)
      const third = yield* plan(subject, [secret("confirmed", "hunter2")])
      assert.notStrictEqual(third.digest, one!.digest)
    }).pipe(Effect.provide(as("shop", "confirmed"))))
})
