import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readdir, truncate } from "node:fs/promises"
import { join } from "node:path"
import { Fetch } from "../../src/fetch/Fetch.ts"
import type { Files } from "../support/git/Repository.ts"
import { delivery, fetchLayer, gitServer, secrets, temporaryFolder } from "./harness.ts"

/** Small and repeatable: the same numbers in every run. */
const random = (seed: number) => (below: number) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return Math.floor(seed / 2 ** 31 * below)
}

/** What git itself says: files, then every folder above one, and the root. */
const asGit = (names: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const name of names.split("\0").filter((name) => name !== "")) {
    found.add("")
    for (let path = name; path !== ""; path = path.split("/").slice(0, -1).join("/")) found.add(path)
  }
  return [...found].sort()
}

const shop = Effect.gen(function*() {
  const server = yield* gitServer()
  const repository = yield* Effect.promise(() => server.repository("shop"))
  const fetch = yield* Fetch
  const source = delivery({ url: repository.url, branch: "main" })
  const commit = Effect.fnUntraced(function*(files: Files, replace = false) {
    yield* Effect.promise(() => repository.commit(files, "Change", { replace }))
    return yield* fetch.fetch(source)
  })
  return { server, repository, commit }
})

layer(Layer.mergeAll(fetchLayer({ packs: 7 }), secrets()), { excludeTestServices: true })("changedSince", (it) => {
  it.effect("says what git says, over random histories", () =>
    Effect.gen(function*() {
      const { commit, repository } = yield* shop
      const next = random(7)
      const words = ["a", "b", "c", "d.yaml", "ö"]
      const path = () => Array.from({ length: 1 + next(4) }, () => words[next(words.length)]!).join("/")
      let before = yield* commit({ "a/a": "1" })
      for (let round = 0; round < 25; round++) {
        const files: Record<string, string | null> = {}
        for (let change = 0; change <= next(6); change++) files[path()] = next(4) === 0 ? null : `${next(3)}`
        const after = yield* commit(files)
        const names = yield* Effect.promise(() =>
          repository.git(["diff", "--no-renames", "--name-only", "-z", before.revision.hash, after.revision.hash])
        )
        const changed = yield* after.changedSince!(before.revision)
        assert.isDefined(changed, `round ${round}`)
        assert.deepStrictEqual([...changed].sort(), asGit(names), `round ${round}`)
        const back = yield* before.changedSince!(after.revision)
        if (back !== undefined) assert.deepStrictEqual([...back].sort(), asGit(names), `round ${round}, back`)
        // Mostly against the last revision, sometimes against one further back.
        if (next(3) > 0) before = after
      }
    }), 60_000)

  it.effect("asks the worker once for all who ask, and nothing of the server", () =>
    Effect.gen(function*() {
      const { commit, server } = yield* shop
      const before = yield* commit({ "a/x": "1", "b/x": "1" })
      const after = yield* commit({ "a/x": "2" })
      server.requests.length = 0
      const answers = yield* Effect.all(Array.from({ length: 100 }, () => after.changedSince!(before.revision)), {
        concurrency: "unbounded"
      })
      assert.lengthOf(new Set(answers), 1)
      assert.deepStrictEqual([...answers[0]!].sort(), ["", "a", "a/x"])
      assert.deepStrictEqual(yield* after.changedSince!(after.revision), new Set())
      assert.lengthOf(server.requests, 0)
    }))

  it.effect("does not claim to know what links lead to", () =>
    Effect.gen(function*() {
      const { commit } = yield* shop
      const first = yield* commit({
        "base/x": "1",
        "other/x": "1",
        "prod/base": { link: "../base" },
        "prod/deep/again": { link: "../base/." }
      })
      const second = yield* commit({ "other/x": "2" })
      assert.deepStrictEqual([...(yield* second.changedSince!(first.revision))!].sort(), ["", "other", "other/x"])
      const third = yield* commit({ "base/x": "2" })
      assert.isUndefined(yield* third.changedSince!(second.revision))
      const fourth = yield* commit({ "prod/base": { link: "../other" } })
      assert.isUndefined(yield* fourth.changedSince!(third.revision))
      const fifth = yield* commit({ "prod/base": null, "prod/deep": null, "other/all": { link: ".." } })
      assert.isUndefined(yield* fifth.changedSince!(fourth.revision))
      const sixth = yield* commit({ "base/x": "3" })
      assert.isUndefined(yield* sixth.changedSince!(fifth.revision))
    }), 30_000)

  it.effect(
    "knows nothing of a revision that it never had, and gives up where all is different",
    () =>
      Effect.gen(function*() {
        const { commit, repository } = yield* shop
        const skipped = yield* Effect.promise(() => repository.commit({ a: "0" }, "Skipped"))
        const before = yield* commit({ a: "1" })
        assert.isUndefined(yield* before.changedSince!({ name: "main", algorithm: "sha1", hash: skipped }))
        const many = Object.fromEntries(
          Array.from({ length: 20_001 }, (_, index) => [`f/${index % 100}/${index}`, `${index}`])
        )
        const after = yield* commit(many)
        assert.isUndefined(yield* after.changedSince!(before.revision))
      }),
    30_000
  )
})

layer(secrets(), { excludeTestServices: true })("changedSince, on disk", (it) => {
  it.effect(
    "knows the revision before a restart, and before a new generation; not what is damaged",
    () =>
      Effect.gen(function*() {
        const server = yield* gitServer()
        const repository = yield* Effect.promise(() => server.repository("shop"))
        const source = delivery({ url: repository.url, branch: "main" })
        const cacheDirectory = yield* temporaryFolder
        const change = (text: string) =>
          Effect.gen(function*() {
            yield* Effect.promise(() => repository.commit({ "a/x": text, "b/x": "same" }, text))
            return yield* (yield* Fetch).fetch(source)
          })
        const restarted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.scoped(effect).pipe(Effect.provide(Layer.fresh(fetchLayer({ cacheDirectory, packs: 2 }))))
        const first = yield* restarted(change("1"))
        const [second, third] = yield* restarted(Effect.gen(function*() {
          const second = yield* change("2")
          assert.deepStrictEqual([...(yield* second.changedSince!(first.revision))!].sort(), ["", "a", "a/x"])
          const third = yield* change("3")
          assert.deepStrictEqual([...(yield* third.changedSince!(second.revision))!].sort(), ["", "a", "a/x"])
          return [second, third] as const
        }))
        const store = (yield* Effect.promise(() => readdir(cacheDirectory))).find((name) => name !== "key")
        const older = join(cacheDirectory, store!, "1")
        for (const name of yield* Effect.promise(() => readdir(older))) {
          if (name.endsWith(".pack")) yield* Effect.promise(() => truncate(join(older, name), 40))
        }
        yield* restarted(Effect.gen(function*() {
          const again = yield* (yield* Fetch).fetch(source, third.revision)
          assert.isUndefined(yield* again.changedSince!(second.revision))
        }))
      }),
    30_000
  )
})
