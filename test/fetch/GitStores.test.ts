import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { generationOf, type GitStore, make } from "../../src/fetch/GitStores.ts"
import { make as makeWorker } from "../../src/fetch/GitWorker.ts"
import { noProxy, temporaryFolder } from "./harness.ts"

const ground = Effect.gen(function*() {
  const root = yield* temporaryFolder
  const stores = yield* make(root, yield* makeWorker({ proxy: noProxy }))
  const kept = Effect.promise(async () => (await readdir(root)).filter((name) => name !== "key"))
  return { root, stores, kept }
})

/** As if a commit had been fetched into it. */
const filled = (store: GitStore) =>
  Effect.promise(async () => {
    await mkdir(generationOf(store), { recursive: true })
    await writeFile(join(generationOf(store), "pack"), "bytes")
  })

/** Lets hours go by in small steps: what is done on the disk takes time of its own. */
const pass = Effect.fnUntraced(function*(hours: number) {
  for (let step = 0; step < hours * 4; step++) {
    yield* TestClock.adjust("15 minutes")
    yield* Effect.promise(() => sleep(10))
  }
})

describe("stores of Git on the disk", () => {
  it.effect("go when nobody has used them for two hours, and not before", () =>
    Effect.gen(function*() {
      const { kept, stores } = yield* ground
      // Credentials that are new every hour, as of a GitHub App, have a store each.
      for (let hour = 0; hour < 8; hour++) {
        const store = yield* stores.open(["https://git.example.com/shop.git", `token-${hour}`])
        yield* filled(store)
        yield* stores.open(["https://git.example.com/other.git"])
        yield* pass(1)
        const names = yield* kept
        assert.include(names, basename(store.directory))
        // A disk that is slow lags behind a clock that is not.
        while ((yield* kept).length > 5) yield* Effect.promise(() => sleep(10))
      }
      yield* pass(4)
      while ((yield* kept).length > 0) yield* Effect.promise(() => sleep(10))
      // Whoever comes back begins anew.
      yield* filled(yield* stores.open(["https://git.example.com/shop.git", "token-0"]))
      assert.lengthOf(yield* kept, 1)
    }), 30_000)

  it.effect("stay for as long as somebody reads them", () =>
    Effect.gen(function*() {
      const { kept, stores } = yield* ground
      const store = yield* stores.open(["https://git.example.com/shop.git"])
      yield* filled(store)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* stores.hold(store)
        yield* pass(6)
        assert.lengthOf(yield* kept, 1)
      }))
      yield* pass(4)
      assert.lengthOf(yield* kept, 0)
    }), 30_000)

  it.effect("stay for as long as somebody follows them, though nobody asks", () =>
    Effect.gen(function*() {
      const { kept, stores } = yield* ground
      const store = yield* stores.open(["https://git.example.com/shop.git"])
      yield* filled(store)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* stores.follow(store, "shop")
        yield* pass(6)
        assert.lengthOf(yield* kept, 1)
      }))
      yield* pass(1)
      assert.lengthOf(yield* kept, 1)
      yield* pass(4)
      assert.lengthOf(yield* kept, 0)
    }), 30_000)

  it.effect("of other processes stay for a week after they were used", () =>
    Effect.gen(function*() {
      const { kept, root } = yield* ground
      yield* Effect.promise(() => mkdir(join(root, "others")))
      yield* Effect.promise(() => utimes(join(root, "others"), 0, 0))
      yield* TestClock.adjust("6 days")
      yield* pass(2)
      assert.lengthOf(yield* kept, 1)
      yield* TestClock.adjust("1 day")
      yield* pass(2)
      assert.lengthOf(yield* kept, 0)
    }), 30_000)
})

describe("stores of Git that would fill the disk", () => {
  const megabyte = 2 ** 20
  const full = Effect.gen(function*() {
    const root = yield* temporaryFolder
    const worker = yield* makeWorker({ proxy: noProxy })
    const stores = yield* make(root, worker, 10 * megabyte)
    const put = Effect.fnUntraced(function*(name: string, owner: string, megabytes: number) {
      const store = yield* stores.open([name])
      yield* stores.follow(store, owner)
      yield* filled(store)
      store.sizes.set(store.generation, megabytes * megabyte)
      return store
    })
    const left = Effect.promise(async () => (await readdir(root)).filter((name) => name !== "key"))
    return { left, put, root, stores, worker }
  })

  it.effect("give way where they are beyond their share, and deny their owner more", () =>
    Effect.gen(function*() {
      const { left, put, stores } = yield* full
      const shop = yield* put("shop", "shop", 1)
      const [large, small] = [yield* put("large", "greedy", 8), yield* put("small", "greedy", 2)]
      const denied = yield* Effect.flip(stores.clear(small))
      assert.include(denied.detail, "the repositories of namespace greedy take 10 MiB")
      assert.include(denied.detail, "its share of 5 MiB")
      assert.strictEqual(denied.class, "transient")
      yield* stores.clear(shop)
      assert.notInclude(yield* left, basename(large.directory))
      assert.includeMembers(yield* left, [shop, small].map(({ directory }) => basename(directory)))
      // Whoever follows it finds it gone, and may have it back once there is room.
      yield* stores.clear(yield* stores.open(["large"]))
    }).pipe(Effect.scoped))

  it.effect("lose the generation before first, and what an earlier process left", () =>
    Effect.gen(function*() {
      const { left, put, root, stores, worker } = yield* full
      yield* Effect.promise(async () => {
        await mkdir(join(root, "left", "1"), { recursive: true })
        await writeFile(join(root, "left", "1", "pack"), Buffer.alloc(megabyte))
      })
      const shop = yield* put("shop", "shop", 5)
      shop.generation = 2
      yield* filled(shop)
      shop.sizes.set(2, 5 * megabyte)
      yield* stores.clear(shop)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(shop.directory)), ["2"])
      assert.include(yield* left, "left", "that was enough")
      shop.sizes.set(2, 10 * megabyte)
      yield* stores.clear(shop)
      assert.notInclude(yield* left, "left")
      // What is there is weighed anew by the next process.
      yield* Effect.promise(() => writeFile(join(shop.directory, "2", "pack"), Buffer.alloc(3 * megabyte)))
      const again = yield* (yield* make(root, worker, 10 * megabyte)).open(["shop"])
      assert.deepStrictEqual([...again.sizes], [[2, 3 * megabyte]])
    }).pipe(Effect.scoped))
})
