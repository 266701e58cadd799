import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { displayAddress, parseAddress } from "../../src/server/address.ts"

describe("addresses to listen on", () => {
  for (
    const [text, host, port] of [
      ["127.0.0.1:8080", "127.0.0.1", 8080],
      [":8080", "", 8080],
      ["localhost:0", "localhost", 0],
      ["[::1]:9", "::1", 9],
      ["[::]:65535", "::", 65_535],
      ["sluice.internal:80", "sluice.internal", 80]
    ] as const
  ) {
    it(`reads ${text}`, () => {
      assert.deepStrictEqual(parseAddress(text), Result.succeed({ host, port }))
      assert.strictEqual(displayAddress({ host, port }), text)
    })
  }

  for (
    const text of [
      "",
      "8080",
      "127.0.0.1",
      "::1:8080",
      "[::1]",
      "[::1:80",
      "a b:80",
      ":-1",
      ":65536",
      ":080808",
      ":8e3",
      "[x]:1",
      "http://a:80",
      "a:80:90",
      ":"
    ]
  ) {
    it(`refuses ${JSON.stringify(text)} and shows how it is written`, () => {
      const parsed = parseAddress(text)
      assert.include(Result.isFailure(parsed) ? parsed.failure : "", "such as 127.0.0.1:8080")
    })
  }
})
