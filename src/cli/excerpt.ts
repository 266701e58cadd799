import type { Origin } from "../domain/Manifest.ts"
import { codeLine } from "../domain/plainText.ts"
import { resources } from "../policy/gatekeeper/resources.ts"
import { statements } from "../policy/statements.ts"
import type { Paint } from "./color.ts"

/** Lines of a file, and the one that they are shown for. */
export interface Excerpt {
  readonly from: number
  readonly lines: ReadonlyArray<string>
  /** From 1, as in the file. */
  readonly marked?: number
  readonly column?: number
}

const around = 2
const longest = 200
/** Lines of one body of a rule, bodies, and lines of a constraint. */
const most = { lines: 30, bodies: 3, constraint: 15 }

/** What must not be shown, whoever asks: a Secret, or what one is generated from. */
const isSecret = (text: string): boolean =>
  /(?:^|[\s{,"'])["']?kind["']?\s*:\s*["']?Secret\b|secretGenerator/u.test(text)

/**
 * The lines of a manifest around a place, within its document. Undefined where the file has no such line, and where the
 * document holds a Secret.
 */
export const manifestExcerpt = (text: string, { column, line }: Origin): Excerpt | undefined => {
  const lines = text.split(/\r?\n/u)
  if (line === undefined || line < 1 || line > lines.length) return undefined
  const isEdge = (index: number) => index < 0 || index >= lines.length || /^---(?:\s|$)/u.test(lines[index]!)
  let [first, last] = [line - 1, line - 1]
  while (!isEdge(first - 1)) first--
  while (!isEdge(last + 1)) last++
  if (isSecret(lines.slice(first, last + 1).join("\n"))) return undefined
  const from = Math.max(first, line - 1 - around)
  const to = Math.min(last, line - 1 + around)
  return {
    from: from + 1,
    lines: lines.slice(from, to + 1),
    marked: line,
    ...column === undefined ? {} : { column }
  }
}

/**
 * A Gatekeeper constraint from its name to the end of its match and its parameters, and more of it where there is room;
 * empty where none begins there.
 */
const constraintExcerpts = (text: string, file: string, line: number): ReadonlyArray<Excerpt> => {
  const { constraints } = resources([{ path: file, content: Buffer.from(text) }])
  const constraint = constraints.find(({ lines }) => lines.line === line)
  if (constraint === undefined) return []
  const { lines: { endLine }, linesOf } = constraint
  const placed = (...paths: ReadonlyArray<ReadonlyArray<string>>) => paths.flatMap((path) => linesOf(path) ?? [])
  const said = placed(["spec", "match"], ["spec", "parameters"])
  const name = placed(["metadata", "name"])
  const first = Math.min(...(said.length === 0 ? name : said).map((one) => one.line))
  const last = Math.max(...[...said, ...name].map((one) => one.endLine))
  const before = [...placed(["kind"], ["metadata"]), ...name, ...placed(["spec"])].filter((one) => one.line <= first)
  const spans = [{ line, endLine }, ...before.map((one) => ({ line: one.line, endLine: last }))]
  const span = spans.find((one) => one.endLine - one.line < most.constraint) ?? { line: first, endLine: last }
  const end = Math.min(span.endLine, span.line - 1 + most.constraint)
  return [{ from: span.line, lines: text.split(/\r?\n/u).slice(span.line - 1, end) }]
}

/**
 * The bodies of a rule in the file where the first of them is; empty where none begins there. A constraint is shown as
 * it is written.
 */
export const ruleExcerpts = (text: string, { file, line }: Origin): ReadonlyArray<Excerpt> => {
  if (!file.endsWith(".rego")) return line === undefined ? [] : constraintExcerpts(text, file, line)
  const all = statements(text)
  const named = all.find((statement) => statement.line === line)?.name
  const lines = text.split(/\r?\n/u)
  return all.filter(({ name }) => name === named).slice(0, most.bodies).map(({ endLine, line }) => ({
    from: line,
    lines: lines.slice(line - 1, Math.min(endLine, line - 1 + most.lines))
  }))
}

/** An excerpt for people: numbers, the marked line, a caret below its column. */
export const excerptLines = ({ column, from, lines, marked }: Excerpt, paint: Paint): ReadonlyArray<string> => {
  const width = String(from + lines.length - 1).length
  return lines.flatMap((text, index) => {
    const number = from + index
    const line = `${String(number).padStart(width)} ${paint("dim", "│")} ${codeLine(text, longest)}`
    if (number !== marked) return [`  ${line}`]
    // A tab is shown as two spaces.
    const before = text.slice(0, (column ?? 1) - 1)
    const offset = before.length + (before.split("\t").length - 1)
    return [
      `${paint("red", ">")} ${line}`,
      ...column === undefined || offset > longest || column > text.length
        ? []
        : [`  ${" ".repeat(width)} ${paint("dim", "│")} ${" ".repeat(offset)}${paint("red", "^")}`]
    ]
  }).map((line) => line.trimEnd())
}
