import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import type { CheckReport } from "../../../src/cli/CheckReport.ts"
import { ChangesetDocument } from "../../../src/policy/ChangesetDocument.ts"
import { findPrograms } from "../../support/controlplane/programs.ts"
import { sluice } from "../../support/Sluice.ts"

const folders: Array<string> = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "sluice-scaffold-"))
  folders.push(made)
  mkdirSync(join(made, ".git"))
  return made
}
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

const schemas = join(import.meta.dirname, "..", "..", "..", "policies", "schemas")

/** `opa fmt` has nothing to say, and `opa check --strict` with our schemas neither. */
const isClean = async (cwd: string) => {
  const opa = (await findPrograms(["opa"], console.error)).get("opa")!
  assert.strictEqual(execFileSync(opa, ["fmt", "--list", "policies"], { cwd, encoding: "utf8" }), "")
  assert.strictEqual(execFileSync(opa, ["check", "--strict", "-s", schemas, "policies"], { cwd, encoding: "utf8" }), "")
}

describe("sluice generate schemas", () => {
  it("writes them where opa check looks for them, and tells where", async () => {
    const cwd = folder()
    const { code, stdout } = await sluice(["generate", "schemas", "policies/schemas"], { cwd })
    assert.deepStrictEqual([code, stdout.trim().split("\n").sort()], [
      0,
      ["policies/schemas/changeset.json", "policies/schemas/combined.json", "policies/schemas/object.json"]
    ])
    for (const file of stdout.trim().split("\n")) assert.isObject(JSON.parse(readFileSync(join(cwd, file), "utf8")))
  })
})

describe("sluice policy new", () => {
  it("makes a policy that passes its tests, lets its allowed sample by and denies the other, with the line", async () => {
    const cwd = folder()
    const made = await sluice(["policy", "new", "owner-label", "--category", "labels"], { cwd })
    assert.strictEqual(made.code, 0)
    assert.deepStrictEqual(made.stdout.trim().split("\n").sort(), [
      "policies/labels/owner-label/allowed.yaml",
      "policies/labels/owner-label/denied.yaml",
      "policies/labels/owner-label/owner-label.rego",
      "policies/labels/owner-label/owner-label_test.rego"
    ])
    const tests = await sluice(["test", "--threshold", "100"], { cwd })
    assert.deepStrictEqual([tests.code, tests.stderr], [0, ""])
    const allowed = await sluice(["check", "policies/labels/owner-label/allowed.yaml"], { cwd })
    assert.deepStrictEqual([allowed.code, allowed.stderr], [0, ""])
    const denied = await sluice(["check", "policies/labels/owner-label/denied.yaml", "-o", "json"], { cwd })
    assert.strictEqual(denied.code, 1)
    const [violation] = (JSON.parse(denied.stdout) as CheckReport).violations
    assert.deepInclude(violation, { policy: "owner-label", title: "Owner label", impact: "medium" })
    assert.deepInclude(violation?.source, { file: "policies/labels/owner-label/denied.yaml", line: 3 })
    await isClean(cwd)
  })

  it("makes one for changesets, with whole documents as samples", async () => {
    const cwd = folder()
    const made = await sluice(["policy", "new", "no-lost-data", "--changeset", "--dir", "policies"], { cwd })
    assert.strictEqual(made.code, 0)
    const tests = await sluice(["test", "--threshold", "100"], { cwd })
    assert.deepStrictEqual([tests.code, tests.stderr], [0, ""])
    for (const sample of ["allowed", "denied"]) {
      const text = readFileSync(join(cwd, "policies", "no-lost-data", `${sample}.json`), "utf8")
      Schema.decodeUnknownSync(ChangesetDocument, { onExcessProperty: "error" })(JSON.parse(text))
    }
    assert.include(made.stderr, "sluice check policies/no-lost-data/denied.json --policy policies/no-lost-data")
    const allowed = await sluice(["check", "policies/no-lost-data/allowed.json"], { cwd })
    assert.deepStrictEqual([allowed.code, allowed.stdout, allowed.stderr], [
      0,
      "1 passed, 0 warnings, 0 denied, 0 waived; 1 object\n",
      ""
    ])
    const denied = await sluice(
      ["check", "policies/no-lost-data/denied.json", "--policy", "policies/no-lost-data", "-o", "json"],
      { cwd }
    )
    assert.strictEqual(denied.code, 1)
    const [violation] = (JSON.parse(denied.stdout) as CheckReport).violations
    assert.deepInclude(violation, {
      policy: "no-lost-data",
      message: "PersistentVolumeClaim data would be deleted",
      remedy: "Leave it in the repository, or have the platform team waive this policy.",
      object: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "shop", name: "data" }
    })
    const text = readFileSync(join(cwd, "policies", "no-lost-data", "denied.json"), "utf8").split("\n")
    const { file, line = 0 } = violation?.source ?? {}
    assert.strictEqual(file, "policies/no-lost-data/denied.json")
    assert.include(text[line], "/PersistentVolumeClaim/shop/data")
    const whole = await sluice(["check", "policies/no-lost-data"], { cwd })
    assert.strictEqual(whole.code, 2)
    assert.match(whole.stderr, /holds no manifest: what is in policies belongs to the policies/u)
    writeFileSync(join(cwd, "a.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert.strictEqual((await sluice(["check", "a.yaml"], { cwd })).code, 0)
    await isClean(cwd)
  })

  it("overwrites nothing, and says which names will do", async () => {
    const cwd = folder()
    await sluice(["policy", "new", "a"], { cwd })
    writeFileSync(join(cwd, "policies", "a", "a.rego"), "mine")
    const again = await sluice(["policy", "new", "a"], { cwd })
    assert.strictEqual(again.code, 2)
    assert.match(again.stderr, /policies\/a is there already/u)
    assert.strictEqual(readFileSync(join(cwd, "policies", "a", "a.rego"), "utf8"), "mine")
    for (const name of ["Image_Digest", "../up", "a--b", "-a", "not", "x".repeat(64)]) {
      const bad = await sluice(["policy", "new", "--", name], { cwd })
      assert.strictEqual(bad.code, 2, name)
      assert.match(bad.stderr, /cannot be the id of a policy|is a word of Rego/u, name)
    }
    assert.match((await sluice(["policy", "new", "b", "--category", "../up"], { cwd })).stderr, /name of a category/u)
    assert.match((await sluice(["policy", "make", "b"], { cwd })).stderr, /has no "make"/u)
    assert.deepStrictEqual(readdirSync(join(cwd, "policies")), ["a"])
  })
})
