import { assert, describe, it } from "@effect/vitest"
import { sluice } from "../../support/Sluice.ts"

const environment = { KUBECONFIG: "/there/is/none" }

describe("sluice explain REASON", () => {
  it("says what a reason means and what helps, without a cluster", async () => {
    const { code, stderr, stdout } = await sluice(["explain", "HealthTimeout"], { environment })
    assert.deepStrictEqual([code, stderr], [0, ""])
    assert.match(stdout, /^HealthTimeout: All is written, and not all of it became healthy/u)
    for (const part of ["exit code  3", "\nlikely\n", "\nwhat helps\n", "sluice tree shop -n shop"]) {
      assert.include(stdout, part)
    }
  })

  it("says which was meant", async () => {
    const { code, stderr } = await sluice(["explain", "HealthTimeOut"], { environment })
    assert.strictEqual(code, 2)
    assert.include(stderr, "Did you mean \"HealthTimeout\"?")
  })
})
