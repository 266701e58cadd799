/** One statement of a Rego file: a rule (one of its bodies), an import, the package. Lines from 1, both in it. */
export interface Statement {
  /** `deny` of a rule; `package`, `import`. */
  readonly name: string
  readonly line: number
  readonly endLine: number
}

const opening = "([{"
const closing = ")]}"

/** Where a text ends that begins at an index: the index after its quote. */
const afterText = (text: string, start: number, isTemplate: boolean): number => {
  const quote = text[start]
  let index = start + 1
  while (index < text.length && text[index] !== quote) {
    if (text[index] === "\\" && (quote === "\"" || isTemplate)) index += 2
    else if (isTemplate && text[index] === "{") index = afterExpression(text, index + 1)
    else index++
  }
  return index + 1
}

/** The index after the `}` of an expression in a template text. */
const afterExpression = (text: string, start: number): number => {
  let index = start
  let depth = 1
  while (index < text.length && depth > 0) {
    const character = text[index]!
    const next = afterToken(text, index)
    if (next > index + 1) index = next
    else {
      if (opening.includes(character)) depth++
      if (closing.includes(character)) depth--
      index++
    }
  }
  return index
}

/** The index after a text or a comment that begins here; else the next one. */
const afterToken = (text: string, index: number): number => {
  const character = text[index]
  if (character === "\"" || character === "`") return afterText(text, index, false)
  if (character === "$" && (text[index + 1] === "\"" || text[index + 1] === "`")) {
    return afterText(text, index + 1, true)
  }
  if (character !== "#") return index + 1
  const end = text.indexOf("\n", index)
  return end === -1 ? text.length : end
}

/**
 * The statements of a Rego file as people write them: each begins at the margin. It knows texts, comments and brackets,
 * and no grammar: whoever needs to be sure compares the names with those of a parser (`placesOf`).
 */
export const statements = (text: string): ReadonlyArray<Statement> => {
  const found: Array<{ name: string; line: number; endLine: number }> = []
  let depth = 0
  let line = 1
  let index = 0
  while (index < text.length) {
    const character = text[index]!
    const isAtMargin = depth === 0 && (index === 0 || text[index - 1] === "\n")
    const [word] = isAtMargin ? /^[A-Za-z_]\w*/u.exec(text.slice(index, index + 200)) ?? [] : []
    if (word !== undefined && word !== "else") {
      const [, defaulted] = word === "default" ? /^default\s+(\w+)/u.exec(text.slice(index, index + 400)) ?? [] : []
      found.push({ name: defaulted ?? word, line, endLine: line })
    }
    const next = afterToken(text, index)
    const last = found.at(-1)
    for (const passed of text.slice(index, next)) if (passed === "\n") line++
    if (last !== undefined && character !== "#" && !/\s/u.test(character)) last.endLine = line
    if (next === index + 1) {
      if (opening.includes(character)) depth++
      if (closing.includes(character)) depth = Math.max(0, depth - 1)
    }
    index = next
  }
  return found
}

/** The rules among the statements, if they are those that a parser found, in its order; else none is known. */
export const placesOf = (text: string, names: ReadonlyArray<string>): ReadonlyArray<Statement> => {
  const rules = statements(text).filter(({ name }) => name !== "package" && name !== "import")
  return rules.length === names.length && rules.every(({ name }, index) => name === names[index]) ? rules : []
}
