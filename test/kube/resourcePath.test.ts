import { assert, describe, it } from "@effect/vitest"
import { resourcePath } from "../../src/kube/resourcePath.ts"

const kind = (apiVersion: string, plural: string, namespaced: boolean) => ({
  apiVersion,
  kind: "",
  plural,
  namespaced,
  verbs: []
})
const deployments = kind("apps/v1", "deployments", true)
const roles = kind("rbac.authorization.k8s.io/v1", "clusterroles", false)

describe("resourcePath", () => {
  it("leads to objects and to collections", () => {
    assert.strictEqual(resourcePath(deployments, "shop", "web"), "/apis/apps/v1/namespaces/shop/deployments/web")
    assert.strictEqual(resourcePath(deployments, "shop"), "/apis/apps/v1/namespaces/shop/deployments")
    assert.strictEqual(resourcePath(deployments, undefined), "/apis/apps/v1/deployments")
    assert.strictEqual(resourcePath(kind("v1", "nodes", false), "", "n"), "/api/v1/nodes/n")
    assert.strictEqual(
      resourcePath(roles, "", "system:node"),
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode"
    )
    assert.strictEqual(
      resourcePath(roles, "", "a?b#c d"),
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Fb%23c%20d"
    )
  })

  it.each(["", ".", "..", "a/b", "../secrets", "a%2fb", "a\nb", "x".repeat(254)])(
    "refuses %j as a name and as a namespace",
    (text) => {
      assert.isUndefined(resourcePath(deployments, "shop", text))
      assert.isUndefined(resourcePath(deployments, text, "web"))
    }
  )
})
