import { assert, beforeAll, describe, it } from "@effect/vitest"
import { temporaryFolders } from "../../support/folders.ts"
import { sluice } from "../../support/Sluice.ts"

const repository = temporaryFolders("explained")

const policy = `# METADATA
# title: No latest
# custom:
#   id: no-latest
#   severity: high
#   remedy: Name a version.
package images

deny contains message if {
	some container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
	print("looked at", container.name)
	message := sprintf("container %s runs %s", [container.name, container.image])
}

warn contains "a Secret in plain text" if input.kind == "Secret"
`

const manifests = `apiVersion: v1
kind: Secret
metadata:
  name: token
stringData:
  token: hunter2hunter2
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: proxy
          image: registry.example.com/proxy:1
        - name: app
          image: registry.example.com/shop:latest
`

describe("what a policy author is told", () => {
  let folder = ""
  beforeAll(() => {
    folder = repository({ "policies/images.rego": policy, "app/all.yaml": manifests })
  })

  it("shows the lines of the manifest, a caret, and the rule beside them, but no Secret", async () => {
    const { code, stdout } = await sluice(["check", "app", "--explain"], { cwd: folder })
    assert.strictEqual(code, 1)
    assert.include(
      stdout,
      `     manifest app/all.yaml:21:11
       19 │           image: registry.example.com/proxy:1
       20 │         - name: app
     > 21 │           image: registry.example.com/shop:latest
          │           ^
       22 │
     rule No latest · severity high · policies/images.rego:9 · repository sha256:`
    )
    assert.include(stdout, "        9 │ deny contains message if {\n")
    assert.match(stdout, /^ {5}rule a Secret|WARN app\/all\.yaml:1 /mu)
    assert.notInclude(stdout, "hunter2")
    assert.notInclude((await sluice(["check", "app"], { cwd: folder })).stdout, "│")
  })

  it("traces a policy by its id on the objects that were judged, those it denies first, masked", async () => {
    const { code, stderr, stdout } = await sluice(["check", "app", "--trace", "no-latest"], { cwd: folder })
    assert.strictEqual(code, 1)
    assert.match(stdout, /^DENY app\/all\.yaml:21 /u)
    const [first, second] = stderr.split("\n\n")
    assert.match(first!, /^trace images\.deny on Deployment\/default\/web\n {2}policies\/images\.rego:9 +\| Enter/u)
    assert.match(first!, /policies\/images\.rego:11 .* endswith\(/u)
    assert.include(first, "\n  printed: looked at app\n")
    assert.match(first!, /\n {2}says: \[ "container app runs registry\.example\.com\/shop:latest" \]$/u)
    assert.match(second!, /^trace images\.deny on Secret\/default\/token\n[^]*says: nothing$/mu)
    assert.notMatch(stderr, /p0000|sluice-trace|hunter2/u)
  })

  it("traces a rule by its name, and says which there are", async () => {
    const { stderr } = await sluice(["check", "app", "--trace", "images.warn"], { cwd: folder })
    assert.match(stderr, /^trace images\.warn on Secret/mu)
    const none = await sluice(["check", "app", "--trace", "no-latets"], { cwd: folder })
    assert.deepStrictEqual([none.code, none.stdout], [2, ""])
    assert.match(none.stderr, /there is no policy and no rule "no-latets"\n {2}help: Did you mean "no-latest"\?/u)
  })

  it("traces ten objects at most, and says how many are left", async () => {
    const many = Array.from(
      { length: 13 },
      (_, index) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m${index}}\n`
    ).join("---\n")
    const cwd = repository({ "policies/images.rego": policy, "app/all.yaml": many })
    const { stderr } = await sluice(["check", "app", "--trace", "images.warn"], { cwd })
    assert.strictEqual(stderr.match(/^trace /gmu)?.length, 10)
    assert.include(stderr, "… and 3 documents more: check fewer objects")
  })
})
