import { assert, describe, it } from "@effect/vitest"
import { parse } from "yaml"
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

  it("is a document for programs", async () => {
    for (const format of ["json", "yaml"]) {
      const { code, stdout } = await sluice(["explain", "PolicyDenied", "-o", format], { environment })
      assert.strictEqual(code, 0)
      const told = (format === "json" ? JSON.parse(stdout) : parse(stdout)) as Record<string, unknown>
      assert.deepInclude(told, { apiVersion: "cli.sluice.dev/v1", kind: "ReasonExplanation", reason: "PolicyDenied" })
      assert.deepInclude(told, { stage: "policy", exitCode: 1 })
      assert.match(String(told.meaning), /^A policy refuses the newest revision/u)
      for (const list of ["causes", "steps", "commands"]) assert.isNotEmpty(told[list], list)
    }
    assert.strictEqual(
      (await sluice(["explain", "PolicyDenied", "-o", "name"], { environment })).stdout,
      "PolicyDenied\n"
    )
  })

  it("says which was meant", async () => {
    const { code, stderr } = await sluice(["explain", "HealthTimeOut"], { environment })
    assert.strictEqual(code, 2)
    assert.include(stderr, "Did you mean \"HealthTimeout\"?")
  })
})

describe("sluice version", () => {
  it("is a line for people, and a document for programs", async () => {
    const said = async (...args: ReadonlyArray<string>) => (await sluice(args, { environment })).stdout
    const line = await said("version")
    assert.match(line, /^sluice \d+\.\d+\.\d+\S*\n$/u)
    assert.strictEqual(await said("--version"), line)
    const expected = { apiVersion: "cli.sluice.dev/v1", kind: "Version", version: line.slice("sluice ".length).trim() }
    assert.deepStrictEqual(JSON.parse(await said("version", "-o", "json")), expected)
    assert.deepStrictEqual(parse(await said("version", "-o", "yaml")), expected)
  })
})
