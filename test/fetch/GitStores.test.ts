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
        assert.isAtMost(names.length, 5)
      }
      yield* pass(4)
      assert.lengthOf(yield* kept, 0)
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
        yield* stores.follow(store)
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
