import { assert, describe, it } from "@effect/vitest"
import { expiryOf, expiryOfToken } from "../../src/fetch/expiry.ts"

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const token = (claims: unknown) => `${part({ alg: "RS256" })}.${part(claims)}.c2ln`

describe("when credentials end", () => {
  it("is what a JSON Web Token says of itself, as a password or as a bearer token", () => {
    const jwt = token({ exp: 1_900_000_000, sub: "job" })
    assert.strictEqual(expiryOf({ username: "gitlab-ci-token", password: jwt }), 1_900_000_000_000)
    assert.strictEqual(expiryOf({ bearerToken: jwt }), 1_900_000_000_000)
    assert.strictEqual(expiryOfToken(token({ exp: 1_900_000_000.5 })), 1_900_000_000_500)
  })

  it("is unknown of all else", () => {
    const others = [
      "",
      "glpat-0123456789abcdefghij",
      "a.b.c",
      token({}),
      token({ exp: "soon" }),
      token(null),
      token([1])
    ]
    for (const text of [...others, token({ exp: null }), `x.${"y".repeat(20_000)}.z`]) {
      assert.isUndefined(expiryOfToken(text), text.slice(0, 40))
    }
    assert.isUndefined(expiryOf({}))
  })
})
