import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at, isJsonObject, type Json } from "../../src/domain/Json.ts"
import { schemas } from "../../src/policy/schemas.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"

let plane: ControlPlane
beforeAll(async () => {
  plane = await startControlPlane()
}, 900_000)
afterAll(() => plane.stop())

const values = (json: Json | undefined): ReadonlyArray<Json> => isJsonObject(json) ? Object.values(json) : []
const names = (json: Json | undefined): ReadonlyArray<string> => isJsonObject(json) ? Object.keys(json) : []

/** What is applied, and no answer of the API server: a Status, a list, the options of a request. */
const isApplied = (definition: Json): boolean =>
  at(definition, "x-kubernetes-group-version-kind") !== undefined &&
  at(definition, "properties", "metadata", "$ref") === "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

describe("the schema of objects", () => {
  it("knows every field at the top of every kind that Kubernetes has, and of its metadata", async () => {
    const { definitions } = await plane.request("GET", "/openapi/v2") as { definitions: Json }
    const missing = (found: ReadonlyArray<string>, known: Json | undefined) =>
      [...new Set(found)].filter((name) => at(known, name) === undefined).sort()
    const fields = values(definitions).filter(isApplied).flatMap((definition) => names(at(definition, "properties")))
    assert.isAbove(new Set(fields).size, 30)
    assert.deepStrictEqual(missing(fields, at(schemas.object, "properties")), [])
    const metadata = at(definitions, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "properties")
    assert.deepStrictEqual(missing(names(metadata), at(schemas.object, "properties", "metadata", "properties")), [])
  })
})
