import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { closeSync, constants, openSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { make } from "../../src/fetch/GitWorker.ts"
import { noProxy, temporaryFolder } from "./harness.ts"

const hash = "0".repeat(40)

/** A store whose pack is a pipe that nobody writes to: opening it blocks the whole thread, as a bad disk would. */
const stuckStore = Effect.gen(function*() {
  const directory = join(yield* temporaryFolder, "stuck")
  const pack = join(directory, `pack-1-${hash}.pack`)
  yield* Effect.promise(() => mkdir(directory))
  yield* Effect.acquireRelease(
    Effect.sync(() => execFileSync("mkfifo", [pack, pack.replace(/pack$/u, "idx")])),
    // A writer lets the thread go.
    () => Effect.sync(() => closeSync(openSync(pack, constants.O_RDWR | constants.O_NONBLOCK)))
  )
  return directory
})

describe("GitWorker", () => {
  it.live("replaces a worker that is stuck, and asks once more for who was waiting beside it", () =>
    Effect.gen(function*() {
      const good = { directory: join(yield* temporaryFolder, "good"), hash }
      const stuck = { directory: yield* stuckStore, hash }
      const worker = yield* make({ proxy: noProxy })
      assert.isUndefined(yield* worker.call("look", good))
      const [failure, beside] = yield* Effect.all([
        Effect.flip(worker.call("look", stuck, 300)),
        Effect.delay(worker.call("look", good), "100 millis")
      ], { concurrency: "unbounded" })
      assert.match(failure.detail, /did not finish in 0\.3 s/u)
      assert.isUndefined(beside)
      assert.isUndefined(yield* worker.call("look", good))
    }))
})
