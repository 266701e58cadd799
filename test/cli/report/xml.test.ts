import { assert, describe, it } from "@effect/vitest"
import { junit } from "../../../src/cli/report/junit.ts"
import { element, leaf } from "../../../src/cli/report/xml.ts"
import { denied, failed, passed } from "./sample.ts"

interface Node {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Array<Node>
}

/** A strict reader of the XML that we write: throws on whatever is not well-formed. */
const parse = (text: string): Node => {
  const root: Node = { name: "", attributes: {}, children: [] }
  const stack = [root]
  const token = /<\?xml[^>]*\?>|<\/([a-z-]+)>|<([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/guy
  let last = 0
  for (const match of text.matchAll(token)) {
    last = match.index + match[0].length
    const [, closed, opened, attributes = "", single, content] = match
    if (closed !== undefined) assert.strictEqual(stack.pop()!.name, closed)
    if (opened !== undefined) {
      const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/gu)].map(([, key, value]) => [key!, value!] as const)
      const node: Node = { name: opened, attributes: Object.fromEntries(pairs), children: [] }
      stack.at(-1)!.children.push(node)
      if (single === "") stack.push(node)
    }
    const loose = (content ?? attributes).replace(/&(amp|lt|gt|quot|#9|#10|#13);/gu, "")
    assert.notInclude(loose, "&")
    assert.notMatch(loose, /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u)
  }
  assert.strictEqual(last, text.length)
  assert.strictEqual(stack.length, 1)
  return root
}

describe("junit", () => {
  it("is well-formed whatever a repository says, and its counts are right", () => {
    for (const report of [denied, passed, failed]) {
      const [suites] = parse(junit(report)).children
      assert.strictEqual(suites?.name, "testsuites")
      const [suite] = suites!.children
      const cases = suite!.children
      assert.strictEqual(Number(suite!.attributes.tests), cases.length)
      const having = (name: string) => cases.filter(({ children }) => children[0]?.name === name).length
      assert.strictEqual(Number(suite!.attributes.failures), having("failure"))
      assert.strictEqual(Number(suite!.attributes.errors), having("error"))
      const names = cases.map(({ attributes }) => `${attributes.classname} ${attributes.name}`)
      assert.strictEqual(new Set(names).size, names.length)
    }
  })

  it("escapes text and attributes, and replaces what XML cannot say", () => {
    const text = "<a> & \"b\" \u0000 \ud800 ]]>"
    parse(element("a", { b: text }, [leaf("c", {}, text)]))
    assert.strictEqual(leaf("a", {}, "\u0000<"), "<a>\uFFFD&lt;</a>")
  })
})
