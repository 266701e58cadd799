import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { plain } from "../../../src/cli/color.ts"
import { type Format, formatNames, formats } from "../../../src/cli/report/Format.ts"
import { denied, failed, passed } from "./sample.ts"

const samples = { denied, passed, failed }
const golden = join(import.meta.dirname, "..", "golden")
/** `UPDATE_GOLDEN=1` writes the files anew; the change is read as code. */
const update = process.env.UPDATE_GOLDEN === "1"

const written = (format: Format, sample: keyof typeof samples): Promise<string> =>
  formats[format]().then((writer) => writer(samples[sample], plain))

describe("report formats", () => {
  for (const format of formatNames) {
    for (const sample of ["denied", "passed", "failed"] as const) {
      it(`${format} of a check that ${sample}`, async () => {
        const text = await written(format, sample)
        const file = join(golden, `${sample}.${format}`)
        if (update) {
          mkdirSync(dirname(file), { recursive: true })
          writeFileSync(file, text)
        }
        assert.strictEqual(text, readFileSync(file, "utf8"))
        assert.isTrue(text === "" || text.endsWith("\n"))
      })
    }
  }

  it("gives every finding a fingerprint of its own that no line changes", async () => {
    const prints = (text: string): ReadonlyArray<string> =>
      (JSON.parse(text) as ReadonlyArray<{ fingerprint: string }>).map(({ fingerprint }) => fingerprint)
    const before = prints(await written("codequality", "denied"))
    assert.strictEqual(new Set(before).size, denied.violations.length)
    const moved = {
      ...denied,
      violations: denied.violations.map((violation) =>
        violation.source === undefined ? violation : { ...violation, source: { ...violation.source, line: 99 } }
      )
    }
    const writer = await formats.codequality()
    assert.deepStrictEqual(prints(writer(moved, plain)), before)
  })

  it("tells what is waived, by whom and until when, wherever the format has a place for it", async () => {
    for (const format of ["table", "json", "junit", "sarif", "github", "tap", "markdown"] as const) {
      assert.match(await written(format, "denied"), /2026.{1,2}12.{1,2}31/u, format)
    }
    assert.match(await written("tap", "denied"), /^ok \d - .* # SKIP waived by @dana until/mu)
    assert.include(await written("junit", "denied"), "<skipped message=\"waived by @dana until")
    assert.notInclude(await written("codequality", "denied"), "legacy")
  })

  it("tells what is audited only from what warns and what denies", async () => {
    assert.match(await written("table", "denied"), /^AUDIT .*pulls from docker\.io$/mu)
    assert.match(await written("github", "denied"), /^::notice .*title=registry::/mu)
    assert.match(await written("markdown", "denied"), /^\| audit \|.*docker/mu)
    for (const format of ["junit", "tap", "codequality", "github"] as const) {
      assert.include(await written(format, "denied"), "audited only: it would be denied", format)
    }
  })

  it("keeps SARIF to what 2.1.0 requires", async () => {
    const log = JSON.parse(await written("sarif", "denied"))
    assert.strictEqual(log.version, "2.1.0")
    const [run] = log.runs
    assert.strictEqual(run.tool.driver.name, "sluice")
    for (const result of run.results) {
      assert.strictEqual(run.tool.driver.rules[result.ruleIndex].id, result.ruleId)
      assert.include(["error", "warning", "note"], result.level)
      assert.isString(result.message.text)
      for (const { physicalLocation } of result.locations) {
        assert.isFalse(/[\s:]/u.test(physicalLocation.artifactLocation.uri))
        assert.isAtLeast(physicalLocation.region.startLine, 1)
      }
    }
    const suppressed = run.results.filter(({ suppressions }: { suppressions?: unknown }) => suppressions !== undefined)
    assert.lengthOf(suppressed, denied.waived!.length)
    assert.isFalse(JSON.parse(await written("sarif", "failed")).runs[0].invocations[0].executionSuccessful)
  })

  it("lets no text of a repository start a workflow command, a table cell or an escape sequence", async () => {
    const commands = (await written("github", "denied")).split("\n").filter((line) => line.startsWith("::"))
    assert.strictEqual(commands.length, denied.violations.length + denied.waived!.length + 2)
    for (const format of ["table", "tap", "markdown"] as const) {
      assert.isFalse(/[\u0000-\u0009\u000b-\u001f]/u.test(await written(format, "denied")), format)
    }
    const rows = (await written("markdown", "denied")).split("\n").filter((line) => line.startsWith("| "))
    assert.isTrue(rows.slice(1).every((row) => row.replace(/\\\|/gu, "").split("|").length === 7), rows.join("\n"))
    assert.notInclude((await written("markdown", "denied")).toLowerCase(), "<script")
  })
})
