import type { Origin } from "../domain/Manifest.ts"
import { codeLine } from "../domain/plainText.ts"
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
/** Lines of one body of a rule, and bodies. */
const most = { lines: 30, bodies: 3 }

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

/** A Gatekeeper constraint: its document from there. */
const constraintExcerpt = (text: string, from: number): Excerpt => {
  const lines = text.split(/\r?\n/u).slice(from - 1, from - 1 + most.lines)
  const end = lines.findIndex((line) => /^---(?:\s|$)/u.test(line))
  const whole = end === -1 ? lines : lines.slice(0, end)
  return { from, lines: whole.slice(0, whole.findLastIndex((line) => line.trim() !== "") + 1) }
}

/**
 * The bodies of a rule in the file where the first of them is; empty where none begins there. A constraint is shown as
 * it is written.
 */
export const ruleExcerpts = (text: string, { file, line }: Origin): ReadonlyArray<Excerpt> => {
  if (!file.endsWith(".rego")) return line === undefined ? [] : [constraintExcerpt(text, line)]
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
