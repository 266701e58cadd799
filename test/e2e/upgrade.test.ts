import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { type Case, decoders } from "../api/cases.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { current, type Plural, plurals, type Version, versions } from "../upgrade/versions.ts"

const definitionPath = (plural: Plural) =>
  `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.sluice.dev`

const pathOf = (object: JsonObject): string => {
  const plural = plurals.find((name) => at(current[name], "spec", "names", "kind") === object.kind)!
  const namespace = at(object, "metadata", "namespace")
  const scope = namespace === undefined ? "" : `/namespaces/${String(namespace)}`
  return `/apis/sluice.dev/v1alpha1${scope}/${plural}/${String(at(object, "metadata", "name"))}`
}

/** Whether a value says all that another said, and what it says more comes from defaults alone. */
const lost = (before: Json | undefined, now: Json | undefined, path = ""): ReadonlyArray<string> => {
  if (typeof before !== "object" || before === null || typeof now !== "object" || now === null) {
    return before === now ? [] : [`${path}: ${JSON.stringify(before)}, now ${JSON.stringify(now)}`]
  }
  return Object.entries(before).flatMap(([name, value]) =>
    lost(value as Json, (now as JsonObject)[name], `${path}.${name}`)
  )
}

/** The definition with another description, by which it is known. */
const described = (crd: JsonObject, description: string): JsonObject => {
  const copy = structuredClone(crd) as { spec: { versions: Array<{ schema: { openAPIV3Schema: JsonObject } }> } }
  for (const { schema } of copy.spec.versions) schema.openAPIV3Schema = { ...schema.openAPIV3Schema, description }
  return copy as unknown as JsonObject
}

describe("CRDs that replace earlier ones", () => {
  let plane: ControlPlane
  let installations = 0
  /** What was stored under each version. */
  const stored = new Map<string, JsonObject>()

  beforeAll(async () => {
    plane = await startControlPlane()
  }, 120_000)
  afterAll(() => plane.stop())

  /** As `kubectl apply --server-side` does, and `sluice install`; until the API server serves by it. */
  const install = async (crds: Version["crds"]) => {
    for (const plural of plurals) {
      const path = definitionPath(plural)
      const mark = `installation ${++installations}`
      const applied = await plane.request(
        "PATCH",
        `${path}?fieldManager=kubectl&force=true`,
        described(crds[plural], mark),
        "application/apply-patch+yaml"
      ) as JsonObject
      const generation = at(applied, "metadata", "generation")
      for (let established = false; !established;) {
        const live = await plane.request("GET", path) as JsonObject
        const conditions = at(live, "status", "conditions") as ReadonlyArray<JsonObject> | undefined
        established = at(live, "metadata", "generation") === generation &&
          conditions?.some(({ status, type }) => type === "Established" && status === "True") === true
        const bad = conditions?.find(({ status, type }) => type === "NonStructuralSchema" && status === "True")
        assert.isUndefined(bad)
      }
      // What it serves by may be a moment behind what it says: what it publishes is what judges.
      for (let served = false; !served;) {
        const published = await plane.request("GET", "/openapi/v3/apis/sluice.dev/v1alpha1").catch(() => ({}))
        served = JSON.stringify(published).includes(JSON.stringify(mark))
      }
    }
  }

  const write = async (name: string, object: JsonObject) => {
    const { status, ...rest } = object
    const named = { ...rest, metadata: { ...object.metadata as JsonObject, name } }
    const path = pathOf(named)
    const collection = path.slice(0, path.lastIndexOf("/"))
    await plane.request("POST", `${collection}?fieldValidation=Strict`, named)
    const patched = await plane.request(
      "PATCH",
      `${path}/status?fieldValidation=Strict`,
      { status: status! },
      "application/merge-patch+json"
    )
    stored.set(path, patched as JsonObject)
  }

  /** Each object says what it said, is what the decoder of today takes, and may be written back as it is. */
  const stand = async (isCurrent: boolean) => {
    for (const [path, before] of stored) {
      const live = await plane.request("GET", path) as JsonObject
      assert.deepStrictEqual(lost(before.spec, live.spec), [], path)
      assert.deepStrictEqual(lost(before.status, live.status), [], path)
      assert.strictEqual(at(live, "metadata", "generation"), at(before, "metadata", "generation"), path)
      let read = live
      for (const where of [path, `${path}/status`]) {
        const back = await plane.request("PUT", `${where}?fieldValidation=Strict`, read) as JsonObject
        assert.deepStrictEqual<unknown>([back.spec, back.status], [live.spec, live.status], where)
        read = back
      }
      if (isCurrent) {
        assert.isTrue(Result.isSuccess(decoders[live.kind as Case["kind"]](live)), path)
      }
    }
  }

  for (const { crds, name, objects } of versions) {
    it(`let what was written before ${name} stand, and take what is written under it`, async () => {
      await install(crds)
      await stand(false)
      for (const [index, object] of objects.entries()) await write(`of-${name}-${index}`, object)
      assert.isAtLeast(stored.size, objects.length)
    })
  }

  it("let all of it stand today, and store it as before", async () => {
    await install(current)
    await stand(true)
    for (const plural of plurals) {
      const live = await plane.request("GET", definitionPath(plural)) as JsonObject
      assert.deepStrictEqual<unknown>(at(live, "status", "storedVersions"), ["v1alpha1"])
    }
  })

  it("let what they would refuse stay until somebody changes it", async () => {
    const objects = [{}]
    const waiver = { policy: "x", objects, reason: "INC-42", owner: "dana", until: "2026-12-31T00:00:00Z" }
    const bundle: JsonObject = {
      apiVersion: "sluice.dev/v1alpha1",
      kind: "PolicyBundle",
      metadata: { name: "of-nothing" },
      spec: { source: { library: ["images"] }, waivers: [waiver] },
      status: {}
    }
    await install(versions[0]!.crds)
    await write("of-nothing", bundle)
    await install(current)
    const path = "/apis/sluice.dev/v1alpha1/policybundles/of-nothing"
    const patch = (spec: JsonObject) =>
      plane.request("PATCH", path, { spec }, "application/merge-patch+json").then(() => "taken", String)
    assert.strictEqual(await patch({ enforcement: "audit" }), "taken")
    assert.include(await patch({ waivers: [{ ...waiver, objects: [{}, {}] }] }), "at least 1 properties")
    assert.strictEqual(await patch({ waivers: [{ ...waiver, objects: [{ kind: "Deployment" }] }] }), "taken")
    stored.delete(path)
  })

  it("stay when the agent goes back, and so does what is written under them", async () => {
    // What an older CRD does not know it drops from the next write: hence the documented order.
    await install(versions.at(-1)!.crds)
    await stand(false)
    await install(current)
    await stand(true)
  })
})
