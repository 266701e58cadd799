import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readdir } from "node:fs/promises"
import { classOf } from "../../src/domain/StageError.ts"
import { Fetch, fetchDefaults } from "../../src/fetch/Fetch.ts"
import type { Repository } from "../support/git/Repository.ts"
import { delivery, fetchLayer, gitServer, secrets, temporaryFolder, textOf } from "./harness.ts"

const environment = Layer.merge(fetchLayer(), secrets())
const { limits } = fetchDefaults

interface Entry {
  readonly mode: string
  readonly name: string
  readonly id: string
}

/** Writes a tree that git itself would refuse to make, and commits it. */
const commitTree = async (shop: Repository, entries: ReadonlyArray<Entry>): Promise<void> => {
  const bytes = Buffer.concat(
    entries.flatMap(({ id, mode, name }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")])
  )
  const tree = await shop.git(["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], bytes)
  await shop.branch("main", await shop.git(["commit-tree", tree, "-m", "Hostile"]))
}

const blob = (shop: Repository, text: string) => shop.git(["hash-object", "-w", "--stdin"], text)

const fetchMain = Effect.fnUntraced(function*(shop: Repository) {
  return yield* (yield* Fetch).fetch(delivery({ url: shop.url, branch: "main" }))
})

layer(environment, { excludeTestServices: true })("Fetch, hostile repositories", (it) => {
  it.effect("refuses names that mean something else on another system", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const id = yield* Effect.promise(() => blob(shop, "x"))
      for (
        const name of ["..", ".", ".git", ".GIT", "git~1", ".git ", ".git.", "a/b", "a\\b", ".g\u200cit", "a\u0001b"]
      ) {
        yield* Effect.promise(() => commitTree(shop, [{ mode: "100644", name, id }]))
        const artifact = yield* fetchMain(shop)
        const error = yield* Effect.flip(artifact.walk(""))
        assert.strictEqual(error._tag, "UnsafePath", JSON.stringify(name))
        assert.strictEqual((yield* Effect.flip(artifact.list("")))._tag, "UnsafePath", JSON.stringify(name))
      }
      yield* Effect.promise(() =>
        commitTree(shop, [{ mode: "100644", name: "a", id }, { mode: "100644", name: "a", id }])
      )
      const error = yield* Effect.flip((yield* fetchMain(shop)).walk(""))
      assert.match(error.message, /"a" is there twice/u)
    }))

  it.effect("follows links inside the tree, and refuses those that leave it", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() =>
        shop.commit({
          "base/web.yaml": "web",
          "base/deep/db.yaml": "db",
          "prod/base": { link: "../base" },
          "prod/web.yaml": { link: "base/web.yaml" },
          "prod/self": { link: "." },
          "prod/broken": { link: "nothing" },
          "bad/out/x": { link: "../../../etc/passwd" },
          "bad/absolute/x": { link: "/etc/passwd" },
          "bad/git/x": { link: "../../.git/config" },
          "loop/a": { link: "b" },
          "loop/b": { link: "a" },
          "over": { link: "bad/out" }
        }, "Links")
      )
      const artifact = yield* fetchMain(shop)
      assert.deepStrictEqual((yield* artifact.walk("prod")).map(({ path }) => path), [
        "prod/base/deep/db.yaml",
        "prod/base/web.yaml",
        "prod/web.yaml"
      ])
      assert.deepStrictEqual(textOf(yield* artifact.read(["prod/web.yaml", "prod/base/deep/db.yaml"])), ["web", "db"])
      assert.strictEqual(yield* artifact.resolve("prod/base/deep/db.yaml", "../web.yaml"), "prod/base/web.yaml")
      assert.strictEqual(yield* artifact.resolve("prod", "../base"), "base")
      assert.strictEqual((yield* artifact.entry("prod/base"))?.kind, "folder")
      for (const folder of ["bad/out", "bad/absolute", "bad/git", "loop", "over"]) {
        const error = yield* Effect.flip(artifact.walk(folder))
        assert.strictEqual(error._tag, "UnsafePath", folder)
        assert.strictEqual(
          (yield* Effect.flip(artifact.read([`${folder}/${folder === "loop" ? "a" : "x"}`])))._tag,
          "UnsafePath"
        )
      }
      assert.match((yield* Effect.flip(artifact.resolve("prod", "../over/x"))).message, /is a link that leads out of/u)
      for (
        const reference of ["../../x", "/etc/passwd", "https://example.com/x", ".git/config", "a\\..\\b", "a\u0000"]
      ) {
        assert.strictEqual((yield* Effect.flip(artifact.resolve("prod", reference)))._tag, "UnsafePath", reference)
      }
    }))

  it.effect("keeps to the limits, says which, and stays usable", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const small = { ...limits, bytes: 400_000, files: 50, depth: 3, fileBytes: 1_000 }
      const first = yield* Effect.promise(() => shop.commit({ a: "1", large: "x".repeat(2_000) }, "First"))
      yield* Effect.gen(function*() {
        const artifact = yield* fetchMain(shop)
        assert.match((yield* Effect.flip(artifact.read(["large"]))).message, /large has 2000 bytes; the limit is 1000/u)
        const refused = Effect.fnUntraced(function*(files: Record<string, string>, expected: RegExp) {
          yield* Effect.promise(() => shop.commit(files, "Too much", { replace: true }))
          const error = yield* Effect.flip(fetchMain(shop))
          assert.match(error.message, expected)
          assert.strictEqual(classOf(error), "stalled")
          yield* Effect.promise(() => shop.branch("main", first))
        })
        yield* refused({ bomb: "x".repeat(3_000_000) }, /more than 400000 bytes when unpacked/u)
        yield* refused(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, ""])), /more than 50 files/u)
        yield* refused({ "a/b/c/d/e": "x" }, /deeper than 3/u)
        const noise = Array.from({ length: 20_000 }, () => crypto.randomUUID()).join("")
        yield* refused({ noise }, /more than 400000 bytes/u)
        assert.deepStrictEqual(textOf(yield* (yield* fetchMain(shop)).read(["a"])), ["1"])
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ limits: small }), secrets())))
    }))

  it.effect("tells a server that breaks off from a broken pack, at whatever byte it does", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      const cacheDirectory = yield* temporaryFolder
      const noise = Array.from({ length: 2_000 }, () => crypto.randomUUID()).join("\n")
      yield* Effect.promise(() => shop.commit({ noise }, "First"))
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        const source = delivery({ url: shop.url, branch: "main" })
        const revision = yield* fetch.head(source)
        for (const abortAfter of [1, 10, 40, 100, 5_000, 30_000]) {
          server.behaviour.abortAfter = abortAfter
          const error = yield* Effect.flip(fetch.fetch(source, revision))
          assert.match(error.message, /the Git server broke off|cannot reach/u)
          assert.strictEqual(classOf(error), "transient")
        }
        delete server.behaviour.abortAfter
        const artifact = yield* fetch.fetch(source, revision)
        assert.deepStrictEqual(textOf(yield* artifact.read(["noise"])), [noise])
      }).pipe(Effect.provide(Layer.merge(fetchLayer({ cacheDirectory }), secrets())))
      const left = yield* Effect.promise(() => readdir(cacheDirectory, { recursive: true }))
      assert.deepStrictEqual(left.filter((name) => name.includes("new-")), [])
    }))

  it.effect("repeats what the server says about its failure", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => shop.commit({ a: "1" }, "First"))
      const fetch = yield* Fetch
      const source = delivery({ url: shop.url, branch: "main" })
      const revision = yield* fetch.head(source)
      const packet = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text
      const answer = (body: string) => {
        server.behaviour.intercept = (request, response) => {
          if (request.method !== "POST") return false
          response.writeHead(200, { "content-type": "application/x-git-upload-pack-result" }).end(body)
          return true
        }
      }
      answer(packet("packfile\n") + packet("\u0002remote: the disk is full\n") + packet("\u0003pack-objects died\n"))
      assert.match(
        (yield* Effect.flip(fetch.fetch(source, revision))).message,
        /the Git server says: pack-objects died/u
      )
      answer(packet("packfile\n") + packet("\u0002fatal: the disk is full\u001b[2J\n"))
      assert.match(
        (yield* Effect.flip(fetch.fetch(source, revision))).message,
        /broke off after 0 bytes of the pack; it says: fatal: the disk is full \[2J/u
      )
      answer(packet("ERR upload-pack: overloaded\n"))
      assert.match(
        (yield* Effect.flip(fetch.fetch(source, revision))).message,
        /the Git server says: upload-pack: overloaded/u
      )
      answer("this is not Git")
      assert.match((yield* Effect.flip(fetch.fetch(source, revision))).message, /not of the Git protocol/u)
      answer(packet("packfile\n") + packet(`\u0001PACK${"x".repeat(60)}`) + "0000")
      assert.match((yield* Effect.flip(fetch.fetch(source, revision))).message, /its checksum is wrong/u)
    }))
})
