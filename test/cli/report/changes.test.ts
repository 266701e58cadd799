import { assert, describe, it } from "@effect/vitest"
import { ofChangeset } from "../../../src/cli/ChangesetReport.ts"
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
      }, [])
    assert.strictEqual(
      changes(report(["spec.replicas"]), (_style, text) => text),
      "configured:\n  Deployment/shop/web\n    leaves spec.replicas to others, as it is\n\n1 configured, 0 unchanged\n"
    )
    assert.deepStrictEqual(report(["spec.replicas"]).changes[0]?.handsOver, ["spec.replicas"])
    assert.isFalse(Object.hasOwn(report(undefined).changes[0]!, "handsOver"))
  })
})
