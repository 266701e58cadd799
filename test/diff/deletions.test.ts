import { assert, describe, it } from "@effect/vitest"
import { judge } from "../../src/diff/deletions.ts"
import { seen } from "../../src/kube/Seen.ts"

const kept = { label: "shop.web", namespaces: new Set<string>(), uids: new Set<string>() }
/** What becomes of an object that is this delivery's, by its name. */
const judged = (kind: string, name: string) => {
  const ref = { group: "", kind, namespace: "shop", name }
  const live = seen({
    ref,
    uid: "u-1",
    resourceVersion: "1",
    deleting: false,
    labels: { "sluice.dev/delivery": "shop.web" },
    annotations: {},
    managedFields: [{ manager: "sluice", operation: "Apply", fieldsV1: {} }]
  })
  return judge({ ref, apiVersion: "v1" }, live, kept)
}

describe("what leaves a revision", () => {
  it("is deleted, but for a record of Sluice", () => {
    assert.deepInclude(judged("ConfigMap", "settings"), { action: "delete" })
    for (
      const [kind, name] of [["ConfigMap", "sluice-other-inventory-0"], ["Secret", "sluice-other-key-0"]] as const
    ) {
      assert.strictEqual(
        judged(kind, name),
        `${kind}/shop/${name} stays behind: it has the name of a record of Sluice`
      )
    }
  })
})
