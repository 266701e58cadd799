import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import type { Bundle } from "../domain/Decision.ts"
import { compile } from "./compile.ts"

/** Bundles whose files are held until they are compiled. */
const maximumWaiting = 32
/** Bundles of repositories that are compiled at a time, and of the platform: neither waits for the other. */
const atOnce = 2

/** Compiles bundles as workers take them, each once for all who are judged by it: the 64 that were asked for last are kept. */
export const compiledBundles = Effect.fnUntraced(function*(cacheDirectory: string) {
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof compile>>>()
  const permits = { platform: yield* Semaphore.make(atOnce), repositories: yield* Semaphore.make(atOnce) }
  const waiting = new Map<string, Bundle>()

  const compiled = yield* Cache.makeWith(
    Effect.fnUntraced(function*(digest: string) {
      const bundle = waiting.get(digest)
      if (bundle === undefined) return yield* Effect.die(new Error(`no files of policy bundle ${digest}`))
      const { data, names, rules, wasm } = yield* permits[bundle.origin === "bundle" ? "platform" : "repositories"]
        .withPermit(Effect.provide(compile(bundle, cacheDirectory), services))
      const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
      return { module, rules, names, data: Buffer.from(data).toString("utf8") }
    }),
    { capacity: 64, timeToLive: (exit) => Exit.isSuccess(exit) ? Duration.infinity : Duration.zero }
  )

  return Effect.fnUntraced(function*(bundle: Bundle) {
    waiting.delete(bundle.digest)
    waiting.set(bundle.digest, bundle)
    const [oldest] = waiting.keys()
    if (waiting.size > maximumWaiting && oldest !== undefined) waiting.delete(oldest)
    const result = yield* Cache.get(compiled, bundle.digest)
    waiting.delete(bundle.digest)
    return result
  })
})
