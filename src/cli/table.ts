import { oneLine } from "../domain/plainText.ts"
import type { Paint } from "./color.ts"

/** Somebody else's text at most; it stays on its line and moves no cursor. */
export interface Cell {
  readonly text: string
  readonly style?: Parameters<Paint>[0] | undefined
}

const widest = 200
const gap = "   "

/** Rows under upper-case headers. Keeps its widths, so that rows which come later stand under the first. */
export class Table {
  readonly #headers: ReadonlyArray<string>
  readonly #widths: Array<number>
  readonly #paint: Paint
  #isBegun = false

  constructor(headers: ReadonlyArray<string>, paint: Paint) {
    this.#headers = headers
    this.#widths = headers.map(({ length }) => length)
    this.#paint = paint
  }

  /** The lines of these rows; the headers stand above the first that are asked for. An empty cell is a `-`. */
  lines(rows: ReadonlyArray<ReadonlyArray<Cell>>): ReadonlyArray<string> {
    const clean = rows.map((row) => row.map(({ style, text }): Cell => ({ text: oneLine(text, widest) || "-", style })))
    for (const row of clean) {
      row.forEach(({ text }, column) => {
        this.#widths[column] = Math.max(this.#widths[column] ?? 0, text.length)
      })
    }
    const above = this.#isBegun ? [] : [this.#headers.map((text): Cell => ({ text, style: "bold" }))]
    this.#isBegun = true
    return [...above, ...clean].map((row) => this.#line(row))
  }

  #line(row: ReadonlyArray<Cell>): string {
    return row.map(({ style, text }, column) => {
      const painted = style === undefined ? text : this.#paint(style, text)
      const isLast = column === row.length - 1
      return isLast ? painted : painted + " ".repeat(Math.max(0, this.#widths[column]! - text.length)) + gap
    }).join("")
  }
}
