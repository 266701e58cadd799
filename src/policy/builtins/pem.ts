/** A block of PEM. */
export interface PemBlock {
  readonly type: string
  readonly bytes: Buffer
}

const pattern = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?\n)??-----END \1-----[ \t\r]*(?:\n|$)/g
const header = /^[^:\n]+:[^\n]*\n/

const bodyOf = (text: string): Buffer | undefined => {
  let body = text
  while (header.test(body)) body = body.replace(header, "")
  const digits = body.replace(/[\s]/g, "")
  return digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits) ? Buffer.from(digits, "base64") : undefined
}

/** The blocks that Go's `pem.Decode` finds one after the other, and what follows the last of them. */
export const readPem = (text: string): { readonly blocks: ReadonlyArray<PemBlock>; readonly rest: string } => {
  const blocks: Array<PemBlock> = []
  let end = 0
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const bytes = bodyOf(match[2] ?? "")
    // The line break that ends a block may begin the next one.
    pattern.lastIndex -= text[pattern.lastIndex - 1] === "\n" ? 1 : 0
    if (bytes === undefined) continue
    blocks.push({ type: match[1]!, bytes })
    end = match.index + match[0].length
  }
  return { blocks, rest: text.slice(end) }
}
