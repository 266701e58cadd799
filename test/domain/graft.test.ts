import { assert, describe, it } from "@effect/vitest"
import { graft, members, told, units } from "../../src/domain/fieldPaths.ts"
import type { JsonObject } from "../../src/domain/Json.ts"

const app = { name: "app", image: "app:1" }
const deployment = (spec: JsonObject): JsonObject => ({ kind: "Deployment", spec: { template: { spec } } })
const inside = (fields: JsonObject): JsonObject => ({ "f:spec": { "f:template": { "f:spec": fields } } })

describe("units", () => {
  it("are items of lists with all that is in them, and single fields", () => {
    const fields = members({
      "f:metadata": { "f:finalizers": { ".": {}, "v:\"hold\"": {} } },
      ...inside({
        "f:hostPID": {},
        "f:securityContext": { ".": {}, "f:runAsUser": {} },
        "f:containers": {
          "k:{\"name\":\"app\"}": {
            "f:env": { ".": {}, "k:{\"name\":\"A\"}": { ".": {}, "f:name": {}, "f:value": {} } }
          },
          "k:{\"name\":\"side\"}": { ".": {}, "f:ports": { ".": {}, "k:{\"p\":1}": { ".": {}, "f:p": {} } } }
        }
      })
    })
    assert.deepStrictEqual(units(fields).map((unit) => told(unit)), [
      ["metadata.finalizers[\"hold\"]"],
      ["spec.template.spec.hostPID"],
      ["spec.template.spec.securityContext.runAsUser"],
      ["spec.template.spec.containers[name=app].env[name=A]"],
      ["spec.template.spec.containers[name=side]"]
    ])
  })
})

describe("graft", () => {
  it("adds whole items, and fields of items that are there, and nothing else", () => {
    const wanted = deployment({ containers: [app] })
    const live = deployment({
      restartPolicy: "Always",
      hostNetwork: true,
      containers: [
        { ...app, imagePullPolicy: "IfNotPresent", securityContext: { privileged: true } },
        { name: "side", image: "side:2", args: ["--verbose"] }
      ]
    })
    const added = members(inside({
      "f:hostNetwork": {},
      "f:containers": {
        "k:{\"name\":\"app\"}": { "f:securityContext": { ".": {}, "f:privileged": {} } },
        "k:{\"name\":\"side\"}": { ".": {}, "f:image": {}, "f:name": {} }
      }
    }))
    assert.deepStrictEqual(
      graft(wanted, live, added),
      deployment({
        hostNetwork: true,
        containers: [
          { ...app, securityContext: { privileged: true } },
          { name: "side", image: "side:2", args: ["--verbose"] }
        ]
      })
    )
    assert.deepStrictEqual(wanted, deployment({ containers: [app] }), "what it is given stays as it is")
  })

  it("knows items by several keys, by value and by place", () => {
    const wanted: JsonObject = { spec: { ports: [{ port: 80, protocol: "TCP" }] } }
    const live: JsonObject = {
      metadata: { finalizers: ["example.com/hold"] },
      spec: { ports: [{ port: 80, protocol: "TCP" }, { port: 80, protocol: "UDP", nodePort: 30_000 }] },
      rows: ["a", "b"]
    }
    const added = members({
      "f:metadata": { "f:finalizers": { ".": {}, "v:\"example.com/hold\"": {} } },
      "f:spec": { "f:ports": { "k:{\"port\":80,\"protocol\":\"UDP\"}": { ".": {}, "f:port": {} } } },
      "f:rows": { "i:1": {} }
    })
    assert.deepStrictEqual(graft(wanted, live, added), {
      metadata: { finalizers: ["example.com/hold"] },
      spec: live.spec!,
      rows: ["b"]
    })
  })

  it("leaves out what is not there (any more)", () => {
    const wanted = deployment({ containers: [app] })
    assert.deepStrictEqual(graft(wanted, wanted, members(inside({ "f:hostPID": {} }))), wanted)
  })

  it("takes as long as what it is given is large", () => {
    const keys = Array.from({ length: 8_000 }, (_, index) => `key-${index}`)
    const data = Object.fromEntries(keys.map((key) => [key, "x"]))
    const items = keys.map((name) => ({ name }))
    const fields = {
      "f:data": Object.fromEntries(keys.map((key) => [`f:${key}`, {}])),
      "f:items": Object.fromEntries(keys.map((name) => [`k:${JSON.stringify({ name })}`, { ".": {}, "f:name": {} }]))
    }
    const grown = graft({ data: {}, items: [] }, { data, items }, members(fields))
    assert.strictEqual(JSON.stringify(grown), JSON.stringify({ data, items }))
  })

  it("makes no object's prototype", () => {
    const live = JSON.parse(`{"data": {"__proto__": {"polluted": true}}}`) as JsonObject
    const grown = graft({ data: {} }, live, members(JSON.parse(`{"f:data": {"f:__proto__": {}}}`) as JsonObject))
    assert.strictEqual(JSON.stringify(grown), JSON.stringify(live))
    assert.isUndefined(({} as { polluted?: boolean }).polluted)
  })
})
