import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import { sluice } from "../../support/Sluice.ts"

const cwd = mkdtempSync(join(tmpdir(), "sluice-explained-"))
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const template = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: requiredlabels
spec:
  crd:
    spec:
      names:
        kind: RequiredLabels
      validation:
        openAPIV3Schema:
          type: object
          properties:
            labels: {type: array, items: {type: string}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package requiredlabels
        violation[{"msg": msg}] {
          missing := input.parameters.labels[_]
          not input.review.object.metadata.labels[missing]
          msg := sprintf("no label %v", [missing])
        }
`

const constraint = `# A constraint.
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: RequiredLabels
metadata:
  name: must-have-owner
  annotations:
    a: "1"
    b: "2"
    c: "3"
spec:
  enforcementAction: deny
  match:
    kinds:
      - apiGroups: [""]
        kinds: [ConfigMap]
    namespaces:
      - shop
  parameters:
    labels: [owner]
`

const files = {
  "policies/template.yaml": template,
  "policies/constraint.yaml": constraint,
  "app/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n"
}

describe("sluice check --explain", () => {
  it("shows of a Gatekeeper constraint its name, match and parameters as they are written, in one piece", async () => {
    mkdirSync(join(cwd, ".git"))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true })
      writeFileSync(join(cwd, path), text)
    }
    const { code, stdout } = await sluice(["check", "app", "--explain"], { cwd })
    assert.strictEqual(code, 1)
    const [, below = ""] = stdout.split(/ {5}rule RequiredLabels\/must-have-owner · policies\/constraint\.yaml:2 .*\n/u)
    const written = constraint.split("\n").slice(4, 19)
    assert.deepStrictEqual(
      below.split("\n\n")[0]?.split("\n"),
      written.map((line, index) => `       ${String(index + 5).padStart(2)} │ ${line}`)
    )
  })
})
