import { assert, describe, it } from "@effect/vitest"
import { merge, ofChangeset } from "../../../src/cli/ChangesetReport.ts"
import { changes } from "../../../src/cli/report/changes.ts"
import { admitted, deployment, manifest } from "../../apply/Subject.ts"

describe("changes", () => {
  it("says which fields are left to others, and no change of them", () => {
    const { apiVersion, ref } = manifest(deployment("web", "shop"))
    const change = { action: "update" as const, apiVersion, ref, fields: [], takesFrom: [] }
    const report = (handsOver: ReadonlyArray<string> | undefined) =>
      ofChangeset("shop/shop", {
        admitted: admitted([]),
        changes: [{ ...change, ...handsOver === undefined ? {} : { handsOver } }],
        losses: [],
        digest: ""
      }, { violations: [], waived: [] })
    assert.strictEqual(
      changes(report(["spec.replicas"]), (_style, text) => text),
      "configured:\n  Deployment/shop/web\n    leaves spec.replicas to others, as it is\n\n1 configured, 0 unchanged\n"
    )
    assert.deepStrictEqual(report(["spec.replicas"]).changes[0]?.handsOver, ["spec.replicas"])
    assert.isFalse(Object.hasOwn(report(undefined).changes[0]!, "handsOver"))
  })

  it("lists what is waived, by whom and until when", () => {
    const waiver = { policy: "owner", objects: [], reason: "INC-1", owner: "dana", until: "2099-01-01T00:00:00Z" }
    const found = {
      policy: "owner",
      package: "a",
      rule: "deny",
      severity: "deny" as const,
      message: "no owner",
      object: { apiVersion: "v1", kind: "ConfigMap", name: "a" },
      bundle: { name: "repository", digest: "sha256:0" },
      waiver
    }
    const nothing = { admitted: admitted([]), changes: [], losses: [], digest: "" }
    const report = merge([
      ofChangeset("shop/a", nothing, { violations: [], waived: [found] }),
      ofChangeset("shop/b", nothing, { violations: [], waived: [] })
    ])
    assert.deepStrictEqual(report.waived, [found])
    assert.match(
      changes(report, (_style, text) => text),
      /^WAIVED - {2}ConfigMap\/a {2}owner {2}no owner\n {5}waived: by dana until 2099-01-01T00:00:00Z: INC-1\n\nno diff/u
    )
    assert.isFalse(Object.hasOwn(ofChangeset("shop/b", nothing, { violations: [], waived: [] }), "waived"))
  })
})
