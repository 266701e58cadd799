import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { fetchDefaults } from "../../src/fetch/Fetch.ts"
import { make } from "../../src/fetch/GitWorker.ts"
import { gitServer, noProxy, temporaryFolder } from "./harness.ts"

/** The files of a folder that this process, its threads included, holds open. */
const openIn = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      return []
    }
  })

const { limits } = fetchDefaults

describe.runIf(process.platform === "linux")("stores that nobody asks", () => {
  it.live("hold no file open after a while, and are read again when somebody asks", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const server = yield* gitServer()
      const worker = yield* make({ proxy: noProxy, idle: 1_000 })
      const stores = yield* Effect.forEach(["one", "two", "three"], (name) =>
        Effect.gen(function*() {
          const repository = yield* Effect.promise(() => server.repository(name))
          const hash = yield* Effect.promise(() => repository.commit({ "a.yaml": `of: ${name}\n` }, "First"))
          const store = { directory: join(folder, name), hash }
          const remote = { url: repository.url, key: name }
          yield* worker.call("fetch", { ...store, remote, limits, timeout: 10_000 })
          return store
        }))
      while (openIn(folder).length > 0) yield* Effect.sleep("20 millis")
      // Many at once share what is opened for the first of them.
      const again = yield* Effect.all(
        [...stores, ...stores].map((store) => worker.call("look", store)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(again.map((commit) => commit?.hash), [...stores, ...stores].map(({ hash }) => hash))
      assert.lengthOf(openIn(folder), 3)
      while (openIn(folder).length > 0) yield* Effect.sleep("20 millis")
    }), 30_000)
})
