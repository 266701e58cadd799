import { assert, describe, it } from "@effect/vitest"
import { maskSecret } from "../../src/domain/mask.ts"

const secret = (fields: object) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "db" }, ...fields })
const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("maskSecret", () => {
  it("replaces every value, keeps the names, and masks equal values alike", () => {
    const masked = maskSecret(
      secret({ data: { a: base64("hunter2"), b: base64("other") }, stringData: { c: "hunter2" } }),
      "key"
    )
    const data = masked.data as Record<string, string>
    assert.match(data.a!, /^\(masked [0-9a-f]{12}\)$/)
    assert.notStrictEqual(data.a, data.b)
    assert.deepStrictEqual(masked.stringData, { c: data.a! })
    assert.notInclude(JSON.stringify(masked), "hunter2")
    assert.notInclude(JSON.stringify(masked), base64("hunter2"))
  })

  it("depends on the key", () => {
    const object = secret({ data: { a: base64("hunter2") } })
    assert.notDeepEqual(maskSecret(object, "one"), maskSecret(object, "two"))
  })

  it("masks kubectl's copy in the annotation and leaves other annotations", () => {
    const annotations = {
      "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"a\":\"aHVudGVyMg==\"}}",
      b: "c"
    }
    const masked = JSON.stringify(maskSecret(secret({ metadata: { name: "db", annotations } }), "key"))
    assert.notInclude(masked, "aHVudGVyMg")
    assert.include(masked, "\"b\":\"c\"")
  })

  it("masks what is malformed as a whole", () => {
    const masked = JSON.stringify(maskSecret(secret({ data: ["hunter2"], stringData: { a: { b: "hunter2" } } }), "key"))
    assert.notInclude(masked, "hunter2")
  })

  it("reaches into lists, whose items may lack a kind", () => {
    const item = { metadata: { name: "db" }, data: { a: base64("hunter2") } }
    const list = maskSecret({ apiVersion: "v1", kind: "SecretList", items: [item] }, "key")
    const mixed = maskSecret(
      { apiVersion: "v1", kind: "List", items: [secret({ stringData: { a: "hunter2" } })] },
      "key"
    )
    assert.notInclude(JSON.stringify([list, mixed]), "hunter2")
    assert.notInclude(JSON.stringify(list), base64("hunter2"))
  })

  it("leaves everything else alone", () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { a: "b" } }
    const other = { apiVersion: "example.com/v1", kind: "Secret", metadata: { name: "a" }, data: { a: "b" } }
    assert.strictEqual(maskSecret(map, "key"), map)
    assert.strictEqual(maskSecret(other, "key"), other)
  })
})
