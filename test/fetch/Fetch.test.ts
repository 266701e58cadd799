import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, fetchLayer, gitServer, secrets, temporaryFolder, textOf } from "./harness.ts"

const environment = Layer.mergeAll(fetchLayer(), secrets())

const packsOf = async (cache: string) =>
  (await readdir(cache, { recursive: true })).filter((name) => name.endsWith(".pack")).map((name) => join(cache, name))

describe("Fetch", () => {
  it.live("reads the tree of a branch, with its commit", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const author = { name: "Ada Ünal", email: "ada@example.com" }
      const files = { "prod/web.yaml": "kind: Service\n", "prod/äpp.yaml": "kind: Pod\n", "README.md": "hi\n" }
      const hash = yield* Effect.promise(() =>
        shop.commit(files, "Add shop\n\nFor real.\n", { author, time: 1_700_000_000 })
      )
      const fetch = yield* Fetch
      const artifact = yield* fetch.fetch(delivery({ url: shop.url, branch: "main" }))

      assert.deepStrictEqual(artifact.revision, { name: "main", algorithm: "sha1", hash })
      assert.deepStrictEqual(artifact.commit, {
        hash,
        author,
        subject: "Add shop",
        message: "Add shop\n\nFor real.\n",
        time: 1_700_000_000
      })
      const walked = yield* artifact.walk("")
      assert.deepStrictEqual(walked.map(({ path }) => path), ["README.md", "prod/web.yaml", "prod/äpp.yaml"])
      assert.deepStrictEqual(
        (yield* artifact.list("")).map(({ kind, path }) => `${kind} ${path}`),
        ["file README.md", "folder prod"]
      )
      assert.deepStrictEqual(textOf(yield* artifact.read(["prod/äpp.yaml", "README.md"])), ["kind: Pod\n", "hi\n"])
      const blob = yield* Effect.promise(() => shop.git(["rev-parse", "main:README.md"]))
      assert.strictEqual((yield* artifact.entry("README.md"))?.id, blob)
      assert.isUndefined(yield* artifact.entry("prod/none.yaml"))
    }).pipe(Effect.provide(environment)))

  it.live("follows tags to their commit, pins commits, and finds the default branch", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const first = yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const second = yield* Effect.promise(() => shop.commit({ a: "2" }, "Second"))
      yield* Effect.promise(() => shop.tag("v1", { commit: first }))
      yield* Effect.promise(() => shop.tag("v2", { commit: second, message: "Two" }))
      yield* Effect.promise(() => shop.branch("main-2", first))
      const fetch = yield* Fetch
      const read = Effect.fnUntraced(function*(git: Record<string, string>) {
        const artifact = yield* fetch.fetch(delivery({ url: shop.url, ...git }))
        return [artifact.revision.name, artifact.revision.hash, ...textOf(yield* artifact.read(["a"]))]
      })
      assert.deepStrictEqual(yield* read({ tag: "v1" }), ["v1", first, "1"])
      assert.deepStrictEqual(yield* read({ tag: "v2" }), ["v2", second, "2"])
      assert.deepStrictEqual(yield* read({ commit: first }), ["commit", first, "1"])
      assert.deepStrictEqual(yield* read({ branch: "main", commit: first }), ["main", first, "1"])
      assert.deepStrictEqual(yield* read({}), ["main", second, "2"])
    }).pipe(Effect.provide(environment)))

  it.live("polls with one request and downloads only what is new", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
    }).pipe(Effect.provide(environment)))

  it.live("keeps shallow, small packs that git itself can verify", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory }), secrets())))
    }))

  it.live("shares listings and downloads that are asked for at once", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
    }).pipe(Effect.provide(environment)))

  it.live("serves a known revision without network, also after a restart", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const cacheDirectory = yield* temporaryFolder
      const source = delivery({ url: shop.url, branch: "main" })
      const layer = Layer.merge(fetchLayer({ cacheDirectory }), secrets())
      const { revision } = yield* Effect.scoped(Effect.flatMap(Fetch, (fetch) => fetch.fetch(source))).pipe(
        Effect.provide(layer)
      )
      server.behaviour.answer = { status: 503 }
      server.requests.length = 0
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const artifact = yield* fetch.fetch(source, revision)
        assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["1"])
        const error = yield* Effect.flip(fetch.head(source))
        assert.strictEqual(error._tag, "FetchFailed")
      }).pipe(Effect.provide(Layer.fresh(layer)))
      assert.lengthOf(server.requests, 1)
    }))

  it.live("starts a store over when it has many packs, and keeps the old one for who reads it", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const cacheDirectory = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const source = delivery({ url: shop.url, branch: "main" })
        yield* Effect.promise(() => shop.commit({ a: "0", b: "same" }, "0"))
        yield* Effect.scoped(Effect.gen(function*() {
          const old = yield* fetch.fetch(source)
          for (let version = 1; version <= 4; version++) {
            yield* Effect.promise(() => shop.commit({ a: `${version}` }, `${version}`))
            const artifact = yield* Effect.scoped(
              Effect.flatMap(fetch.fetch(source), (artifact) => artifact.read(["a", "b"]))
            )
            assert.deepStrictEqual(textOf(artifact), [`${version}`, "same"])
          }
          assert.deepStrictEqual(textOf(yield* old.read(["a", "b"])), ["0", "same"])
          assert.lengthOf(yield* Effect.promise(() => packsOf(cacheDirectory)), 5)
        }))
        assert.lengthOf(yield* Effect.promise(() => packsOf(cacheDirectory)), 2)
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory, packs: 3 }), secrets())))
    }))

  it.live("fetches again what a crash left broken", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const source = delivery({ url: shop.url, branch: "main" })
      const cacheDirectory = yield* temporaryFolder
      const layer = Layer.merge(fetchLayer({ cacheDirectory }), secrets())
      const read = Effect.scoped(Effect.gen(function*() {
        const artifact = yield* (yield* Fetch).fetch(source)
        return textOf(yield* artifact.read(["a"]))
      })).pipe((read) => Effect.provide(read, Layer.fresh(layer)))
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

  it.live("returns at once when it is interrupted, and goes on working", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      const revision = yield* fetch.head(source)
      server.behaviour.intercept = () => true
      const started = performance.now()
      const outcome = yield* Effect.timeoutOption(fetch.fetch(source, revision), "100 millis")
      assert.strictEqual(outcome._tag, "None")
      assert.isBelow(performance.now() - started, 300)
      delete server.behaviour.intercept
      const artifact = yield* fetch.fetch(source, revision)
      assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["1"])
    }).pipe(Effect.provide(environment)))
})
