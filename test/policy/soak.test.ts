import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { entrypoint } from "../../src/policy/entrypoint.ts"
import { EvaluationError } from "../../src/policy/host.ts"
import { RegoObject } from "../../src/policy/regoValue.ts"
import { Base, configMap, deployment, hostOf } from "./gate.ts"

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

const policy = `package a

deny contains message if {
	some container in input.spec.template.spec.containers
	not regex.match("^registry\\\\.example\\\\.com/", container.image)
	message := sprintf("%s comes from %v, labels %s", [container.image, {"b", "a"}, json.marshal(object.get(input.metadata, "labels", {}))])
}

deny contains message if {
	some key, value in input.data
	units.parse_bytes(value) > 1000
	message := concat(" ", {key, replace(value, "M", " mega"), crypto.sha256(value)})
}

x := 1 if input.data.conflict

x := 2 if input.data.conflict

deny contains "x" if x
`

const bytes = (object: unknown) => Buffer.from(JSON.stringify(object))
const mebibyte = 1024 * 1024
const entry = entrypoint("object")

/** Memory in use once nothing is left to collect: in V8's heap and outside of it, and of the whole process. */
const memory = () => {
  collectGarbage()
  collectGarbage()
  const { external, heapUsed, rss } = process.memoryUsage()
  return { used: heapUsed + external, rss }
}

layer(Base)("a host that lives long", (it) => {
  it.effect("needs for 100,000 evaluations what it needs for the first 1,000", () =>
    Effect.gen(function*() {
      const host = yield* hostOf({ "a.rego": policy })
      const objects = Array.from(
        { length: 100 },
        (_, index) =>
          bytes(
            index % 2 === 0
              ? deployment(`web-${index}`, `nginx:${index}`)
              : configMap(`m-${index}`, { [index]: `${index}M` })
          )
      )
      const evaluate = (count: number) => {
        let findings = 0
        for (let index = 0; index < count; index++) {
          const answer = host.evaluate(entry, objects[index % objects.length]!)
          findings += answer instanceof RegoObject && answer.get("found") instanceof RegoObject ? 1 : 0
        }
        return findings
      }
      assert.strictEqual(evaluate(1_000), 1_000)
      const [instance, before] = [host.bytes, memory()]
      // V8 lets its young generation grow to 48 MiB within the first 20,000, and then no more.
      assert.strictEqual(evaluate(19_000), 19_000)
      const grown = memory()
      assert.strictEqual(evaluate(80_000), 80_000)
      assert.strictEqual(host.bytes, instance)
      assert.isBelow(host.bytes, 2 * mebibyte)
      const after = memory()
      assert.isBelow(after.used - before.used, 2 * mebibyte)
      assert.isBelow(after.rss - grown.rss, 32 * mebibyte)
    }), 60_000)

  it.effect("replaces an instance that anything was thrown through", () =>
    Effect.gen(function*() {
      const host = yield* hostOf({ "a.rego": policy })
      const large = bytes(configMap("large", { text: `${"x".repeat(1_000_000)}` }))
      const conflict = bytes(configMap("conflict", { conflict: "1" }))
      const fine = bytes(configMap("fine"))
      const small = host.bytes
      host.evaluate(entry, large)
      assert.isAbove(host.bytes, small)
      assert.throws(() => host.evaluate(entry, conflict), EvaluationError, "conflict")
      assert.strictEqual(host.bytes, small)
      const before = memory()
      for (let index = 0; index < 5_000; index++) {
        assert.throws(() => host.evaluate(entry, conflict), EvaluationError)
      }
      assert.isDefined(host.evaluate(entry, fine))
      assert.strictEqual(host.bytes, small)
      assert.isBelow(memory().used - before.used, 8 * mebibyte)
    }), 60_000)
})
