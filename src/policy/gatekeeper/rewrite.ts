import { beginnings, type Token, tokensOf } from "../regoTokens.ts"

/** A module of a template in a package of its own. Its lines are those of the template. */
export interface Module {
  readonly text: string
  readonly package: string
  readonly readsInventory: boolean
}

/** What a template may not do, with the line in its text. */
export interface Refusal {
  readonly message: string
  readonly line: number
}

export type Rewritten = Module | { readonly refusals: ReadonlyArray<Refusal> }

/** The path that starts at a token: `lib.a["b"]` and so on. */
const pathAt = (
  tokens: ReadonlyArray<Token>,
  start: number
): { readonly path: Array<string>; readonly next: number } => {
  const first = tokens[start]
  const path = first?.kind === "name" ? [first.value] : []
  let next = start + path.length
  while (path.length > 0) {
    const [mark, part, close] = tokens.slice(next, next + 3)
    if (mark?.kind !== "symbol") break
    if (mark.value === "." && part?.kind === "name") next += 2
    else if (mark.value === "[" && part?.kind === "text" && close?.value === "]") next += 3
    else break
    path.push(part.value)
  }
  return { path, next }
}

const isAfterDot = (tokens: ReadonlyArray<Token>, index: number): boolean => {
  const before = tokens[index - 1]
  return before?.kind === "symbol" && before.value === "."
}

const withoutViolation = "the Rego has no rule named violation: it would never say anything"

/** Rules named violation that are no set of results; to Gatekeeper they say nothing. */
const withoutResults = (text: string): ReadonlyArray<Refusal> => {
  const all = beginnings(text, "violation")
  if (all.length === 0) return [{ message: withoutViolation, line: 1 }]
  const tokens = tokensOf(text)
  const indices = new Map(tokens.map(({ offset }, index) => [offset, index]))
  // Of each token, the next bracket that closes at the top.
  const closes = new Int32Array(tokens.length + 1).fill(-1)
  for (let index = tokens.length - 1; index >= 0; index--) {
    const { depth, value } = tokens[index]!
    closes[index] = depth === 0 && value === "]" ? index : closes[index + 1]!
  }
  return all.flatMap(({ line, offset }) => {
    const start = indices.get(offset)!
    const next = tokens[start + 1]?.value
    const close = closes[start + 1]!
    const isPartial = next === "[" && close !== -1 && ![":", "="].includes(tokens[close + 1]?.value ?? "")
    if (next === "contains" || isPartial) return []
    return [{ message: `violation is no set of results here: write violation[{"msg": msg}] { … }`, line }]
  })
}

interface Wanted {
  readonly role: "entry" | "library"
  /** Goes before `lib` in every path: `sluice.templates.t0`. */
  readonly prefix: string
  /** The paths of the template's libraries. */
  readonly libraries: ReadonlyArray<ReadonlyArray<string>>
}

const isProvided = (path: ReadonlyArray<string>, libraries: Wanted["libraries"]): boolean =>
  libraries.some((library) => library.every((part, index) => index >= path.length || path[index] === part))

/** The package that a Rego text says it is in; undefined if it says none. */
export const packageOf = (text: string): ReadonlyArray<string> | undefined => {
  const tokens = tokensOf(text)
  const index = tokens.findIndex(({ kind, value }) => kind === "name" && value === "package")
  return index === -1 ? undefined : pathAt(tokens, index + 1).path
}

/**
 * Puts a module of a ConstraintTemplate into packages of its own, as Gatekeeper does: the entry point at `<prefix>.main`,
 * libraries at `<prefix>.lib.…`. It may read `data.inventory` and the template's libraries, and nothing else.
 */
export const rewrite = (text: string, { libraries, prefix, role }: Wanted): Rewritten => {
  const tokens = tokensOf(text)
  const refusals: Array<Refusal> = []
  const edits: Array<{ readonly from: number; readonly to: number; readonly text: string }> = []
  let readsInventory = false
  const clause = tokens.findIndex(({ kind, value }) => kind === "name" && value === "package")
  const { next, path } = pathAt(tokens, clause + 1)
  if (clause === -1 || path.length === 0) return { refusals: [{ message: "the Rego has no package", line: 1 }] }
  const edge = (index: number) => tokens[index - 1]!.end
  if (role === "entry") {
    edits.push({ from: tokens[clause + 1]!.offset, to: edge(next), text: `${prefix}.main` })
    refusals.push(...withoutResults(text))
  } else if (path[0] === "lib" && path.length > 1) {
    edits.push({ from: tokens[clause + 1]!.offset, to: tokens[clause + 1]!.offset, text: `${prefix}.` })
  } else {
    const message = `a library is in package lib.…, and this one says ${path.join(".")}`
    refusals.push({ message, line: tokens[clause]!.line })
  }
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "name" || isAfterDot(tokens, index)) continue
    if (token.value === "external_data" && tokens[index + 1]?.value === "(") {
      refusals.push({ message: "external_data asks a server, and policies decide on what they are given", ...token })
    }
    if (token.value !== "data") continue
    const [, ...read] = pathAt(tokens, index).path
    if (read[0] === "inventory") readsInventory = true
    else if (read[0] !== "lib") {
      const message = `a template reads its libraries (data.lib.…) and data.inventory, not ${
        ["data", ...read].join(".")
      }`
      refusals.push({ message, line: token.line })
    } else if (isProvided(read, libraries)) edits.push({ from: token.end, to: token.end, text: `.${prefix}` })
    else refusals.push({ message: `none of the template's libs is package ${read.join(".")}`, line: token.line })
  }
  if (refusals.length > 0) return { refusals: refusals.map(({ line, message }) => ({ line, message })) }
  let result = ""
  let done = 0
  for (const { from, text: added, to } of edits) {
    result += text.slice(done, from) + added
    done = to
  }
  return { text: result + text.slice(done), package: path.join("."), readsInventory }
}
