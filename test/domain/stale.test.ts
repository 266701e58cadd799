import { assert, describe, it } from "@effect/vitest"
import { fieldsV1, members, told } from "../../src/domain/fieldPaths.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { hasGuests, merged, stale } from "../../src/domain/stale.ts"

const entry = (manager: string, operation: string, tree: JsonObject) => ({
  manager,
  operation,
  apiVersion: "apps/v1",
  time: `time of ${manager}`,
  fieldsV1: tree
})
const container = (name: string, fields: JsonObject): JsonObject => ({
  "f:spec": { "f:template": { "f:spec": { "f:containers": { [`k:{"name":"${name}"}`]: { ".": {}, ...fields } } } } }
})

describe("stale ownership", () => {
  it("goes into our entry, but for what people may leave", () => {
    const ours = entry("sluice", "Apply", container("app", { "f:image": {} }))
    const kubectl = entry("kubectl-edit", "Update", {
      "f:metadata": { "f:labels": { "f:team": {} } },
      "f:spec": {
        "f:template": {
          "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/restartedAt": {} } },
          "f:spec": { "f:containers": { "k:{\"name\":\"side\"}": { ".": {}, "f:image": {} } } }
        }
      }
    })
    const controller = entry("istio", "Update", container("proxy", { "f:image": {} }))
    const entries = [ours, kubectl, controller]
    assert.deepStrictEqual(stale(entries).map(({ manager }) => manager), ["kubectl-edit"])
    assert.deepStrictEqual(stale(entries, { allowed: ["kubectl-edit"] }), [])
    const [own, other, rest, ...more] = merged(entries, "apps/v1")
    assert.deepStrictEqual(more, [])
    assert.deepStrictEqual(other, controller)
    assert.strictEqual(own?.time, ours.time)
    assert.deepStrictEqual(told(members(own?.fieldsV1)), [
      "spec.template.spec.containers[name=app]",
      "spec.template.spec.containers[name=side]"
    ])
    assert.strictEqual(rest?.manager, "kubectl-edit")
    assert.deepStrictEqual(told(members(rest?.fieldsV1)), [
      "metadata.labels.team",
      "spec.template.metadata.annotations[\"kubectl.kubernetes.io/restartedAt\"]"
    ])
  })

  it("is also what others wrote in our name, labels included", () => {
    const forged = entry("sluice", "Update", { "f:metadata": { "f:labels": { "f:team": {} } } })
    const result = merged([forged], "apps/v1")
    assert.deepStrictEqual(result, [{
      manager: "sluice",
      operation: "Apply",
      apiVersion: "apps/v1",
      fieldsV1: { "f:metadata": { "f:labels": { "f:team": {} } } }
    }])
  })

  it("reads and writes trees without loss", () => {
    const tree = { ...container("app", { "f:ports": { ".": {}, "k:{\"p\":1}": { ".": {}, "f:p": {} } } }), "f:x": {} }
    assert.deepStrictEqual(fieldsV1(members(tree)), tree)
  })

  it("is no subresource's because it says so", () => {
    const forged = { ...entry("k9s", "Update", container("miner", { "f:image": {} })), subresource: "status" }
    const status = {
      ...entry("operator", "Update", { "f:metadata": { "f:annotations": { "f:x": {} } }, "f:status": {} }),
      subresource: "status"
    }
    const scale = { ...entry("kubectl", "Update", { "f:spec": { "f:replicas": {} } }), subresource: "scale" }
    const ours = entry("sluice", "Apply", container("app", { "f:image": {} }))
    assert.isTrue(hasGuests([ours, forged]))
    assert.isFalse(hasGuests([ours, status, scale]))
    assert.deepStrictEqual(
      stale([ours, { ...forged, manager: "kubectl" }, status, scale]).map(({ manager }) => manager),
      ["kubectl"]
    )
    const inOurName = { ...entry("sluice", "Apply", container("miner", {})), subresource: "status" }
    assert.deepStrictEqual(stale([ours, inOurName]), [inOurName])
  })

  it("is of guests only what is unwanted, and the rest stays theirs", () => {
    const ours = entry("sluice", "Apply", container("app", { "f:image": {} }))
    const both = entry("k9s", "Update", {
      "f:spec": {
        "f:template": {
          "f:spec": {
            "f:containers": {
              "k:{\"name\":\"tools\"}": { ".": {}, "f:image": {} },
              "k:{\"name\":\"miner\"}": { ".": {}, "f:image": {} }
            }
          }
        }
      }
    })
    assert.deepStrictEqual(stale([ours, both]), [])
    const unwanted = new Set(members(container("miner", { "f:image": {} })).keys())
    assert.deepStrictEqual(stale([ours, both], { unwanted }), [both])
    const [own, rest] = merged([ours, both], "apps/v1", { unwanted })
    const path = (name: string) => `spec.template.spec.containers[name=${name}]`
    assert.deepStrictEqual(told(members(own?.fieldsV1)), [path("app"), path("miner")])
    assert.deepStrictEqual(told(members(rest?.fieldsV1)), [path("tools")])
  })
})
