import { assert, describe, it } from "@effect/vitest"
import { placesOf, statements } from "../../src/policy/statements.ts"

const told = (text: string) => statements(text).map(({ endLine, line, name }) => [name, line, endLine])

describe("statements of a Rego file", () => {
  it("are found with their lines, whatever is in texts and comments", () => {
    const text = `# METADATA
# title: {
package a.b

import data.lib

# a rule (
deny contains msg if {
	x := "}\\"{" # }
	y := \`
deny
}\`
	msg := $"{x} and {[1, "}"][0]} \\{"
}

deny contains "x" if input.foo

default limit := 3

limit := data.parameters.limit

f(x) := 1 if {
	x
} else := 2 if {
	not x
}
else := 3

violation[{
	"msg": "a"
}] {
	true
}
`
    assert.deepStrictEqual(told(text), [
      ["package", 3, 3],
      ["import", 5, 5],
      ["deny", 8, 14],
      ["deny", 16, 16],
      ["limit", 18, 18],
      ["limit", 20, 20],
      ["f", 22, 27],
      ["violation", 29, 33]
    ])
    assert.deepStrictEqual(
      placesOf(text, ["deny", "deny", "limit", "limit", "f", "violation"]).map(({ line }) => line),
      [8, 16, 18, 20, 22, 29]
    )
  })

  it("are not believed where a parser found others", () => {
    assert.deepStrictEqual(placesOf("package a\n\n  deny contains 1\n\nwarn contains 1\n", ["deny", "warn"]), [])
    assert.deepStrictEqual(placesOf("package a; x := 1; y := 2\n", ["x", "y"]), [])
    assert.deepStrictEqual(placesOf("", []), [])
  })

  it("end, whatever the text", () => {
    for (const text of ["package a\nx := \"", "$\"{", "`", "}}}", "x := $`{\"", "\\"]) assert.isArray(statements(text))
  })
})
