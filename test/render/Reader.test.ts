import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Reader from "../../src/render/Reader.ts"

const text = (index: number) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: item-${index}}\n`

describe("Reader", () => {
  it.effect("remembers small documents by what they take in memory, which is more than their characters", () =>
    Effect.gen(function*() {
      const remembered = 100_000
      const reader = yield* Reader.make({ workers: 1, deadline: "10 seconds", maximum: 1_000_000, remembered })
      for (let index = 0; index < 1_000; index++) {
        yield* reader.read([{ id: `${index}`, name: "item.yaml", text: text(index) }])
      }
      const known = Array.from({ length: 1_000 }, (_, index) => index).filter((index) => reader.known(`${index}`))
      assert.isAtLeast(known.length, 20)
      // Measured: 1.4 KB of heap for each as it is parsed, as much again for its manifest.
      assert.isAtMost(known.length, remembered / 2_000)
      assert.strictEqual(known.at(-1), 999)
    }))

  it.effect("forgets at once what is superseded for all who read it", () =>
    Effect.gen(function*() {
      const reader = yield* Reader.make({ workers: 1, deadline: "10 seconds", maximum: 1e6, remembered: 1e6 })
      const render = Effect.fnUntraced(function*(owner: string, ids: ReadonlyArray<number>, output: string) {
        const own = reader.of(owner)
        for (const id of ids) {
          if (own.known(`${id}`) === undefined) yield* own.read([{ id: `${id}`, name: "item.yaml", text: text(id) }])
        }
        yield* own.read([{ name: "the output", text: output }])
        own.done(ids.map(String))
      })
      const known = () => [0, 1, 2, 3, 4].filter((id) => reader.known(`${id}`) !== undefined)
      yield* render("shop/web", [0, 1, 2], text(10))
      yield* render("shop/api", [0, 3], text(11))
      yield* render("shop/web", [1, 4], text(12))
      assert.deepStrictEqual(known(), [0, 1, 3, 4])
      yield* render("shop/api", [3], text(12))
      assert.deepStrictEqual(known(), [1, 3, 4])
      // A thousand commits later there is no more than after the first.
      for (let version = 100; version < 1_100; version++) yield* render("shop/web", [version], text(version))
      const since = Array.from({ length: 1_000 }, (_, index) => `${100 + index}`)
      assert.deepStrictEqual(since.filter((id) => reader.known(id) !== undefined), ["1099"])
    }))
})
