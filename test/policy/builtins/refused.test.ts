import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { provided } from "../../../src/policy/builtins/catalogue.ts"
import * as Capabilities from "../../../src/policy/capabilities.ts"
import { compile } from "../../../src/policy/compile.ts"
import { run } from "../../../src/policy/opa.ts"
import { Programs } from "../../../src/programs/Programs.ts"
import { Base } from "../gate.ts"

/** What is not a function of its input alone, or reaches out; and what the host does not have. */
const calls: Readonly<Record<string, string>> = {
  "http.send": "http.send({\"method\": \"get\", \"url\": \"http://example.com\"})",
  "net.lookup_ip_addr": "net.lookup_ip_addr(\"example.com\")",
  "opa.runtime": "opa.runtime()",
  "rand.intn": "rand.intn(\"x\", 5)",
  "uuid.rfc4122": "uuid.rfc4122(\"x\")",
  "providers.aws.sign_req": "providers.aws.sign_req({}, {}, 1)",
  "rego.parse_module": "rego.parse_module(\"a.rego\", \"package a\")",
  "graphql.is_valid": "graphql.is_valid(\"\", \"\")",
  "graphql.parse": "graphql.parse(\"\", \"\")",
  "graphql.parse_and_verify": "graphql.parse_and_verify(\"\", \"\")",
  "graphql.parse_query": "graphql.parse_query(\"\")",
  "graphql.parse_schema": "graphql.parse_schema(\"\")",
  "graphql.schema_is_valid": "graphql.schema_is_valid(\"\")"
}

layer(Base)("functions that policies do not get", (it) => {
  it.effect("are refused when the policy is compiled, with file and line", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const cache = yield* files.makeTempDirectoryScoped({ prefix: "sluice-test-refused-" })
      for (const [name, call] of Object.entries(calls)) {
        const content = Buffer.from(
          `package a\n\ndeny contains "x" if {\n\tinput.kind == "Pod"\n\tx := ${call}\n\tx != 1\n}\n`
        )
        const error = yield* Effect.flip(compile({ files: [{ path: "policies/a.rego", content }] }, cache))
        assert.include(error.message, `undefined function ${name}`)
        assert.include(error.message, "policies/a.rego:5")
      }
    }), 60_000)

  it.effect("are all that OPA has and Sluice has not", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped({ prefix: "sluice-test-refused-" })
      const { stdout } = yield* run(yield* (yield* Programs).path("opa"), folder, ["capabilities", "--current"])
      const all = yield* Capabilities.decode(stdout)
      const given = yield* Capabilities.decode(Capabilities.restrict(all))
      const names = new Set(given.builtins.map(({ name }) => name))
      const withheld = all.builtins.map(({ name }) => name).filter((name) => !names.has(name))
      assert.deepStrictEqual(withheld.sort(), Object.keys(calls).sort())
      assert.deepStrictEqual(provided.filter((name) => !names.has(name)), [])
    }), 30_000)
})
