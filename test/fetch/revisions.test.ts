import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, gitServer, publicFetch, shopServer, textOf } from "./harness.ts"

layer(publicFetch(), { excludeTestServices: true })("Fetch", (it) => {
  it.effect("reads the tree of a branch, with its commit", () =>
    Effect.gen(function*() {
      const { shop } = yield* shopServer
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
      const { shop } = yield* shopServer
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

  it.effect("speaks the older protocol with servers that know no other", () =>
    Effect.gen(function*() {
      const { server, shop } = yield* shopServer
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
})
