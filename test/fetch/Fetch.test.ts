import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { mkdir, readdir, stat, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, fetchLayer, gitServer, secrets, temporaryFolder, textOf } from "./harness.ts"

const environment = Layer.mergeAll(fetchLayer(), secrets())

const packsOf = async (cache: string) =>
  (await readdir(cache, { recursive: true })).filter((name) => name.endsWith(".pack")).map((name) => join(cache, name))

layer(environment, { excludeTestServices: true })("Fetch", (it) => {
  it.effect("reads the tree of a branch, with its commit", () =>
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
        committer: author,
        subject: "Add shop",
        message: "Add shop\n\nFor real.\n",
        time: 1_700_000_000,
        isSigned: false
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
    }))

  it.effect("tells who committed what somebody else wrote, and whether it is signed", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("signed"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const tree = yield* Effect.promise(() => shop.git(["rev-parse", "main^{tree}"]))
      const fetch = yield* Fetch
      const read = Effect.fnUntraced(function*(headers: string) {
        const text = `tree ${tree}\nauthor Ada <ada@example.com> 1700000000 +0000\n` +
          `committer Bot <bot@example.com> 1700000060 +0000\n${headers}\ngpgsig in the text\n`
        const hash = yield* Effect.promise(() => shop.git(["hash-object", "-t", "commit", "-w", "--stdin"], text))
        yield* Effect.promise(() => shop.branch("main", hash))
        return (yield* fetch.fetch(delivery({ url: shop.url, branch: "main" }))).commit
      })
      const signature = "-----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n"
      assert.deepInclude(yield* read(`gpgsig ${signature}`), {
        author: { name: "Ada", email: "ada@example.com" },
        committer: { name: "Bot", email: "bot@example.com" },
        isSigned: true
      })
      assert.isTrue((yield* read(`encoding UTF-8\ngpgsig-sha256 ${signature}`))?.isSigned)
      const tagged = `mergetag object ${tree}\n type commit\n tag v1\n gpgsig ${signature}`
      assert.isFalse((yield* read(tagged))?.isSigned, "a merged tag's signature is not the commit's")
      assert.isFalse((yield* read(""))?.isSigned)
    }))

  it.effect("follows tags to their commit, pins commits, and finds the default branch", () =>
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
    }))

  it.effect("polls with one request and downloads only what is new", () =>
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
    }))

  it.effect("downloads the difference alone, though it keeps no history", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory }), secrets())))
    }))

  it.effect("keeps shallow, small packs that git itself can verify", () =>
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

  it.effect("shares listings and downloads that are asked for at once", () =>
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
    }))

  it.effect("serves a known revision without network, also after a restart", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const cacheDirectory = yield* temporaryFolder
      const source = delivery({ url: shop.url, branch: "main" })
      const restarted = Layer.merge(fetchLayer({ cacheDirectory }), secrets())
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
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory, packs: 3 }), secrets())))
    }))

  it.effect("fetches again what a crash left broken", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const source = delivery({ url: shop.url, branch: "main" })
      const cacheDirectory = yield* temporaryFolder
      const restarted = Layer.merge(fetchLayer({ cacheDirectory }), secrets())
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
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
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
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory }), secrets())))
    }))

  it.effect("speaks the older protocol with servers that know no other", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      server.behaviour.intercept = (request) => {
        delete request.headers["git-protocol"]
        return false
      }
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      const empty = yield* Effect.flip(fetch.head(source))
      assert.match(empty.message, /no branches: is it empty/u)
      yield* Effect.promise(() => shop.commit({ a: "1", b: "same" }, "First"))
      yield* Effect.promise(() => shop.tag("v1", { message: "One" }))
      const before = yield* fetch.fetch(source)
      yield* Effect.promise(() => shop.commit({ a: "2" }, "Second"))
      const after = yield* fetch.fetch(source)
      assert.deepStrictEqual(textOf(yield* before.read(["a", "b"])), ["1", "same"])
      assert.deepStrictEqual(textOf(yield* after.read(["a", "b"])), ["2", "same"])
      assert.strictEqual((yield* fetch.head(delivery({ url: shop.url, tag: "v1" }))).hash, before.revision.hash)
      assert.strictEqual((yield* fetch.head(delivery({ url: shop.url }))).name, "main")
    }))

  it.effect("returns at once when it is interrupted, and goes on working", () =>
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
    }))
})
