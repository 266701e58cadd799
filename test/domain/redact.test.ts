import { assert, describe, it } from "@effect/vitest"
import { redact, RedactedValues, veil } from "../../src/domain/redact.ts"

const secret = "pa$$/wo+rd \"quoted\""

describe("redact", () => {
  it("replaces a value in each of its usual spellings", () => {
    const base64 = Buffer.from(secret).toString("base64")
    const text = [secret, encodeURIComponent(secret), JSON.stringify(secret), base64, base64.replace(/=+$/u, "")]
    assert.strictEqual(
      redact(text.join("\n"), [secret]),
      [veil, veil, `"${veil}"`, veil, veil].join("\n")
    )
  })

  it("replaces the longer of two values that share a beginning", () => {
    assert.strictEqual(redact("token-123456-full", ["token-123456", "token-123456-full"]), veil)
  })

  it("leaves text alone without values, and short values alone", () => {
    assert.strictEqual(redact("a b c", []), "a b c")
    assert.strictEqual(redact("a b c", ["a", "b", "   "]), "a b c")
  })

  it("learns values and forgets the oldest beyond its bound", () => {
    const values = new RedactedValues()
    for (let index = 0; index <= 2_000; index++) values.add(`secret-${String(index).padStart(6, "0")}`)
    assert.strictEqual(values.redact("secret-002000 secret-000001"), `${veil} ${veil}`)
    assert.strictEqual(values.redact("secret-000000"), "secret-000000")
  })
})
