import { BuiltinError, LimitError } from "./Builtin.ts"

/** What stands in a pipeline. */
export type Term =
  | { readonly type: "dot" }
  | { readonly type: "nil" }
  | { readonly type: "constant"; readonly value: string | boolean | bigint | number }
  | { readonly type: "variable"; readonly name: string }
  | { readonly type: "function"; readonly name: string }
  | { readonly type: "group"; readonly pipe: Pipe }
  | { readonly type: "fields"; readonly of: Term; readonly names: ReadonlyArray<string> }

export type Command = ReadonlyArray<Term>

/** `$a, $b := command | command`. */
export interface Pipe {
  readonly variables: ReadonlyArray<string>
  readonly isDeclaring: boolean
  readonly commands: ReadonlyArray<Command>
}

export type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "action"; readonly pipe: Pipe }
  | { readonly type: "break" | "continue" }
  | {
    readonly type: "if" | "range" | "with"
    readonly pipe: Pipe
    readonly body: ReadonlyArray<Node>
    readonly otherwise: ReadonlyArray<Node>
  }

const fail = (why: string): never => {
  throw new BuiltinError(`template: ${why}`)
}

interface Piece {
  readonly isAction: boolean
  readonly text: string
}

const action = /\{\{(- )?((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|[^"'`])*?)( -)?\}\}/g

/** Texts and actions, with the space taken away that `{{-` and `-}}` ask for. */
const pieces = (template: string): ReadonlyArray<Piece> => {
  const found: Array<Piece> = []
  let position = 0
  let trims = false
  const text = (end: number, trimsEnd: boolean) => {
    let part = template.slice(position, end)
    if (trims) part = part.replace(/^[ \t\r\n]+/, "")
    if (trimsEnd) part = part.replace(/[ \t\r\n]+$/, "")
    if (part.includes("{{")) fail("unclosed action")
    found.push({ isAction: false, text: part })
  }
  for (const match of template.matchAll(action)) {
    // A comment may follow the marker without a space of its own.
    const [whole, before, body = "", after] = match
    text(match.index, before !== undefined)
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(body)) found.push({ isAction: true, text: body })
    position = match.index + whole.length
    trims = after !== undefined
  }
  text(template.length, false)
  return found
}

const token =
  /\s+|(:=|=|[|(),])|("(?:[^"\\\n]|\\.)*")|(`[^`]*`)|('(?:[^'\\\n]|\\.)+')|([+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+(?![.\d])|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))(?![\w.])|(\$\w*)|(\.[\p{L}_][\p{L}\p{N}_]*)|(\.)|([\p{L}_][\p{L}\p{N}_]*)/uy

interface Token {
  readonly kind: "mark" | "text" | "raw" | "rune" | "number" | "variable" | "field" | "dot" | "word"
  readonly text: string
  readonly hasSpaceBefore: boolean
}

const kinds = ["mark", "text", "raw", "rune", "number", "variable", "field", "dot", "word"] as const

const tokenize = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let hasSpaceBefore = true
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const match = token.exec(text) ?? fail(`unexpected text in ${text}`)
    const index = match.slice(1).findIndex((group) => group !== undefined)
    if (index >= 0) tokens.push({ kind: kinds[index]!, text: match[0], hasSpaceBefore })
    hasSpaceBefore = index < 0
  }
  return tokens
}

const unquote = (quoted: string): string => {
  if (/\\(?![abfnrtv\\"']|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})/.test(quoted)) fail("bad escape")
  const plain: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }
  return quoted.slice(1, -1).replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
    (_, hex?: string, short?: string, long?: string, octal?: string, letter?: string) => {
      if (letter !== undefined) return plain[letter] ?? letter
      return String.fromCodePoint(
        octal === undefined ? Number.parseInt((hex ?? short ?? long)!, 16) : Number.parseInt(octal, 8)
      )
    }
  )
}

const numberOf = (text: string): bigint | number => {
  const digits = text.replaceAll("_", "").replace(/^\+/, "")
  const magnitude = digits.replace("-", "")
  const octal = /^0\d/.test(magnitude) ? `0o${magnitude.slice(1)}` : magnitude
  if (/^0[xXbBoO]|^\d+$/.test(octal)) return BigInt(octal) * (digits.startsWith("-") ? -1n : 1n)
  const value = Number(digits)
  return Number.isSafeInteger(value) ? BigInt(value) : value
}

/** Reads one action's tokens. */
class Reader {
  readonly #tokens: ReadonlyArray<Token>
  #next = 0

  constructor(tokens: ReadonlyArray<Token>) {
    this.#tokens = tokens
  }

  get isDone(): boolean {
    return this.#next >= this.#tokens.length
  }

  take(kind: Token["kind"], text?: string): Token | undefined {
    const token = this.#tokens[this.#next]
    if (token?.kind !== kind || text !== undefined && token.text !== text) return undefined
    this.#next++
    return token
  }

  pipe(): Pipe {
    const start = this.#next
    const names: Array<string> = []
    for (let name = this.take("variable"); name !== undefined; name = this.take("variable")) {
      names.push(name.text)
      if (this.take("mark", ",") === undefined) break
    }
    const isDeclaring = names.length > 0 && this.take("mark", ":=") !== undefined
    const variables = isDeclaring || names.length > 0 && this.take("mark", "=") !== undefined ? names : []
    if (variables.length === 0) this.#next = start
    const commands = [this.#command()]
    while (this.take("mark", "|") !== undefined) commands.push(this.#command())
    return { variables, isDeclaring, commands }
  }

  #command(): Command {
    const terms: Array<Term> = []
    for (let term = this.#term(); term !== undefined; term = this.#term()) terms.push(term)
    return terms.length > 0 ? terms : fail("empty command")
  }

  #term(): Term | undefined {
    const first = this.#operand()
    if (first === undefined) return undefined
    const names: Array<string> = []
    for (;;) {
      const token = this.#tokens[this.#next]
      if (token?.kind !== "field" || token.hasSpaceBefore) break
      names.push(token.text.slice(1))
      this.#next++
    }
    if (names.length === 0) return first
    if (first.type === "constant" || first.type === "nil") return fail("a constant has no fields")
    return first.type === "fields"
      ? { ...first, names: [...first.names, ...names] }
      : { type: "fields", of: first, names }
  }

  #operand(): Term | undefined {
    if (this.take("mark", "(") !== undefined) {
      const pipe = this.pipe()
      return this.take("mark", ")") === undefined ? fail("unclosed parenthesis") : { type: "group", pipe }
    }
    const token = this.#tokens[this.#next]
    if (token === undefined || token.kind === "mark") return undefined
    this.#next++
    switch (token.kind) {
      case "text":
        return { type: "constant", value: unquote(token.text) }
      case "raw":
        return { type: "constant", value: token.text.slice(1, -1) }
      case "rune":
        return { type: "constant", value: BigInt(unquote(token.text).codePointAt(0)!) }
      case "number":
        return { type: "constant", value: numberOf(token.text) }
      case "variable":
        return { type: "variable", name: token.text }
      case "field":
        return { type: "fields", of: { type: "dot" }, names: [token.text.slice(1)] }
      case "dot":
        return { type: "dot" }
      case "word":
        if (token.text === "true" || token.text === "false") return { type: "constant", value: token.text === "true" }
        return token.text === "nil" ? { type: "nil" } : { type: "function", name: token.text }
    }
  }
}

const wholePipe = (reader: Reader): Pipe => {
  const pipe = reader.pipe()
  return reader.isDone ? pipe : fail("unexpected end of a pipeline")
}

interface List {
  readonly nodes: ReadonlyArray<Node>
  /** What ended it: `end`, or `else` with what follows that word. */
  readonly end: "end" | "else" | "template"
  readonly rest: Reader
}

const empty = new Reader([])

/** The nodes of a template of Go's `text/template`. Named templates are not known here, and end the evaluation. */
export const parseTemplate = (template: string): ReadonlyArray<Node> => {
  const all = pieces(template)
  let next = 0

  const block = (type: "if" | "range" | "with", reader: Reader): Node => {
    const pipe = wholePipe(reader)
    const body = list()
    if (body.end === "template") return fail("unexpected end of the template")
    if (body.end === "end") return { type, pipe, body: body.nodes, otherwise: [] }
    if (!body.rest.isDone) {
      const word = body.rest.take("word")?.text
      if (type === "range" || word !== "if" && word !== "with") return fail("unexpected text after else")
      return { type, pipe, body: body.nodes, otherwise: [block(word, body.rest)] }
    }
    const otherwise = list()
    if (otherwise.end !== "end") return fail("expected end")
    return { type, pipe, body: body.nodes, otherwise: otherwise.nodes }
  }

  const list = (): List => {
    const nodes: Array<Node> = []
    while (next < all.length) {
      const { isAction, text } = all[next++]!
      if (!isAction) {
        nodes.push({ type: "text", text })
        continue
      }
      const reader = new Reader(tokenize(text))
      const word = /^\s*([a-z]+)(?![\w.])/.exec(text)?.[1]
      if (word === "define" || word === "template" || word === "block") {
        throw new LimitError(`strings.render_template does not know {{${word}}} here`)
      }
      if (word === "end" || word === "else") {
        reader.take("word")
        return { nodes, end: word, rest: reader }
      }
      if (word === "if" || word === "range" || word === "with") {
        reader.take("word")
        nodes.push(block(word, reader))
      } else if (word === "break" || word === "continue") nodes.push({ type: word })
      else nodes.push({ type: "action", pipe: wholePipe(reader) })
    }
    return { nodes, end: "template", rest: empty }
  }

  const whole = list()
  return whole.end === "template" ? whole.nodes : fail(`unexpected {{${whole.end}}}`)
}
