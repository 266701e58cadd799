import { assert, describe, it } from "@effect/vitest"
import { readDocuments } from "../../src/domain/readYaml.ts"

const valuesOf = (text: string) => {
  const read = readDocuments(text)
  return "problem" in read ? read.problem : read.documents.map(({ value }) => value)
}

describe("quoted scalars on several lines", () => {
  it("may go on as far left as their key, as for kubectl", () => {
    assert.deepStrictEqual(valuesOf("a: \"one\nb: two\"\nc: 3\n"), [{ a: "one b: two", c: 3 }])
    assert.deepStrictEqual(valuesOf("a:\n  b: 'one\n\n  two\n  three'\n  c: 3\n"), [{
      a: { b: "one\ntwo three", c: 3 }
    }])
  })

  it("have to end", () => {
    assert.deepStrictEqual(valuesOf("a: \"one\nb: 2\n"), { line: 3, column: 1, detail: "Missing closing \"quote" })
    assert.deepStrictEqual(valuesOf("a: \"one\nb: \"two\"\n"), {
      line: 1,
      column: 8,
      detail: "Missing closing \"quote"
    })
  })
})
