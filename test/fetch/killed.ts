import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, fetchLayer, secrets } from "./harness.ts"

// A process to be killed in the middle of a download: node test/fetch/killed.ts URL CACHE

const [url = "", cacheDirectory = ""] = process.argv.slice(2)
await Effect.runPromise(
  Effect.scoped(Effect.flatMap(Fetch, (fetch) => fetch.fetch(delivery({ url, branch: "main" })))).pipe(
    Effect.provide(Layer.merge(fetchLayer({ cacheDirectory }), secrets()))
  )
)
