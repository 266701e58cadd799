import { assert, describe, it } from "@effect/vitest"
import { temporaryFolders } from "../../support/folders.ts"
import { sluice } from "../../support/Sluice.ts"

const place = temporaryFolders("advice")

const app = { "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" }
const rule = (id: string, body = "input.kind == \"Secret\"") =>
  `# METADATA\n# custom: {id: ${id}}\npackage a\n\ndeny contains "no" if ${body}\n`

describe("what check tells beside its verdict", () => {
  it("is that none of the rules reports anything: nothing was judged", async () => {
    const cwd = place({ ...app, "policies/a/a.rego": "package a\n\nallow if input.kind\n", "policies/b.json": "{}" })
    const { code, stderr, stdout } = await sluice(["check", "app"], { cwd })
    assert.deepStrictEqual([code, stdout], [0, "0 passed, 0 warnings, 0 denied, 0 waived; 1 object\n"])
    assert.match(stderr, /^warning: policies: none of the rules here reports anything/u)
    assert.match(stderr, /named deny, violation or warn/u)
  })

  it("is which policies could not be asked, as nobody knows what would change", async () => {
    const changeset = "# METADATA\n# scope: package\n# schemas:\n# - input: schema.changeset\npackage a.c\n\n" +
      "deny contains \"no\" if input.summary.delete > 1\n"
    const cwd = place({ ...app, "policies/a.rego": rule("a"), "policies/c.rego": changeset })
    const { code, stderr } = await sluice(["check", "app"], { cwd })
    assert.strictEqual(code, 0)
    assert.match(stderr, /^note: without a cluster .* one policy was not asked: c\n {2}help: sluice diff -f/u)
  })

  it("is what METADATA says in vain, in test as well, once for all folders", async () => {
    const test = "package a_test\n\nimport data.a\n\ntest_a if count(a.deny) == 0 with input as {}\n"
    const cwd = place({
      ...app,
      "policies/a.rego": rule("a").replace("# custom", "# titel: A\n# custom"),
      "policies/a_test.rego": test
    })
    for (const args of [["check", "app", "app/a.yaml"], ["test"]]) {
      const { code, stderr } = await sluice(args, { cwd })
      assert.deepStrictEqual([code, stderr], [
        0,
        "warning: policies/a.rego:2: METADATA has \"titel\", which nobody reads\n  help: Did you mean \"title\"?\n"
      ])
    }
  })

  it("is a waiver for a policy that is misspelt, and nothing of one that a PolicyBundle may have", async () => {
    const waiver = (policy: string) =>
      `  - {policy: ${policy}, reason: INC-1, owner: dana, until: "2099-01-01T00:00:00Z"}\n`
    const cwd = place({
      ...app,
      "policies/a.rego": rule("run-as-non-root"),
      "policies/waivers.yaml": `waivers:\n${waiver("run-as-nonroot")}${waiver("image-digest-required")}`
    })
    const { stderr } = await sluice(["check", "app"], { cwd })
    assert.strictEqual(
      stderr,
      "warning: policies/waivers.yaml:2: the waiver names \"run-as-nonroot\", and no policy here has that id\n" +
        "  help: Did you mean \"run-as-non-root\"?\n"
    )
  })

  it("is nothing where all is well", async () => {
    const cwd = place({ ...app, "policies/a.rego": rule("a") })
    assert.deepStrictEqual((await sluice(["check", "app"], { cwd })).stderr, "")
  })
})
