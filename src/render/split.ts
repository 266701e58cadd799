/** A piece of a YAML stream that holds one document. */
export interface Piece {
  readonly text: string
  /** The line of the stream on which it starts, 1-based. */
  readonly line: number
}

/**
 * Cuts a YAML stream at its `---` lines, which no YAML construct can hold. Each piece keeps its `---`. Much cheaper than
 * parsing, and a piece that did not change need not be parsed again.
 */
export const split = (stream: string): ReadonlyArray<Piece> => {
  const text = stream.charCodeAt(0) === 0xfeff ? stream.slice(1) : stream
  const pieces: Array<Piece> = []
  let from = 0
  let line = 1
  let lines = 1
  const add = (to: number) => {
    if (to > from) pieces.push({ text: text.slice(from, to), line })
    from = to
    line = lines
  }
  for (let at = 0; at < text.length;) {
    if (text.startsWith("---", at) && at > 0 && (at + 3 === text.length || " \t\r\n".includes(text[at + 3]!))) add(at)
    const end = text.indexOf("\n", at)
    if (end === -1) break
    at = end + 1
    lines++
  }
  add(text.length)
  return pieces
}
