import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { CheckReport } from "../../src/cli/CheckReport.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { Repository } from "../support/git/Repository.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { LastingSluice, sluice } from "../support/Sluice.ts"

const password = "correct-horse-battery"

const rules = (...forbidden: ReadonlyArray<string>) =>
  `# METADATA
# scope: package
# custom:
#   id: no-bad-value
package baseline

deny contains {"msg": sprintf("%s is forbidden", [input.data.value]), "path": "data.value"} if {
	input.data.value in ${JSON.stringify(forbidden)}
}
`

const map = (value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: default}\ndata: {value: "${value}"}\n`

/** Whether the library stands beside these sources. */
const isShipped = existsSync(join(import.meta.dirname, "..", "..", "policies", "rules", "images", "digest-required"))

let plane: ControlPlane
let git: GitServer
let folder: string
let platform: Repository
let shop: Repository

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane(), startGitServer({ basic: { username: "sluice", password } })])
  folder = await mkdtemp(join(tmpdir(), "sluice-guardrails-"))
  platform = await git.repository("platform")
  shop = await git.repository("shop")
  await platform.commit({ "rules/values.rego": rules("bad") }, "Forbid what is bad")
}, 60_000)

afterAll(async () => {
  await Promise.all([plane.stop(), git.stop(), rm(folder, { recursive: true, force: true })])
})

const secret = (namespace: string) =>
  `apiVersion: v1
kind: Secret
metadata: {name: git, namespace: ${namespace}}
stringData: {username: sluice, password: ${password}}
`

/** One Delivery, the bundle that judges it, and what both are read with. */
const documents = (spec = "", more = "") =>
  [
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: shop, namespace: default, labels: {tier: web}}
spec:
  source: {git: {url: "${shop.url}", branch: main, secretRef: {name: git}, insecure: true}, interval: 1s}
  path: app
`,
    `apiVersion: sluice.dev/v1alpha1
kind: PolicyBundle
metadata: {name: baseline}
spec:
  source:
    git: {url: "${platform.url}", branch: main, secretRef: {name: git, namespace: platform}, insecure: true}
    interval: 1s
  path: rules
  match: {deliverySelector: {matchLabels: {tier: web}}}
${spec}`,
    secret("default"),
    secret("platform"),
    ...more === "" ? [] : [more]
  ].join("---\n")

/** A file, and a working tree of the shop beside it. */
const place = async (text: string, files: Readonly<Record<string, string>> = {}): Promise<string> => {
  const root = await mkdtemp(join(folder, "tree-"))
  await mkdir(join(root, ".git"))
  for (const [path, content] of Object.entries({ "delivery.yaml": text, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}

const cluster = () => ["--kubeconfig", plane.adminKubeconfigFile]

const reportOf = async (cwd: string, ...args: ReadonlyArray<string>): Promise<CheckReport> => {
  const { stderr, stdout } = await sluice(["check", "-f", "delivery.yaml", "-o", "json", ...args], { cwd })
  assert.notEqual(stdout, "", stderr)
  return JSON.parse(stdout) as CheckReport
}

describe("PolicyBundles in a file", () => {
  it("give the same verdict in check, diff and run: the same violations, bundle and digest", async () => {
    await shop.commit({ "app/one.yaml": map("bad") }, "Bad")
    const cwd = await place(documents(), { "app/one.yaml": map("bad") })
    const { verdict, violations } = await reportOf(cwd)
    assert.strictEqual(verdict, "denied")
    assert.deepStrictEqual(
      violations.map((
        { bundle, message, policy, source }
      ) => [bundle.name, policy, message, source?.file, source?.line]),
      [["baseline", "no-bad-value", "bad is forbidden", "app/one.yaml", 4]]
    )
    const [diff, run] = [
      await sluice(["diff", "-f", "delivery.yaml", "-o", "json", ...cluster()], { cwd }),
      await sluice(["run", "-f", "delivery.yaml", "--once", "-o", "json", ...cluster()], { cwd })
    ]
    assert.deepStrictEqual([diff.code, run.code], [1, 1], diff.stderr + run.stderr)
    assert.deepStrictEqual(JSON.parse(diff.stdout).violations, violations)
    const outcome = JSON.parse(run.stdout.trim().split("\n").at(-1)!)
    assert.strictEqual(outcome.outcome, "Denied")
    assert.deepStrictEqual(outcome.violations, violations)
  })

  it("are waived where they say so, and the report lists by whom and until when", async () => {
    const waivers = `waivers:\n  - {policy: no-bad-value, reason: INC-42, owner: dana, until: "2099-01-01T00:00:00Z"}\n`
    const files = { "app/one.yaml": map("bad"), "policies/waivers.yaml": waivers }
    const strict = await place(documents(), files)
    const refused = await reportOf(strict)
    assert.match(refused.violations[0]!.remedy!, /^The waiver at policies\/waivers\.yaml:2 has no effect/u)
    const cwd = await place(documents("  enforcement: default\n"), files)
    const report = await reportOf(cwd)
    assert.strictEqual(report.verdict, "passed")
    assert.deepStrictEqual(report.waived?.map(({ policy, waiver }) => [policy, waiver.owner, waiver.until]), [
      ["no-bad-value", "dana", "2099-01-01T00:00:00Z"]
    ])
    const { code, stdout } = await sluice(["check", "-f", "delivery.yaml"], { cwd })
    assert.strictEqual(code, 0)
    assert.match(
      stdout,
      /^WAIVED app\/one\.yaml:4 .*\n {5}waived: by dana until 2099-01-01T00:00:00Z: INC-42, policies\//u
    )
  })

  it("judge whom they select; where the labels of a namespace are not told they judge, and say so", async () => {
    const of = (selector: string) => documents().replace(/match: .*\n/u, `match: ${selector}\n`)
    const files = { "app/one.yaml": map("bad") }
    const tenants = "{namespaceSelector: {matchLabels: {tenant: \"true\"}}}"
    const namespace = (labels: string) =>
      `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: ${labels}}\n`
    const verdict = async (text: string) => {
      const { code, stderr } = await sluice(["check", "-f", "delivery.yaml"], { cwd: await place(text, files) })
      return [code, stderr.includes("which the file does not tell")]
    }
    assert.deepStrictEqual(await verdict(of("{deliverySelector: {matchLabels: {tier: db}}}")), [0, false])
    assert.deepStrictEqual(await verdict(of(tenants)), [1, true])
    assert.deepStrictEqual(await verdict(of(tenants) + namespace("{tenant: \"true\"}")), [1, false])
    assert.deepStrictEqual(await verdict(of(tenants) + namespace("{}")), [0, false])
    const named = (name: string) => of(`{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${name}}}}`)
    assert.deepStrictEqual(await verdict(named("default")), [1, false])
    assert.deepStrictEqual(await verdict(named("other")), [0, false])
  })

  it.skipIf(!isShipped)("of the library need no file: check --library NAME", async () => {
    const pod = (image: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: app, image: "${image}"}]}\n`
    const cwd = await place("", { "app/one.yaml": pod("registry.example.com/app:1") })
    const check = (...args: ReadonlyArray<string>) => sluice(["check", "app", ...args], { cwd })
    assert.strictEqual((await check()).code, 0)
    const denied = await check("--library", "images/digest-required")
    assert.deepStrictEqual([denied.code, denied.stdout.match(/^DENY app\/one\.yaml:4/gmu)?.length], [1, 1], denied.text)
    const wrong = await check("--library", "images/digest-requird")
    assert.strictEqual(wrong.code, 2)
    assert.match(wrong.stderr, /^error: --library: there is no "images\/digest-requird"/u)
    assert.match(wrong.stderr, /Did you mean images\/digest-required/u)
    const waivers =
      `waivers:\n  - {policy: images/digest-required, reason: b, owner: c, until: "2099-01-01T00:00:00Z"}\n`
    const waived = await place("", { "app/one.yaml": pod("app:1"), "policies/waivers.yaml": waivers })
    const answer = await sluice(["check", "app", "--library", "images/digest-required"], { cwd: waived })
    assert.deepStrictEqual([answer.code, answer.stdout.includes("WAIVED")], [0, true], answer.text)
  })

  it("that cannot be had stop what they select: exit code 2, and nothing is written", async () => {
    const text = documents().replace("platform.git", "none.git")
    const cwd = await place(text, { "app/one.yaml": map("good") })
    const { code, stderr } = await sluice(["check", "-f", "delivery.yaml"], { cwd })
    assert.strictEqual(code, 2)
    assert.match(stderr, /PolicyBundle baseline selects this Delivery and cannot judge: /u)
    const run = await sluice(["run", "-f", "delivery.yaml", "--once", ...cluster()], { cwd })
    assert.strictEqual(run.code, 2, run.text)
    const missing = await place(documents("  # \n").replace(secret("platform"), secret("elsewhere")))
    const without = await sluice(["check", "-f", "delivery.yaml"], { cwd: missing })
    assert.match(without.stderr, /there is no Secret "git"/u)
  })

  it("are followed by run: other rules judge without a push, and what is applied stays", async () => {
    await platform.commit({ "rules/values.rego": rules("bad") }, "Forbid what is bad")
    await shop.commit({ "app/one.yaml": map("first") }, "First")
    const cwd = await place(documents())
    const run = new LastingSluice(["run", "-f", join(cwd, "delivery.yaml"), "-o", "json", ...cluster()])
    await run.until((lines) => /"outcome":"(Applied|Unchanged)"/u.test(lines.join("\n")))
    await platform.commit({ "rules/values.rego": rules("bad", "first") }, "Forbid more")
    await run.until((lines) => /"outcome":"Denied".*first is forbidden/u.test(lines.join("\n")))
    const live = await plane.request("GET", "/api/v1/namespaces/default/configmaps/one") as { data: { value: string } }
    assert.strictEqual(live.data.value, "first")
    await platform.commit({ "rules/values.rego": rules("bad") }, "Forbid less")
    await run.until((lines) => /"outcome":"Denied"[^]*"outcome":"(Applied|Unchanged)"/u.test(lines.join("\n")))
    await run.end("SIGINT")
  })
})
