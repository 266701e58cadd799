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
})
