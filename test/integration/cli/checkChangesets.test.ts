import { assert, describe, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { CheckReport } from "../../../src/cli/CheckReport.ts"
import { scaffold } from "../../../src/cli/scaffold.ts"
import { temporaryFolders } from "../../support/folders.ts"
import { sluice } from "../../support/Sluice.ts"

const place = temporaryFolders("changesets")

const made = scaffold({ name: "no-lost-data", category: undefined, judges: "changeset" })
const denied = made["denied.json"]!
const rego = { "policies/no-lost-data.rego": made["no-lost-data.rego"]! }
const reportOf = (stdout: string) => JSON.parse(stdout) as CheckReport

describe("sluice check of a changeset", () => {
  it("judges it beside folders, each by its own rules, and shows where it is broken", async () => {
    const object =
      "# METADATA\n# custom: {id: no-maps}\npackage maps\n\ndeny contains \"no maps\" if input.kind == \"ConfigMap\"\n"
    const cwd = place({
      ...rego,
      "policies/maps.rego": object,
      "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
      "samples/denied.json": denied
    })
    const both = await sluice(["check", "app", "samples/denied.json", "-o", "json"], { cwd })
    assert.strictEqual(both.code, 1)
    const { summary, violations } = reportOf(both.stdout)
    assert.deepStrictEqual(violations.map(({ policy, source }) => [policy, source?.file]), [
      ["no-maps", "app/a.yaml"],
      ["no-lost-data", "samples/denied.json"]
    ])
    assert.deepStrictEqual([summary.objects, summary.denied], [2, 2])
    const table = await sluice(["check", "samples/denied.json", "--explain"], { cwd })
    assert.strictEqual(table.code, 1)
    assert.match(table.stdout, /PersistentVolumeClaim data would be deleted/u)
    assert.match(table.stdout, /"id": "\/PersistentVolumeClaim\/shop\/data"/u)
    assert.match(table.stdout, /deny contains \{"msg": message/u)
    assert.strictEqual(table.stderr, "")
  })

  it("knows it in YAML, and takes its time as now: for policies, and for waivers", async () => {
    const clock = `# METADATA
# schemas:
# - input: schema.changeset
# custom: {id: at-nine}
package clock

deny contains sprintf("%d", [time.now_ns()]) if time.now_ns() != input.changeset.evaluatedAtNs

deny contains "it is nine" if time.clock(time.now_ns())[0] == 9
`
    const { changeset, ...rest } = JSON.parse(denied) as Record<string, unknown>
    const yaml = `# A sample.\n${JSON.stringify({ changeset, ...rest }, null, 1)}`
    const waivers = "waivers:\n- {policy: at-nine, reason: r, owner: o, until: \"2026-01-05T09:00:01Z\"}\n"
    const cwd = place({ "policies/clock.rego": clock, "a.yaml": yaml })
    const { code, stdout } = await sluice(["check", "a.yaml", "-o", "json"], { cwd })
    assert.strictEqual(code, 1)
    assert.deepStrictEqual(reportOf(stdout).violations.map(({ message, object }) => [message, object.kind]), [
      ["it is nine", "Changeset"]
    ])
    writeFileSync(join(cwd, "policies", "waivers.yaml"), waivers)
    const waived = await sluice(["check", "a.yaml", "-o", "json"], { cwd })
    assert.deepStrictEqual(
      [waived.code, reportOf(waived.stdout).summary.waived],
      [0, 1],
      "it ended long since by the clock"
    )
  })

  it("says of one that is none which field is wrong, in which file and line, and exits 2", async () => {
    const cwd = place({
      ...rego,
      "missing.json": denied.replace("\"takesFrom\": [],", ""),
      "unknown.json": denied.replace("\"summary\"", "\"sumary\""),
      "time.json": denied.replace("1767603600000000000", "1.5"),
      "broken.json": denied.slice(0, 200)
    })
    const told = {
      "missing.json": /the field "takesFrom" is missing in operations\[0\]\n.*at missing\.json:\d+/u,
      "unknown.json": /unknown field "sumary"\n.*at unknown\.json:\d+(?::\d+)?\n.*Did you mean "summary"/u,
      "time.json": /changeset\.evaluatedAtNs: is no time in nanoseconds.*\n.*at time\.json:\d+/u,
      "broken.json": /at broken\.json:\d+/u
    }
    for (const [file, text] of Object.entries(told)) {
      const { code, stderr } = await sluice(["check", file], { cwd })
      assert.strictEqual(code, 2, file)
      assert.match(stderr, text)
    }
  })

  it("says where no policy judges changesets, or none is there", async () => {
    const cwd = place({
      "denied.json": denied,
      "other/policies/a.rego": "package a\n\ndeny contains \"no\" if input.kind\n"
    })
    const none = await sluice(["check", "denied.json"], { cwd })
    assert.strictEqual(none.code, 0)
    assert.match(none.stderr, /^warning: denied\.json: no policies, so nothing was judged/u)
    const others = await sluice(["check", "denied.json", "--policy", "other/policies"], { cwd })
    assert.strictEqual(others.code, 0)
    assert.match(others.stderr, /^warning: denied\.json: none of the policies judges changesets/u)
    const trace = await sluice(["check", "denied.json", "--trace", "a"], { cwd })
    assert.strictEqual(trace.code, 2)
  })

  it("judges samples that come with Sluice as their names say, by the library", async () => {
    const root = join(import.meta.dirname, "..", "..", "..", "policies", "examples", "change-safety")
    const cwd = place({})
    for (const policy of ["autoscaler-minimum", "deletion-share", "volumes-stay"]) {
      for (const [sample, code] of [["allowed", 0], ["denied", 1]] as const) {
        writeFileSync(join(cwd, `${sample}.json`), readFileSync(join(root, policy, `${sample}.json`)))
        const checked = await sluice(["check", `${sample}.json`, "--library", `change-safety/${policy}`], { cwd })
        assert.strictEqual(checked.code, code, `${policy}: ${checked.stdout}${checked.stderr}`)
      }
    }
  })
})
