import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at } from "../../src/domain/Json.ts"
import { applyYaml } from "../support/AgentGround.ts"
import { AgentScene, configMap } from "../support/AgentScene.ts"

let scene: AgentScene

beforeAll(async () => {
  scene = await AgentScene.start()
  // Passes every dry-run, and then refuses the object.
  await applyYaml(
    scene.plane,
    `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: never-really}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  matchConditions: [{name: name, expression: "object.metadata.name == 'never'"}]
  validations: [{expression: request.dryRun, message: not today}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: never-really}
spec: {policyName: never-really, validationActions: [Deny]}
`
  )
}, 90_000)

afterAll(async () => {
  assert.notInclude(scene.agent.output, "a mistake in Sluice")
  await scene.stop()
})

describe("a revision that came to be applied only half", () => {
  it("is taken back by git revert: what is applied is not taken for what it was before", async () => {
    await scene.tenant("half")
    const repository = await scene.git.repository("half")
    const first = await repository.commit({ "app/one.yaml": configMap("one", "1") }, "First")
    await scene.deliver("half/app", repository.url, "path: app")
    await scene.ready("half/app", first)
    const path = "/api/v1/namespaces/half/configmaps/one"

    const half = await repository.commit(
      { "app/one.yaml": configMap("one", "2"), "app/two.yaml": configMap("never", "1") },
      "Half of it"
    )
    const failed = await scene.deliveries.reason("half/app", "ApplyFailed")
    assert.include(JSON.stringify(failed.status), half)
    assert.strictEqual(at(await scene.find(path), "data", "value"), "2", "there is something to take back")

    const reverted = await repository.commit({ "app/one.yaml": configMap("one", "1"), "app/two.yaml": null }, "Revert")
    await scene.ready("half/app", reverted)
    assert.strictEqual(at(await scene.find(path), "data", "value"), "1")
  })
})
