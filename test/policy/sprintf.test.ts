import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { run } from "../../src/policy/opa.ts"
import { parse } from "../../src/policy/regoText.ts"
import { isArray } from "../../src/policy/regoValue.ts"
import { sprintf } from "../../src/policy/sprintf.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { Base } from "./gate.ts"

const formats =
  `%v %s %d %q %5.2f %+d %-5d| %5d| %05d %t %c %U %#U %o %O %#o %e %g %G %.3g %#v %+v %10s| %-10s| %.2s %010s
%#q %+q %% %[2]d:%[1]v %[3]d %[1] %! % %*d %.*f %5q %.0f %.1f %6.2f%% %T  %-08d| %+.2e %#g %.3d %8.3d| %d-%s %z é%v %[2]*[1]d
%-*d| %08.3f %.10f %+.0e %[1]d%d %#b`.split(/\s+/)

const values = [
  "[\"a\"]",
  "[1]",
  "[-3]",
  "[0]",
  "[true]",
  "[null]",
  "[[\"a\", 1, {\"b\": 2}]]",
  "[{\"b\", 1, \"a\"}]",
  "[{\"b\": {\"x\"}, \"a\": null}]",
  "[set()]",
  "[9007199254740993]",
  "[123456789012345678901234567890]",
  "[1.5]",
  "[2.5, 0.5]",
  "[1e2]",
  "[1.0]",
  "[-0.5]",
  "[100000000.0]",
  "[1e400]",
  "[\"a\\nb\\\"\\u00e9\\u0001\"]",
  "[\"é😀\", 2]",
  "[65, \"x\"]",
  "[8364]",
  "[3, 4]",
  "[5, 3.14159]",
  "[1, 2, 3]",
  "[]",
  "[\"tab\\t`\"]"
]

/** Binary formats of floats, and what Go prints of the inside of its own big integers. */
const isLeftOut = (format: string, value: string) => format === "%#b" && /[.e]/.test(value)

layer(Base)("sprintf", (it) => {
  it.effect("writes what OPA writes, for every verb and every kind of value", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const cases = formats.flatMap((format) =>
        values.filter((value) => !isLeftOut(format, value)).map((value) => ({ format, value }))
      )
      const calls = cases.map(({ format, value }) => `sprintf(${JSON.stringify(format)}, ${value})`)
      yield* files.writeFileString(`${folder}/calls.rego`, `package calls\n\nresults := [\n${calls.join(",\n")}\n]\n`)
      const opa = yield* (yield* Programs).path("opa")
      const { stdout } = yield* run(opa, folder, ["eval", "-f", "raw", "-d", "calls.rego", "data.calls.results"])
      const expected = JSON.parse(stdout) as ReadonlyArray<string>
      assert.strictEqual(expected.length, cases.length)
      const different = cases.flatMap(({ format, value }, index) => {
        const list = parse(value)
        const got = sprintf(format, isArray(list) ? list : [])
        return got === expected[index] ? [] : [{ format, value, got, expected: expected[index] }]
      })
      assert.deepStrictEqual(different, [])
    }))
})
