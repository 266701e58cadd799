import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, gitServer, packsOf, publicFetch, temporaryFolder } from "./harness.ts"

const megabyte = 2 ** 20

describe("a disk that is filled", () => {
  it.effect("stops the namespace that fills it, and nobody else", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const cacheDirectory = yield* temporaryFolder
      yield* Effect.gen(function*() {
        const fetch = yield* Fetch
        /** A repository of a megabyte, followed by a Delivery of a namespace. */
        const follow = Effect.fnUntraced(function*(name: string, namespace: string) {
          const repository = yield* Effect.promise(() => server.repository(name))
          yield* Effect.promise(() =>
            repository.commit({ "data.txt": randomBytes(megabyte).toString("base64").slice(0, megabyte) }, "Begin")
          )
          const { spec } = delivery({ url: repository.url, branch: "main" })
          const opened = yield* fetch.open({ metadata: { namespace }, spec })
          yield* opened.follow
          return Effect.scoped(Effect.map(Effect.flatMap(opened.list, opened.fetch), ({ revision }) => revision.hash))
        })
        const shop = yield* follow("shop", "shop")
        yield* shop
        const denials: Array<string> = []
        for (let count = 0; count < 5; count++) {
          const one = yield* follow(`greedy-${count}`, "greedy")
          yield* one.pipe(
            Effect.catch(({ _tag, hint, message }) => Effect.sync(() => denials.push(`${_tag}: ${message} ${hint}`)))
          )
        }
        assert.isNotEmpty(denials)
        assert.match(denials[0]!, /^FetchFailed: .*there is no room for it: the repositories of namespace greedy take/u)
        assert.include(denials[0], "--data-limit")
        // Whoever is within its share goes on, with what it has and with more.
        assert.isNotEmpty(yield* shop)
        const more = yield* follow("more", "shop")
        yield* more
        assert.isAtMost(
          (yield* Effect.promise(() => packsOf(cacheDirectory))).length,
          4
        )
        yield* Effect.all([shop, more])
      }).pipe(Effect.scoped, Effect.provide(publicFetch({ cacheDirectory, room: 2.5 * megabyte })))
    }))
})
