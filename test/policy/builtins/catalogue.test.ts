import { assert, describe, it } from "@effect/vitest"
import { groups, provided } from "../../../src/policy/builtins/catalogue.ts"

describe("the catalogue of built-ins", () => {
  it("names exactly what its groups hold", async () => {
    for (const [names, group] of await Promise.all(groups())) {
      assert.deepStrictEqual(Object.keys(group).sort(), [...names].sort())
    }
  })

  it("names nothing that reaches out, rolls dice or looks at the environment", () => {
    const refused = new Set([
      "http.send",
      "opa.runtime",
      "rand.intn",
      "uuid.rfc4122",
      "net.lookup_ip_addr",
      "providers.aws.sign_req"
    ])
    assert.deepStrictEqual(provided.filter((name) => refused.has(name)), [])
  })
})
