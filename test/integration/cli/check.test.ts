import { assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import type { CheckReport } from "../../../src/cli/CheckReport.ts"

const root = join(import.meta.dirname, "..", "..", "..")

/** A repository in a temporary folder: the shop sample, with files of the test's own over it. */
const folders: Array<string> = []
const repository = (files: Readonly<Record<string, string>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-check-"))
  folders.push(folder)
  cpSync(join(root, "deploy", "samples", "shop"), folder, { recursive: true })
  mkdirSync(join(folder, ".git"))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const colored = (environment: Readonly<Record<string, string>>) => (cwd: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(root, "src", "sluice.js"), ...args], {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
  })
  assert.notInclude(stderr, "    at ", "an expected error shows no stack")
  return { status, stderr, stdout }
}
const sluice = colored({})

const tag = (path: string) => ({
  [path]: readFileSync(join(root, "deploy/samples/shop", path), "utf8").replace(/@sha256:\S+/u, ":1.4.1")
})
const unpinned = "environments/prod/checkout.yaml"

describe("sluice check", () => {
  let good = ""
  let bad = ""
  beforeAll(() => {
    good = repository()
    bad = repository(tag(unpinned))
  })

  it("passes a good folder, with no cluster, no Git and no configuration", () => {
    const { status, stderr, stdout } = sluice(good, "check", "environments/prod")
    assert.deepStrictEqual([status, stderr], [0, ""])
    assert.match(stdout, /^\d+ passed, 0 warnings, 0 denied, 0 waived; 4 objects\n$/u)
  })

  it("denies a bad one and says where, why and what would remedy it", () => {
    const { status, stdout } = sluice(bad, "check", "environments/prod")
    assert.strictEqual(status, 1)
    const [line, remedy] = stdout.split("\n")
    assert.match(
      line!,
      /^DENY environments\/prod\/checkout\.yaml:\d+ {2}Deployment\/shop-prod\/checkout {2}image-digest-required {2}/u
    )
    assert.match(remedy!, /^ {5}remedy: write the image as/u)
    assert.notInclude(stdout, "\u001b")
  })

  it("colours for people only, never a file, and not against NO_COLOR", () => {
    const args = ["check", "environments/prod", "-o", "table", "-o", "markdown=m.md"]
    assert.include(colored({ FORCE_COLOR: "1" })(bad, ...args).stdout, "\u001b[31mDENY")
    assert.notInclude(readFileSync(join(bad, "m.md"), "utf8"), "\u001b")
    assert.notInclude(colored({ NO_COLOR: "1" })(bad, ...args).stdout, "\u001b")
    assert.notInclude(colored({ NO_COLOR: "1", FORCE_COLOR: "1" })(bad, ...args).stdout, "\u001b")
    assert.notInclude(colored({ FORCE_COLOR: "" })(bad, ...args).stdout, "\u001b")
  })

  it("answers from any folder alike: paths are the repository's", () => {
    const { stdout } = sluice(join(bad, "environments"), "check", "prod")
    assert.match(stdout, /^DENY environments\/prod\/checkout\.yaml:/u)
  })

  it("takes folders as people have them", () => {
    const loose = repository({
      "policies/production.rego": "package w\n\nwarn contains \"no owner\" if not input.metadata.labels.owner\n",
      "notes.md": "# Notes\n",
      "empty/.keep": ""
    })
    rmSync(join(loose, ".git"), { recursive: true })
    rmSync(join(loose, "policies", "production_test.rego"))
    const warned = sluice(loose, "check", "environments/prod")
    assert.strictEqual(warned.status, 0, "warnings alone pass, and ../../base is in the folder that one stands in")
    assert.include(warned.stdout, "4 warnings, 0 denied")
    assert.match(warned.stdout, /^WARN base\/checkout\.yaml:1 /mu)
    const below = sluice(join(loose, "environments", "prod"), "check")
    assert.strictEqual(below.status, 2)
    assert.match(
      below.stderr,
      /"\.\.\/\.\.\/base" is refused: it leads out[^]*help: No folder above has a \.git: start Sluice/u
    )
    assert.strictEqual(sluice(good, "check", "base/checkout.yaml").status, 0)
    assert.match(sluice(join(good, "environments", "prod"), "check").stdout, /4 objects\n$/u)
    assert.match(sluice(loose, "check", "notes.md").stderr, /notes\.md: is neither a folder nor a YAML or JSON file/u)
    assert.match(sluice(loose, "check", "empty").stderr, /empty holds no YAML or JSON file/u)
    assert.match(sluice(loose, "check", "base", "--policy", "empty").stderr, /--policy empty: holds no policies/u)
  })

  it("shows the table to whoever reads the log where all formats go to files", () => {
    const { status, stdout } = sluice(bad, "check", "environments/prod", "-o", "junit=only.xml")
    assert.strictEqual(status, 1)
    assert.match(stdout, /^DENY environments\/prod\/checkout\.yaml:/u)
    assert.include(readFileSync(join(bad, "only.xml"), "utf8"), "<failure ")
  })

  it("merges several folders, writes several formats and keeps stdout for one", () => {
    const args = [
      "check",
      "environments/dev",
      "environments/prod",
      "-o",
      "json",
      "-o",
      "junit=j.xml",
      "-o",
      "codequality=c.json"
    ]
    const { status, stdout } = sluice(bad, ...args)
    assert.strictEqual(status, 1)
    const report = JSON.parse(stdout) as CheckReport
    assert.deepStrictEqual([report.kind, report.verdict, report.summary.denied, report.errors], [
      "CheckReport",
      "denied",
      1,
      []
    ])
    assert.strictEqual(report.violations[0]!.source!.file, unpinned)
    assert.include(readFileSync(join(bad, "j.xml"), "utf8"), "<failure ")
    assert.lengthOf(JSON.parse(readFileSync(join(bad, "c.json"), "utf8")), 1)
  })

  it("takes policies from elsewhere", () => {
    const other = repository({
      "policies/none.rego": "package none\n\ndeny contains \"never\" if input.kind == \"Pod\"\n"
    })
    const { status } = sluice(bad, "check", "environments/prod", "--policy", join(good, "policies"))
    assert.strictEqual(status, 1)
    rmSync(join(other, "policies", "production.rego"))
    assert.strictEqual(sluice(bad, "check", "environments/prod", "--policy", join(other, "policies")).status, 0)
  })

  it("says so where there are no policies, and passes", () => {
    const { status, stderr } = (() => {
      const folder = repository()
      rmSync(join(folder, "policies"), { recursive: true })
      return sluice(folder, "check", "base")
    })()
    assert.strictEqual(status, 0)
    assert.include(stderr, "warning: base: no policies, so nothing was judged\n  help: ")
  })

  it("passes nothing where the policies cannot be read", () => {
    const folder = repository()
    rmSync(join(folder, "policies"), { recursive: true })
    symlinkSync("/etc", join(folder, "policies"))
    const { status, stderr } = sluice(folder, "check", "base")
    assert.strictEqual(status, 2)
    assert.include(stderr, "\"policies\" is a link that is absolute")
  })

  it("checks what a delivery file says", () => {
    const delivery = `apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: shop, namespace: shop}
spec:\n  source: {git: {url: "https://git.example.com/shop.git", branch: main}}\n  path: environments/prod\n`
    writeFileSync(join(bad, "delivery.yaml"), delivery)
    assert.strictEqual(sluice(bad, "check", "-f", "delivery.yaml").status, 1)
    const audit = `${delivery}  policy: {enforcement: audit}\n`
    writeFileSync(join(bad, "delivery.yaml"), audit)
    assert.strictEqual(sluice(bad, "check", "-f", "delivery.yaml").status, 0)
  })

  it("shows no value of a Secret, whatever a policy prints", () => {
    const folder = repository({
      "policies/leak.rego": "package leak\n\ndeny contains sprintf(\"%v\", [input]) if input.kind == \"Secret\"\n",
      "plain/secret.yaml":
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {password: hunter2-hunter2}\n"
    })
    for (const format of ["table", "json", "sarif", "markdown"]) {
      const { status, stderr, stdout } = sluice(folder, "check", "plain", "-o", format)
      assert.strictEqual(status, 1)
      const said = stdout + stderr
      assert.notInclude(said, "hunter2")
      assert.notInclude(said, Buffer.from("hunter2-hunter2").toString("base64"))
    }
  })

  const refused: ReadonlyArray<
    readonly [
      what: string,
      files: Readonly<Record<string, string>>,
      args: ReadonlyArray<string>,
      said: ReadonlyArray<RegExp>
    ]
  > = [
    ["a folder that is not there", {}, ["nowhere"], [/error: nowhere: there is no such/u]],
    ["YAML that does not parse", { "plain/a.yaml": "kind: X\n  a: b\n" }, ["plain"], [/at plain\/a\.yaml:\d+:\d+/u]],
    [
      "an alias bomb",
      {
        "plain/a.yaml": [
          "a0: &a0 [x, x]",
          ...Array.from(
            { length: 9 },
            (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(", ")}]`
          )
        ].join("\n")
      },
      ["plain"],
      [/alias/u, /plain\/a\.yaml/u]
    ],
    [
      "a kustomization that leaves the tree",
      {
        "evil/kustomization.yaml": "resources: [../../../etc]\n"
      },
      ["evil"],
      [/\.\.\/\.\.\/\.\.\/etc/u, /at evil\/kustomization\.yaml:1/u]
    ],
    [
      "a kustomization that fetches",
      {
        "evil/kustomization.yaml": "resources: [\"https://example.com/x\"]\n"
      },
      ["evil"],
      [/example\.com/u]
    ],
    [
      "a chart that does not render",
      {
        "chart/Chart.yaml": "apiVersion: v2\nname: broken\nversion: 0.1.0\n",
        "chart/templates/a.yaml": "{{ fail \"not like this\" }}\n"
      },
      ["chart"],
      [/not like this/u, /chart\/templates\/a\.yaml/u]
    ],
    ["Rego that does not compile", { "policies/bad.rego": "package bad\n\ndeny contains x if {\n" }, ["base"], [
      /at policies\/bad\.rego:\d+/u
    ]],
    [
      "an unknown field in a delivery file",
      {
        "delivery.yaml": "apiVersion: sluice.dev/v1alpha1\nkind: Delivery\nmetadata: {name: a}\nspec:\n" +
          "  source: {git: {url: x, brnch: main}}\n"
      },
      ["-f", "delivery.yaml"],
      [/unknown field "brnch"/u, /at delivery\.yaml:5:26/u, /Did you mean "branch"\?/u]
    ],
    ["a delivery file that is not there", {}, ["-f", "nowhere.yaml"], [/there is no such file/u]],
    ["a format that does not exist", {}, ["base", "-o", "jsn"], [
      /there is no format "jsn"/u,
      /Did you mean "json"\?/u
    ]],
    ["two formats on stdout", {}, ["base", "-o", "json", "-o", "table"], [/would both go to stdout/u]],
    ["a file that cannot be written", {}, ["base", "-o", "json=nowhere/x.json"], [/cannot write nowhere\/x\.json/u]]
  ]
  for (const [what, files, args, said] of refused) {
    it(`refuses ${what} with exit code 2`, () => {
      const { status, stderr } = sluice(repository(files), "check", ...args)
      assert.strictEqual(status, 2, stderr)
      assert.match(stderr, /^error: /u)
      for (const expected of said) assert.match(stderr, expected)
      assert.match(stderr, /^ {2}help: /mu)
    })
  }

  it("follows no link out of the tree", () => {
    const folder = repository()
    mkdirSync(join(folder, "plain"))
    symlinkSync("/etc/hostname", join(folder, "plain", "a.yaml"))
    const { status, stdout } = sluice(folder, "check", "plain")
    assert.strictEqual(status, 2)
    assert.notInclude(stdout, readFileSync("/etc/hostname", "utf8").trim())
  })

  it("reports an error in the report too, beside what the other folders show", () => {
    const folder = repository({ ...tag(unpinned), "plain/a.yaml": "kind: X\n  a: b\n" })
    const { status, stdout } = sluice(folder, "check", "plain", "environments/prod", "-o", "json")
    const report = JSON.parse(stdout) as CheckReport
    assert.strictEqual(status, 2)
    assert.deepStrictEqual([report.verdict, report.errors.length, report.violations.length], ["error", 1, 1])
    assert.strictEqual(report.errors[0]!.source?.file, "plain/a.yaml")
  })
})
