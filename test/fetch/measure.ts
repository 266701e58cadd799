import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, fetchLayer, gitServer, secrets } from "./harness.ts"

// Prints what a poll, a no-op, a change and reading cost with 2,000 files of 1 KB: node test/fetch/measure.ts

const rounds = 10
const file = (index: number, version: number) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-${index}\ndata:\n  version: "${version}"\n  text: ${
    "x".repeat(900)
  }\n`

const median = (times: ReadonlyArray<number>) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!

const program = Effect.gen(function*() {
  const server = yield* gitServer()
  const shop = yield* Effect.promise(() => server.repository("shop"))
  const files = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`maps/${index}.yaml`, file(index, 0)]))
  yield* Effect.promise(() => shop.commit(files, "2,000 files"))
  const fetch = yield* Fetch
  const source = delivery({ url: shop.url, branch: "main" })
  const times = new Map<string, Array<number>>()
  const measured = Effect.fnUntraced(function*<A, E, R>(name: string, effect: Effect.Effect<A, E, R>) {
    const start = performance.now()
    const result = yield* effect
    times.set(name, [...times.get(name) ?? [], performance.now() - start])
    return result
  })

  yield* measured("first head (starts the worker)", fetch.head(source))
  for (let round = 0; round < rounds; round++) {
    const revision = yield* measured("head", fetch.head(source))
    const artifact = yield* measured(
      round === 0 ? "first fetch" : "fetch of one changed file",
      fetch.fetch(source, revision)
    )
    yield* measured("no-op fetch", fetch.fetch(source, revision))
    const found = yield* measured("walk", artifact.walk(""))
    yield* measured("read 2,000", artifact.read(found.map(({ path }) => path)))
    yield* measured("read 1", artifact.read(["maps/7.yaml"]))
    yield* Effect.promise(() => shop.commit({ "maps/7.yaml": file(7, round + 1) }, `Round ${round}`))
  }
  yield* Effect.sync(() => {
    for (const [name, all] of times) {
      process.stdout.write(
        `${name.padEnd(32)} median ${median(all).toFixed(1)} ms, best ${Math.min(...all).toFixed(1)} ms\n`
      )
    }
    process.stdout.write(
      `requests ${server.requests.length}, peak memory ${process.resourceUsage().maxRSS >> 10} MiB\n`
    )
  })
})

await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Layer.merge(fetchLayer(), secrets()))))
