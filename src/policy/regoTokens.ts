/** A word of a Rego text. Comments and white space are none. */
export interface Token {
  readonly kind: "name" | "text" | "symbol"
  /** A name or a symbol as it stands; what a text says. */
  readonly value: string
  readonly offset: number
  /** Behind its last character. */
  readonly end: number
  /** From 1. */
  readonly line: number
  /** How many brackets are open. */
  readonly depth: number
}

const name = /[A-Za-z_][A-Za-z0-9_]*/uy

/** The end of a text that began before `at`; templates (`$"… {x} …"`) end where their braces do not count. */
const endOfText = (text: string, at: number, quote: string): number => {
  for (let index = at; index < text.length; index++) {
    if (text[index] === "\\" && quote === `"`) index++
    else if (text[index] === quote) return index + 1
  }
  return text.length
}

const spoken = (raw: string): string => {
  if (raw.startsWith("`")) return raw.slice(1, -1)
  try {
    return String(JSON.parse(raw))
  } catch {
    // OPA tells what is wrong with it
    return raw.slice(1, -1)
  }
}

/**
 * The words of a Rego text, v0 or v1, enough to find packages and references in it. What Rego does not take is passed
 * over: OPA says so. The expressions inside of template strings are words of their own.
 */
export const tokensOf = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  /** Of each template string that is open: its quote, and how many brackets were open. */
  const templates: Array<{ readonly quote: string; readonly depth: number }> = []
  let line = 1
  let depth = 0
  let at = 0
  const pass = (end: number) => {
    for (; at < end; at++) if (text[at] === "\n") line++
  }
  const take = (kind: Token["kind"], end: number, value = text.slice(at, end)) => {
    tokens.push({ kind, value, offset: at, end, line, depth })
    pass(end)
  }
  /** Goes on to the next expression of a template string, or behind its end. */
  const passTemplate = (quote: string) => {
    for (; at < text.length; pass(at + 1)) {
      if (text[at] === "\\") pass(at + 1)
      else if (text[at] === quote) return pass(at + 1)
      else if (text[at] === "{") {
        templates.push({ quote, depth })
        depth++
        return pass(at + 1)
      }
    }
  }
  while (at < text.length) {
    const character = text[at]!
    name.lastIndex = at
    const [word] = name.exec(text) ?? []
    if (word !== undefined) take("name", at + word.length)
    else if (character === "#") pass(text.includes("\n", at) ? text.indexOf("\n", at) : text.length)
    else if (character === "$" && (text[at + 1] === `"` || text[at + 1] === "`")) {
      pass(at + 2)
      passTemplate(text[at - 1]!)
    } else if (character === `"` || character === "`") {
      const end = endOfText(text, at + 1, character)
      take("text", end, spoken(text.slice(at, end)))
    } else if (character === "}" && templates.at(-1)?.depth === depth - 1) {
      depth--
      pass(at + 1)
      passTemplate(templates.pop()!.quote)
    } else if (/\s/u.test(character)) pass(at + 1)
    else {
      if ("]})".includes(character)) depth = Math.max(0, depth - 1)
      take("symbol", at + 1)
      if ("[{(".includes(character)) depth++
    }
  }
  return tokens
}

/** The words that begin a statement at the top of a Rego text with that name. */
export const beginnings = (text: string, wanted: string): ReadonlyArray<Token> => {
  const tokens = tokensOf(text)
  return tokens.filter(({ depth, kind, line, value }, index) => {
    const before = tokens[index - 1]
    return kind === "name" && value === wanted && depth === 0 && (before === undefined || before.line < line)
  })
}
