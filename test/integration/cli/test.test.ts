import { assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { TestReport } from "../../../src/cli/testReport/TestReport.ts"
import { temporaryFolders } from "../../support/folders.ts"
import { sluice } from "../../support/Sluice.ts"

const folderOf = temporaryFolders("author")

const rule = `package owners

import data.parameters

deny contains message if {
	not input.metadata.labels[parameters.label]
	message := sprintf("no label %s", [parameters.label])
}

warn contains "a pod of its own" if input.kind == "Pod"
`

const good = `package owners_test

import data.owners

test_denied_without_the_label if {
	owners.deny == {"no label owner"} with input as {"kind": "Pod", "metadata": {"labels": {}}}
}

todo_test_later if false
`

const bad = `${good}
test_wrong if {
	messages := owners.deny with input as {"kind": "Pod", "metadata": {"labels": {"owner": "a"}}}
	print("found", messages)
	count(messages) == 1
}

test_of_cases[name] if {
	some name, example in {"one": {"kind": "Pod", "want": 1}, "two": {"kind": "Job", "want": 1}}
	count(owners.warn) == example.want with input as {"kind": example.kind}
}
`

const files = {
  "policies/owners/owners.rego": rule,
  "policies/owners/owners_test.rego": good,
  "policies/parameters.yaml": "parameters: {label: owner}\n",
  "policies/owners/denied.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
  "policies/owners/allowed.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {owner: a}}\n"
}

describe("sluice test", () => {
  let passing = ""
  let failing = ""
  beforeAll(() => {
    passing = folderOf(files)
    failing = folderOf({ ...files, "policies/owners/owners_test.rego": bad })
  })

  it("runs the tests over the data of the gate, samples beside them left alone", async () => {
    const { code, stderr, stdout } = await sluice(["test"], { cwd: passing })
    assert.deepStrictEqual([code, stderr, stdout], [0, "", "1 passed, 0 failed, 1 skipped\n"])
  })

  it("finds the policies from beside and from within them", async () => {
    const cwd = folderOf({ ...files, "app/a/a.yaml": "" })
    for (const folder of ["app/a", "policies", "policies/owners"]) {
      assert.strictEqual((await sluice(["test"], { cwd: join(cwd, folder) })).text, "1 passed, 0 failed, 1 skipped\n")
    }
    const none = await sluice(["test"], { cwd: folderOf({ "app/a.yaml": "" }) })
    assert.deepStrictEqual([none.code, none.stderr.startsWith("error: policies: there is no such")], [2, true])
  })

  it("shows of a failure its place, the expression with its values, the case, and what it printed", async () => {
    const { code, stdout } = await sluice(["test"], { cwd: failing })
    assert.strictEqual(code, 1)
    assert.match(stdout, /^FAIL policies\/owners\/owners_test\.rego:11 {2}owners_test\.test_wrong$/mu)
    assert.match(stdout, /^ {5}policies\/owners\/owners_test\.rego:14:\n.*count\(messages\) == 1\n.*\n.*set\(\)\n/mu)
    assert.include(stdout, "     printed:\n       found set()\n")
    assert.match(stdout, /owners_test\.test_of_cases\n {5}failed for: two\n/u)
    assert.match(stdout, /\n1 passed, 2 failed, 1 skipped\n$/u)
    assert.notMatch(stdout, /p\d{4}\.rego|sluice-test/u)
  })

  it("tells coverage by file, with the lines that no test came by, and holds a threshold", async () => {
    const told = await sluice(["test", "--coverage"], { cwd: passing })
    assert.strictEqual(told.code, 0)
    assert.match(told.stdout, /^policies\/owners\/owners\.rego +75 % {2}not covered: 10$/mu)
    const thin = await sluice(["test", "--threshold", "80", "-o", "junit=j.xml", "-o", "table"], { cwd: passing })
    assert.strictEqual(thin.code, 1)
    assert.match(thin.stdout, /75 % of the policies' lines, less than the 80 % that are asked for\n$/u)
    assert.match(readFileSync(join(passing, "j.xml"), "utf8"), /name="coverage">\s*<failure/u)
    assert.strictEqual((await sluice(["test", "--threshold", "75"], { cwd: passing })).code, 0)
    assert.match(
      (await sluice(["test", "--threshold", "much"], { cwd: passing })).stderr,
      /--threshold cannot be "much"/u
    )
  })

  it("runs those that a pattern names, and says so where it names none", async () => {
    const one = await sluice(["test", "--run", "owners_test.test_denied"], { cwd: failing })
    assert.deepStrictEqual([one.code, one.stdout], [0, "1 passed, 0 failed, 0 skipped\n"])
    const none = await sluice(["test", "--run", "nothing"], { cwd: failing })
    assert.deepStrictEqual([none.code, none.stdout], [2, ""])
    assert.match(none.stderr, /no test matches --run nothing/u)
    assert.match((await sluice(["test", "--run", "("], { cwd: failing })).stderr, /--run: missing closing \)/u)
  })

  it("tests a part of the policies with the whole of them", async () => {
    const folder = folderOf({
      ...files,
      "policies/other/other.rego":
        "package other\n\nimport data.owners\n\ndeny contains \"x\" if count(owners.warn) > 0\n",
      "policies/waivers.yaml": "waivers: []\n",
      "policies/fixtures_test.rego": "package fixtures_test\n\npod := {\"kind\": \"Pod\"}\n\ntest_not_asked if false\n",
      "policies/other/other_test.rego":
        "package other_test\n\nimport data.other\n\ntest_x if {\n\tother.deny == {\"x\"} with input as data.fixtures_test.pod\n\tnot data.waivers\n}\n"
    })
    const { code, stdout } = await sluice(["test", "policies/other", "--coverage"], { cwd: folder })
    assert.strictEqual(code, 0)
    assert.match(stdout, /^policies\/other\/other\.rego +100 %\n\n1 passed, 0 failed, 0 skipped; 100 %/u)
    const file = await sluice(["test", "policies/other/other_test.rego"], { cwd: folder })
    assert.strictEqual(file.stdout, "1 passed, 0 failed, 0 skipped\n")
  })

  it("writes the formats of CI", async () => {
    const formats = ["json", "tap=t.tap", "github=g.txt", "junit=j.xml"].flatMap((format) => ["-o", format])
    const { stdout } = await sluice(["test", ...formats], { cwd: failing })
    const report = JSON.parse(stdout) as TestReport
    assert.deepStrictEqual([report.kind, report.verdict], ["TestReport", "failed"])
    assert.deepStrictEqual(report.summary, { passed: 1, failed: 2, error: 0, skipped: 1 })
    const written = (name: string) => readFileSync(join(failing, name), "utf8")
    assert.match(written("t.tap"), /^1\.\.4\n/u)
    assert.match(written("t.tap"), /^ok \d - owners_test\.todo_test_later # SKIP$/mu)
    assert.match(
      written("g.txt"),
      /^::error file=policies\/owners\/owners_test\.rego,line=11,col=1,title=owners_test\.test/mu
    )
    assert.match(written("j.xml"), /<testsuites tests="4" failures="2" errors="0" skipped="1">/u)
  })

  it("cannot tell where the gate would refuse the policies, where tests do not compile, where there are none", async () => {
    const refused = folderOf({ ...files, "policies/a.rego": "package a\n\ndeny if input.kind == \"Pod\"\n" })
    const gate = await sluice(["test"], { cwd: refused })
    assert.strictEqual(gate.code, 2)
    assert.match(gate.stderr, /deny is a boolean[^]*at policies\/a\.rego:3/u)
    const broken = folderOf({ ...files, "policies/owners/owners_test.rego": "package t\n\ntest_a if nothing(1)\n" })
    const tests = await sluice(["test"], { cwd: broken })
    assert.strictEqual(tests.code, 2)
    assert.match(tests.stderr, /undefined function nothing[^]*at policies\/owners\/owners_test\.rego:3/u)
    const none = await sluice(["test"], { cwd: folderOf({ "policies/owners.rego": rule }) })
    assert.deepStrictEqual([none.code, none.stdout], [2, ""])
    assert.match(none.stderr, /policies: no tests found\n {2}help: .*_test\.rego/u)
    assert.match((await sluice(["test", "nowhere"], { cwd: passing })).stderr, /nowhere: there is no such file/u)
  })

  it("tells what OPA could not evaluate as an error of the test", async () => {
    const folder = folderOf({
      ...files,
      "policies/owners/owners_test.rego":
        `package owners_test\n\nx := 1 if true\n\nx := 2 if true\n\ntest_conflict if x == 1\n`
    })
    const { code, stdout } = await sluice(["test"], { cwd: folder })
    assert.strictEqual(code, 1)
    assert.match(stdout, /^ERROR policies\/owners\/owners_test\.rego:7 {2}owners_test\.test_conflict\n {5}.*conflict/mu)
  })
})
