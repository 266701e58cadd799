import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { applyYaml, condition } from "../support/AgentGround.ts"
import { AgentScene } from "../support/AgentScene.ts"
import type { Repository } from "../support/git/Repository.ts"

const sample = join(import.meta.dirname, "..", "..", "deploy", "samples", "environments")
const files = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(sample, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(sample, path), readFileSync(path, "utf8")])
  )
const of = (name: string) => readFileSync(join(sample, "fleet", name), "utf8")

const stages = ["dev", "staging", "prod"] as const
const overlay = (stage: string) => `environments/${stage}/kustomization.yaml`
const digest = (digit: string) => `sha256:${digit.repeat(64)}`
/** The sample's overlay with another digest. */
const promoted = (stage: string, digit: string) => ({
  [overlay(stage)]: files()[overlay(stage)]!.replace(/sha256:[0-9a-f]{64}/u, digest(digit))
})

describe("the sample of environments", { timeout: 120_000 }, () => {
  let scene: AgentScene
  let repository: Repository

  const imageIn = async (stage: string) => {
    const path = `/apis/apps/v1/namespaces/web-${stage}/deployments/web`
    return at(await scene.find(path), "spec", "template", "spec", "containers", 0, "image")
  }
  const replicasIn = async (stage: string) =>
    at(
      await scene.plane.request("GET", `/apis/apps/v1/namespaces/web-${stage}/deployments/web`) as JsonObject,
      "spec",
      "replicas"
    )
  const use = (name: string) =>
    applyYaml(scene.plane, of(name).replaceAll("https://gitlab.example.com/acme/web-deploy.git", repository.url))
  const ask = (stage: string) =>
    scene.patch(`web-${stage}/web`, {
      metadata: { annotations: { "sluice.dev/requestedAt": new Date().toISOString() } }
    })
  const ready = async (stage: string, commit: string) => {
    await ask(stage)
    return scene.ready(`web-${stage}/web`, commit)
  }

  beforeAll(async () => {
    scene = await AgentScene.start({ nodes: 1 })
    repository = await scene.git.repository("web-deploy")
  }, 120_000)
  afterAll(() => scene?.stop())

  it("runs each environment by its folder, under the platform's guardrails", async () => {
    const commit = await repository.commit(files(), "Serve")
    for (const name of ["guardrails.yaml", "accounts.yaml", "folders.yaml"]) await use(name)
    for (const stage of stages) {
      const delivery = await scene.ready(`web-${stage}/web`, commit, 60_000)
      assert.strictEqual(condition(delivery, "Healthy")?.status, "True")
      const judges = delivery.status!.policy!.bundles!.map(({ name }) => name).sort()
      const platform = { dev: [], staging: ["production-preview"], prod: ["production"] }[stage]
      assert.deepStrictEqual(judges, ["everywhere", ...platform, "repository"])
    }
    assert.strictEqual(scene.deliveries.get("web-staging/web")?.status?.policy?.warned, 1)
    assert.deepStrictEqual([await replicasIn("dev"), await replicasIn("prod")], [1, 3])
  })

  it("promotes by the next folder alone", async () => {
    const before = await imageIn("prod")
    await ready("staging", await repository.commit(promoted("staging", "a"), "Try a in staging"))
    assert.include(await imageIn("staging"), digest("a"))
    assert.strictEqual(await imageIn("prod"), before)
    await ready("prod", await repository.commit(promoted("prod", "a"), "Promote a"))
    assert.include(await imageIn("prod"), digest("a"))
  })

  it("refuses in production what dev may do, and leaves it as it is", async () => {
    const tagged = files()[overlay("dev")]!.replace("web-dev", "web-prod")
    const commit = await repository.commit({ [overlay("prod")]: tagged }, "Promote a tag")
    await ask("prod")
    const denied = await scene.deliveries.reason("web-prod/web", "PolicyDenied")
    assert.match(condition(denied, "Ready")!.message, /images\/digest-required/u)
    assert.include(await imageIn("prod"), digest("a"))
    await ready("dev", commit)
    await ready("prod", await repository.revert())
  })

  it("runs each environment by its branch, and promotes by a merge", async () => {
    const start = await repository.head()
    for (const stage of stages) await repository.branch(stage, start)
    await use("branches.yaml")
    for (const stage of stages) await scene.ready(`web-${stage}/web`, start, 60_000)
    const change = { ...promoted("staging", "b"), ...promoted("prod", "b") }
    const next = await repository.commit(change, "Build b", { branch: "dev" })
    await ready("dev", next)
    assert.include(await imageIn("staging"), digest("a"))
    // Fast-forward: what the branch before it has proven, and nothing else.
    await repository.branch("staging", next)
    await ready("staging", next)
    assert.include(await imageIn("staging"), digest("b"))
    assert.include(await imageIn("prod"), digest("a"))
    await repository.branch("prod", next)
    await ready("prod", next)
    assert.include(await imageIn("prod"), digest("b"))
  })
})
