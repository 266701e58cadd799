import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, packsOf, publicFetch, shopServer, temporaryFolder, textOf } from "./harness.ts"

layer(publicFetch(), { excludeTestServices: true })("Fetch", (it) => {
  it.effect("serves a known revision without network, also after a restart", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const cacheDirectory = yield* temporaryFolder
      const source = delivery({ url: shop.url, branch: "main" })
      const restarted = publicFetch({ cacheDirectory })
      const { revision } = yield* Effect.scoped(Effect.flatMap(Fetch, (fetch) => fetch.fetch(source))).pipe(
        Effect.provide(restarted)
      )
      server.behaviour.answer = { status: 503 }
      server.requests.length = 0
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const artifact = yield* fetch.fetch(source, revision)
        assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["1"])
        const error = yield* Effect.flip(fetch.head(source))
        assert.strictEqual(error._tag, "FetchFailed")
      }).pipe(Effect.provide(Layer.fresh(restarted)))
      assert.lengthOf(server.requests, 1)
    }))

  it.effect("starts a store over when it has many packs, and keeps the old one for who reads it", () =>
    Effect.gen(function*() {
      const { shop } = yield* shopServer
      const cacheDirectory = yield* temporaryFolder
      const packs = Effect.promise(() => packsOf(cacheDirectory))
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const source = delivery({ url: shop.url, branch: "main" })
        const advance = Effect.fnUntraced(function*(version: number) {
          yield* Effect.promise(() => shop.commit({ a: `${version}` }, `${version}`))
          const contents = yield* Effect.scoped(
            Effect.flatMap(fetch.fetch(source), (artifact) => artifact.read(["a", "b"]))
          )
          assert.deepStrictEqual(textOf(contents), [`${version}`, "same"])
        })
        yield* Effect.promise(() => shop.commit({ a: "0", b: "same" }, "0"))
        yield* Effect.scoped(Effect.gen(function*() {
          const old = yield* fetch.fetch(source)
          for (let version = 1; version <= 7; version++) yield* advance(version)
          assert.deepStrictEqual(textOf(yield* old.read(["a", "b"])), ["0", "same"])
          assert.lengthOf(yield* packs, 8)
        }))
        // Three packs in each: the newest generation and the one before it stay, also while nobody reads.
        assert.lengthOf(yield* packs, 5)
        for (let version = 8; version <= 10; version++) yield* advance(version)
        assert.lengthOf(yield* packs, 5)
      }).pipe(Effect.provide(publicFetch({ cacheDirectory, packs: 3 })))
    }))

  it.effect("fetches again what a crash left broken", () =>
    Effect.gen(function*() {
      const { shop } = yield* shopServer
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const source = delivery({ url: shop.url, branch: "main" })
      const cacheDirectory = yield* temporaryFolder
      const restarted = publicFetch({ cacheDirectory })
      const read = Effect.scoped(Effect.gen(function*() {
        const artifact = yield* (yield* Fetch).fetch(source)
        return textOf(yield* artifact.read(["a"]))
      })).pipe((read) => Effect.provide(read, Layer.fresh(restarted)))
      assert.deepStrictEqual(yield* read, ["1"])
      const [pack] = yield* Effect.promise(() => packsOf(cacheDirectory))

      yield* Effect.promise(() => truncate(pack!, 40))
      assert.deepStrictEqual(yield* read, ["1"])
      const newer = (yield* Effect.promise(() => packsOf(cacheDirectory))).find((path) => path !== pack)
      yield* Effect.promise(() => writeFile(newer!.replace(/pack$/u, "idx"), "nonsense"))
      assert.deepStrictEqual(yield* read, ["1"])
      yield* Effect.promise(() => mkdir(join(cacheDirectory, "not-a-store")))
      assert.deepStrictEqual(yield* read, ["1"])
    }))

  it.effect("goes on after it was killed in the middle of a download", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
      const cacheDirectory = yield* temporaryFolder
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const script = join(import.meta.dirname, "killed.ts")
      const child = spawn(process.execPath, [script, shop.url, cacheDirectory], { stdio: "ignore" })
      yield* Effect.callback<void>((resume) => {
        server.behaviour.intercept = (_, response) => {
          // The third request is the download: it gets the beginning of a pack and then silence.
          if (server.requests.length < 3) return false
          response.writeHead(200, { "content-type": "application/x-git-upload-pack-result" })
          response.write("000dpackfile\n000d\u0001PACK1234", () => resume(Effect.void))
          return true
        }
      })
      const isWriting = (name: string) => name.includes("new-")
      const started = Effect.promise(() => readdir(cacheDirectory, { recursive: true }))
      yield* Effect.repeat(started, { until: (names) => names.some(isWriting) })
      yield* Effect.promise(() =>
        new Promise((resolve) => {
          child.on("close", resolve)
          child.kill("SIGKILL")
        })
      )
      delete server.behaviour.intercept
      yield* Effect.gen(function*() {
        const artifact = yield* (yield* Fetch).fetch(delivery({ url: shop.url, branch: "main" }))
        assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["1"])
      }).pipe(Effect.provide(publicFetch({ cacheDirectory })))
    }))
})
