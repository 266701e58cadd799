import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse as parseYaml } from "yaml"
import { commandLine } from "../../src/cli/commandLine.ts"
import { parse } from "../../src/cli/DeliveryFile.ts"
import { formatNames } from "../../src/cli/report/Format.ts"

const samples = join(import.meta.dirname, "..", "..", "deploy", "samples")

describe("samples", () => {
  it("delivery.yaml is complete and without mistakes", () => {
    const parsed = parse("delivery.yaml", readFileSync(join(samples, "delivery.yaml"), "utf8"))
    assert.isTrue(Result.isSuccess(parsed))
    if (Result.isFailure(parsed)) return
    assert.deepStrictEqual(parsed.success.warnings, [])
    const given = new Set(parsed.success.secrets.map(({ name }) => name))
    assert.deepStrictEqual(given, new Set(["shop-git", "slack"]))
  })

  it(".gitlab-ci.yml keeps every report that its command writes", () => {
    const job = parseYaml(readFileSync(join(samples, ".gitlab-ci.yml"), "utf8"))["sluice:check"]
    const asked = commandLine(String(job.script[0]).trim().split(/\s+/u).slice(1))
    assert.strictEqual(asked._tag, "Run")
    if (asked._tag !== "Run") return
    const outputs = asked.given.texts.output!.map((output) => output.split("="))
    assert.isTrue(outputs.every(([format]) => formatNames.some((name) => name === format)))
    const written = Object.fromEntries(outputs)
    assert.strictEqual(job.artifacts.when, "always")
    assert.deepStrictEqual(job.artifacts.reports, { codequality: written.codequality, junit: written.junit })
    assert.deepStrictEqual(job.artifacts.paths, [written.markdown])
  })
})
