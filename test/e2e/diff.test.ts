import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { sluice } from "../support/Sluice.ts"

let plane: ControlPlane
let git: GitServer
let folder: string
let file: string
let repository: Awaited<ReturnType<GitServer["repository"]>>

const canary = "canary-8d3f-old"
const newCanary = "canary-8d3f-new"

const map = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {color: ${value}}\n`
const secret = (value: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: ${value}}\n`

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane(), startGitServer()])
  folder = await mkdtemp(join(tmpdir(), "sluice-diff-"))
  repository = await git.repository("shop")
  file = join(folder, "delivery.yaml")
  await writeFile(
    file,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: shop, namespace: default}
spec:
  source: {git: {url: "${repository.url}", branch: main}}
  path: app
`
  )
}, 60_000)

afterAll(async () => {
  await Promise.all([plane.stop(), git.stop(), rm(folder, { recursive: true, force: true })])
})

const diff = (...more: ReadonlyArray<string>) =>
  sluice(["diff", "-f", file, "--kubeconfig", plane.adminKubeconfigFile, ...more])

const writes = async () =>
  (await plane.readAudit()).filter(({ objectRef, requestURI, user, verb }) =>
    user.username === "admin" && ["create", "update", "patch", "delete"].includes(verb) &&
    !requestURI.includes("dryRun=All") && objectRef !== undefined
  ).length

describe("sluice diff", () => {
  it("shows what a run would do, writes nothing, and answers 0 or 1", async () => {
    await repository.commit({
      "app/kept.yaml": map("kept", "blue"),
      "app/changed.yaml": map("changed", "blue"),
      "app/gone.yaml": map("gone", "blue"),
      "app/token.yaml": secret(canary)
    }, "First")
    const before = await writes()
    const first = await diff()
    assert.strictEqual(first.code, 1, first.stderr)
    assert.match(first.stdout, /^created:\n/u)
    for (const name of ["ConfigMap/default/kept", "ConfigMap/default/gone", "Secret/default/token"]) {
      assert.include(first.stdout, `  ${name}\n`)
    }
    assert.include(first.stdout, "\n4 created, 0 unchanged\n")
    assert.strictEqual(await writes(), before)

    const run = await sluice(["run", "--once", "-f", file, "--kubeconfig", plane.adminKubeconfigFile])
    assert.strictEqual(run.code, 0, run.text)
    assert.isAtLeast(await writes(), before + 4)
    const second = await diff()
    assert.deepStrictEqual([second.code, second.stdout], [0, "no differences (4 unchanged)\n"])
  })

  it("names each field with its old and new value, but never a Secret's", async () => {
    await repository.commit(
      {
        "app/kept.yaml": map("kept", "blue"),
        "app/changed.yaml": map("changed", "green"),
        "app/new.yaml": map("new", "red"),
        "app/token.yaml": secret(newCanary)
      },
      "Second",
      { replace: true }
    )
    const before = await writes()
    const { code, stderr, stdout } = await diff()
    assert.strictEqual(code, 1, stderr)
    assert.match(stdout, /created:\n {2}ConfigMap\/default\/new\n/u)
    assert.match(stdout, /configured:\n[\s\S]* {2}ConfigMap\/default\/changed\n {4}\S*color: blue → green\n/u)
    assert.match(stdout, / {2}Secret\/default\/token\n {4}\S*token: \(masked \w+\) → \(masked \w+\)\n/u)
    assert.match(stdout, /pruned:\n {2}ConfigMap\/default\/gone\n/u)
    assert.include(stdout, "\n1 created, 2 configured, 1 pruned, 1 unchanged\n")

    const json = await diff("-o", "json")
    assert.strictEqual(json.code, 1)
    const report = JSON.parse(json.stdout) as {
      kind: string
      verdict: string
      changes: ReadonlyArray<{ action: string; object: { name: string }; fields: ReadonlyArray<{ path: string }> }>
    }
    assert.deepStrictEqual([report.kind, report.verdict], ["ChangesetReport", "passed"])
    assert.deepStrictEqual(
      report.changes.map(({ action, object }) => `${action} ${object.name}`).sort(),
      ["create new", "delete gone", "unchanged kept", "update changed", "update token"]
    )
    for (const text of [canary, newCanary]) {
      for (const form of [text, Buffer.from(text).toString("base64")]) {
        assert.notInclude(stdout + stderr + json.stdout + json.stderr, form)
      }
    }
    assert.strictEqual(await writes(), before)
  })

  it("answers 1 where a policy denies", async () => {
    await repository.commit({
      "policies/p.rego": "package p\n\ndeny contains \"not here\" if input.kind == \"Secret\"\n"
    }, "Third")
    const { code, stdout } = await diff()
    assert.strictEqual(code, 1)
    assert.match(stdout, /^DENY app\/token\.yaml:1 {2}Secret\/default\/token {2}.*not here\n/u)
    assert.include(stdout, "denied: nothing would be applied\n")
  })

  it("shows what would change, and what denies it, where the policies on changesets do", async () => {
    const rule = `# METADATA
# scope: package
# schemas:
# - input: schema.changeset
package deletions

deny contains {"msg": sprintf("%s %v", [operation.op, input.changeset.dryRun]), "operation": operation.id} if {
	some operation in input.operations
	operation.op == "delete"
}
`
    await repository.commit({ "policies/p.rego": null, "policies/deletions.rego": rule }, "Third, other policies")
    const before = await writes()
    const { code, stdout } = await diff()
    assert.strictEqual(code, 1)
    assert.match(stdout, /^DENY - {2}ConfigMap\/default\/gone {2}.*delete true\n/u)
    assert.match(stdout, /pruned:\n {2}ConfigMap\/default\/gone\n/u)
    assert.include(stdout, "denied: nothing would be applied\n")
    const run = await sluice(["run", "--once", "-f", file, "--kubeconfig", plane.adminKubeconfigFile, "-o", "json"])
    assert.strictEqual(run.code, 1, run.text)
    const outcome = JSON.parse(run.stdout.trim().split("\n").at(-1)!) as { outcome: string; violations: Array<object> }
    assert.strictEqual(outcome.outcome, "Denied")
    assert.deepInclude(outcome.violations[0], { policy: "deletions", message: "delete false" })
    assert.strictEqual(await writes(), before)
  })

  it("answers 2 where it cannot tell", async () => {
    await repository.commit({ "app/kept.yaml": "kind: ConfigMap\n bad: 1\n" }, "Fourth")
    const { code, stderr, stdout } = await diff()
    assert.strictEqual(code, 2)
    assert.strictEqual(stdout, "")
    assert.match(stderr, /^error: .*\n {2}at app\/kept\.yaml:\d+:\d+\n {2}help: /u)
  })
})
