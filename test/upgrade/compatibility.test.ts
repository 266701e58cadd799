import { assert, describe, it } from "@effect/vitest"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { breaks, fieldsOf, placesOf } from "../support/crdCompatibility.ts"
import { current, plurals, versions } from "./versions.ts"

/** Of changes only: a chart that was detected by its folder could take another name. */
const releaseName = "v1alpha1: a rule was added: \"!(!has(self.spec.kustomize) && !has(self.spec.plain) && " +
  "!has(oldSelf.spec.kustomize) && !has(oldSelf.spec.plain)) || " +
  "(has(self.spec.helm) && has(self.spec.helm.releaseName) ? self.spec.helm.releaseName : self.metadata.name) == " +
  "(has(oldSelf.spec.helm) && has(oldSelf.spec.helm.releaseName) ? oldSelf.spec.helm.releaseName : self.metadata.name)\""

/** Refused since, on purpose: what it refuses did nothing, or what nobody meant. Ratcheting keeps what is stored. */
const accepted: Readonly<Record<string, ReadonlyArray<string>>> = {
  "2026-11-25": [
    releaseName,
    // Of a field that came with it.
    "v1alpha1.spec.source: a rule was added: \"!has(self.webhook) || has(self.git)\"",
    // A waiver of nothing, or of an object of which nothing is said, is a mistake that lets everything through.
    "v1alpha1.spec.waivers[].objects: minItems is narrower: nothing, now 1",
    "v1alpha1.spec.waivers[].objects[]: minProperties is narrower: nothing, now 1"
  ],
  "2026-11-28": [releaseName]
}

const schemaOf = (crd: JsonObject) => at(crd, "spec", "versions", 0, "schema", "openAPIV3Schema")

describe("definitions of today", () => {
  for (const { crds, name, objects } of versions) {
    it(`take the place of those of ${name}`, () => {
      const found = plurals.flatMap((plural) => breaks(crds[plural], current[plural]))
      assert.deepStrictEqual(found, accepted[name] ?? [])
    })

    it(`are tried with every field that those of ${name} have`, () => {
      const written = new Map<string, Set<string>>()
      for (const object of objects) {
        const places = written.get(String(object.kind)) ?? new Set()
        for (const place of placesOf(object)) places.add(place)
        written.set(String(object.kind), places)
      }
      const missing = plurals.flatMap((plural) => {
        const places = written.get(String(at(crds[plural], "spec", "names", "kind")))
        return fieldsOf(schemaOf(crds[plural])).filter((field) => places?.has(field) !== true)
          .map((field) => `${plural}${field}`)
      })
      assert.deepStrictEqual(missing, [])
    })
  }
})

const field: JsonObject = { type: "string", enum: ["a", "b"], maxLength: 9, minLength: 1, pattern: "^a", default: "a" }
const schema: JsonObject = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      properties: {
        field,
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        list: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: { type: "object", properties: { name: { type: "string", nullable: true } } }
        },
        labels: { type: "object", additionalProperties: { type: "string" } }
      }
    }
  }
}
const crd = (openAPIV3Schema: Json = schema, version: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  spec: {
    group: "sluice.dev",
    scope: "Namespaced",
    names: {
      kind: "Delivery",
      plural: "deliveries",
      singular: "delivery",
      shortNames: ["dlv"],
      categories: ["sluice"]
    },
    ...spec,
    versions: [{
      name: "v1",
      served: true,
      storage: true,
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: "Ready" }],
      schema: { openAPIV3Schema },
      ...version
    }]
  }
})

/** The schema with another one at a place; without one, without the field. */
const changed = (path: ReadonlyArray<string>, next: Json | undefined): Json => {
  const change = (value: Json | undefined, [key, ...rest]: ReadonlyArray<string>): Json => {
    const { [key!]: before, ...others } = value as JsonObject
    const now = rest.length === 0 ? next : change(before, rest)
    return now === undefined ? others : { ...others, [key!]: now }
  }
  return change(schema, path)
}
const inSpec = (path: ReadonlyArray<string>, next: Json | undefined) => changed(["properties", "spec", ...path], next)
const inField = (change: JsonObject) => inSpec(["properties", "field"], { ...field, ...change })

describe("the check of definitions", () => {
  it("finds nothing where nothing changed, or where more is taken than before", () => {
    const wider = {
      ...field,
      enum: ["a", "b", "c"],
      maxLength: 10,
      minLength: 0,
      description: "Other words."
    }
    for (
      const next of [
        schema,
        inSpec(["properties", "field"], wider),
        inSpec(["properties", "more"], { type: "string" }),
        // A field that is required and filled in is there before anybody asks.
        inSpec(["properties", "more"], { type: "string", default: "x" }),
        inSpec(["properties", "free", "properties"], { known: { type: "string" } })
      ]
    ) assert.deepStrictEqual(breaks(crd(), crd(next)), [])
    const filled = { ...at(schema, "properties", "spec") as JsonObject, required: ["field"] }
    assert.deepStrictEqual(breaks(crd(), crd(changed(["properties", "spec"], filled))), [])
  })

  const spec = at(schema, "properties", "spec") as JsonObject
  const kinds: ReadonlyArray<readonly [what: string, next: JsonObject, says: string]> = [
    ["a field that is gone", crd(inSpec(["properties", "field"], undefined)), "v1.spec.field: the field is gone"],
    ["another type", crd(inField({ type: "integer" })), "v1.spec.field: type was \"string\", now \"integer\""],
    ["another format", crd(inField({ format: "date" })), "v1.spec.field: format was nothing, now \"date\""],
    ["another pattern", crd(inField({ pattern: "^b" })), "v1.spec.field: pattern was \"^a\", now \"^b\""],
    ["a narrower enum", crd(inField({ enum: ["a"] })), "v1.spec.field: the enum has no longer \"b\""],
    [
      "an enum where there was none",
      crd(inSpec(["properties", "list", "items", "properties", "name", "enum"], ["x"])),
      "v1.spec.list[].name: an enum was added"
    ],
    ["a lower maximum", crd(inField({ maxLength: 8 })), "v1.spec.field: maxLength is narrower: 9, now 8"],
    ["a higher minimum", crd(inField({ minLength: 2 })), "v1.spec.field: minLength is narrower: 1, now 2"],
    [
      "a bound where there was none",
      crd(inSpec(["properties", "list", "maxItems"], 3)),
      "v1.spec.list: maxItems is narrower: nothing, now 3"
    ],
    [
      "a field that has to be there",
      crd(changed(["properties", "spec"], { ...spec, required: ["free"] })),
      "v1.spec: \"free\" is newly required"
    ],
    [
      "a new field that has to be there",
      crd(changed(["properties", "spec"], {
        ...spec,
        required: ["more"],
        properties: { ...spec.properties as JsonObject, more: { type: "string" } }
      })),
      "v1.spec: \"more\" is newly required"
    ],
    [
      "a rule",
      crd(inField({ "x-kubernetes-validations": [{ rule: "self == 'a'" }] })),
      "v1.spec.field: a rule was added: \"self == 'a'\""
    ],
    ["another default", crd(inField({ default: "b" })), "v1.spec.field: the default was \"a\", now \"b\""],
    [
      "no null any more",
      crd(inSpec(["properties", "list", "items", "properties", "name", "nullable"], undefined)),
      "v1.spec.list[].name: it is no longer nullable"
    ],
    [
      "unknown fields that are dropped",
      crd(inSpec(["properties", "free"], { type: "object" })),
      "v1.spec.free: unknown fields are no longer kept"
    ],
    [
      "values of a map that are of another type",
      crd(inSpec(["properties", "labels", "additionalProperties", "type"], "integer")),
      "v1.spec.labels.*: type was \"string\", now \"integer\""
    ],
    [
      "lists that merge in another way",
      crd(inSpec(["properties", "list", "x-kubernetes-list-map-keys"], ["id"])),
      "v1.spec.list: x-kubernetes-list-map-keys was [\"name\"], now [\"id\"]"
    ],
    ["a version that is gone", crd(schema, { name: "v2" }), "v1: the version is gone"],
    ["a version that is not served", crd(schema, { served: false }), "v1: it is no longer served"],
    ["a status that anybody writes", crd(schema, { subresources: {} }), "v1: the status is no subresource any more"],
    ["a column that is gone", crd(schema, { additionalPrinterColumns: [] }), "v1: the column \"Ready\" is gone"],
    ["another scope", crd(schema, {}, { scope: "Cluster" }), "scope was \"Namespaced\", now \"Cluster\""],
    [
      "another kind",
      crd(schema, {}, { names: { ...at(crd(), "spec", "names") as JsonObject, kind: "Pipeline" } }),
      "names.kind is another"
    ],
    [
      "a short name that is gone",
      crd(schema, {}, { names: { ...at(crd(), "spec", "names") as JsonObject, shortNames: [] } }),
      "names.shortNames has no longer \"dlv\""
    ]
  ]
  for (const [what, next, says] of kinds) {
    it(`finds ${what}`, () => assert.deepStrictEqual(breaks(crd(), next), [says]))
  }
})
