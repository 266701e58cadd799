import { assert, describe, it } from "@effect/vitest"
import { plain } from "../../src/cli/color.ts"
import { json, withoutManagers } from "../../src/cli/documents.ts"
import { Table } from "../../src/cli/table.ts"
import { hostile } from "./shownDeliveries.ts"

describe("tables and documents", () => {
  it("stand in columns, later rows under the first", () => {
    const table = new Table(["NAME", "READY"], plain)
    const row = (name: string, ready: string) => [{ text: name }, { text: ready }]
    assert.deepStrictEqual(table.lines([row("checkout", "True"), row("a", "")]), [
      "NAME       READY",
      "checkout   True",
      "a          -"
    ])
    assert.deepStrictEqual(table.lines([row("b", "False")]), ["b          False"])
  })

  it("paint without moving a column", () => {
    const painted = new Table(["A", "B"], (style, text) => `<${style}>${text}</>`)
    assert.deepStrictEqual(painted.lines([[{ text: "x", style: "red" }, { text: "y" }]]), [
      "<bold>A</>   <bold>B</>",
      "<red>x</>   y"
    ])
  })

  it("keep somebody else's text on its line", () => {
    const [, line] = new Table(["A", "B"], plain).lines([[{ text: hostile }, { text: "x".repeat(300) }]])
    assert.notMatch(line!, /[\u0000-\u001f\u202e]/u)
    assert.isAtMost(line!.length, 250)
  })

  it("say in JSON what is there, in letters that no terminal obeys", () => {
    assert.notMatch(json({ a: hostile }), /[\u0000-\u001f\u202e]/u)
    assert.deepStrictEqual(JSON.parse(json({ a: hostile })), { a: hostile })
    assert.deepStrictEqual(withoutManagers({ metadata: { name: "a", managedFields: [] } }), { metadata: { name: "a" } })
  })
})
