import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, packsOf, publicFetch, shopServer, temporaryFolder, textOf } from "./harness.ts"

layer(publicFetch(), { excludeTestServices: true })("Fetch", (it) => {
  it.effect("polls with one request and downloads only what is new", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
      const many = Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [`m/${index}`, `${index} ${"x".repeat(99)}`])
      )
      const first = yield* Effect.promise(() => shop.commit(many, "First"))
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      const before = yield* fetch.fetch(source)
      server.requests.length = 0

      assert.strictEqual((yield* fetch.head(source)).hash, first)
      assert.deepStrictEqual(server.requests.map(({ method }) => method), ["POST"])
      yield* fetch.fetch(source, before.revision)
      assert.lengthOf(server.requests, 1)

      const second = yield* Effect.promise(() => shop.commit({ "m/7": "changed" }, "Second"))
      const revision = yield* fetch.head(source)
      assert.strictEqual(revision.hash, second)
      const after = yield* fetch.fetch(source, revision)
      assert.lengthOf(server.requests, 3)
      assert.deepStrictEqual(textOf(yield* after.read(["m/7", "m/8"])), ["changed", many["m/8"]])
      assert.deepStrictEqual(textOf(yield* before.read(["m/7"])), [many["m/7"]])
      const old = new Set((yield* before.walk("")).map(({ id }) => id))
      assert.deepStrictEqual((yield* after.walk("")).filter(({ id }) => !old.has(id)).map(({ path }) => path), ["m/7"])
    }))

  it.effect("downloads the difference alone, though it keeps no history", () =>
    Effect.gen(function*() {
      const { shop } = yield* shopServer
      const noise = () => Array.from({ length: 500 }, () => crypto.randomUUID()).join("\n")
      const large = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`noise/${index}`, noise()]))
      yield* Effect.promise(() => shop.commit(large, "First"))
      const cacheDirectory = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const source = delivery({ url: shop.url, branch: "main" })
        yield* fetch.fetch(source)
        for (let round = 0; round < 5; round++) {
          const changed = `${large["noise/3"]}\nround ${round}`
          yield* Effect.promise(() => shop.commit({ "noise/3": changed, new: `${round}` }, `Round ${round}`))
          const artifact = yield* fetch.fetch(source)
          const read = textOf(yield* artifact.read(["noise/3", "noise/4", "new"]))
          assert.deepStrictEqual(read, [changed, large["noise/4"], `${round}`])
        }
        const sizes = yield* Effect.promise(async () =>
          Promise.all((await packsOf(cacheDirectory)).map(async (path) => (await stat(path)).size))
        )
        assert.lengthOf(sizes, 6)
        assert.isBelow(sizes.sort((a, b) => a - b)[4]!, 2_000)
      }).pipe(Effect.provide(publicFetch({ cacheDirectory })))
    }))

  it.effect("keeps shallow, small packs that git itself can verify", () =>
    Effect.gen(function*() {
      const { shop } = yield* shopServer
      for (let version = 0; version < 4; version++) {
        const text = Array.from({ length: 200 }, (_, line) => line === version ? "changed" : `line ${line}`).join("\n")
        yield* Effect.promise(() => shop.commit({ big: text, [`f${version}`]: text + version }, `Version ${version}`))
      }
      yield* Effect.promise(() => shop.git(["repack", "-adq"]))
      const cacheDirectory = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const artifact = yield* fetch.fetch(delivery({ url: shop.url, branch: "main" }))
        assert.lengthOf(yield* artifact.walk(""), 5)
        assert.lengthOf(yield* artifact.read(["big", "f0", "f1", "f2", "f3"]), 5)
        const [pack] = yield* Effect.promise(() => packsOf(cacheDirectory))
        const listed = yield* Effect.promise(() => shop.git(["verify-pack", "-v", pack!]))
        assert.lengthOf(listed.match(/^[0-9a-f]{40} commit /gmu) ?? [], 1)
        assert.match(listed, /chain length/u)
      }).pipe(Effect.provide(publicFetch({ cacheDirectory })))
    }))

  it.effect("shares listings and downloads that are asked for at once", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      yield* fetch.head(source)
      server.requests.length = 0
      server.behaviour.delay = 20
      const artifacts = yield* Effect.all(Array.from({ length: 200 }, () => fetch.fetch(source)), {
        concurrency: "unbounded"
      })
      assert.lengthOf(artifacts, 200)
      assert.lengthOf(server.requests, 2)
    }))

  it.effect("returns at once when it is interrupted, and goes on working", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      const revision = yield* fetch.head(source)
      server.behaviour.intercept = () => true
      const started = performance.now()
      const outcome = yield* Effect.timeoutOption(fetch.fetch(source, revision), "100 millis")
      assert.strictEqual(outcome._tag, "None")
      assert.isBelow(performance.now() - started, 5_000)
      delete server.behaviour.intercept
      const artifact = yield* fetch.fetch(source, revision)
      assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["1"])
    }))
})
