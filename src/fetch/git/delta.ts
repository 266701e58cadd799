import { damaged } from "./GitFailure.ts"

const sizeAt = (delta: Buffer, start: number): readonly [size: number, next: number] => {
  let size = 0
  let at = start
  for (let factor = 1;; factor *= 128) {
    const byte = delta[at++]
    if (byte === undefined || factor > 2 ** 42) throw damaged("a delta ends too early")
    size += (byte & 127) * factor
    if (byte < 128) return [size, at]
  }
}

/** Bytes of what a delta makes, before it is made. */
export const resultSize = (delta: Buffer): number => sizeAt(delta, sizeAt(delta, 0)[1])[0]

/** Rebuilds an object from its base (gitformat-pack, deltified representation). */
export const applyDelta = (base: Buffer, delta: Buffer): Buffer => {
  const [baseSize, afterBase] = sizeAt(delta, 0)
  const [size, start] = sizeAt(delta, afterBase)
  if (baseSize !== base.length) throw damaged("a delta does not fit its base")
  const result = Buffer.allocUnsafe(size)
  let at = start
  let written = 0
  while (at < delta.length) {
    const code = delta[at++]!
    let from: Buffer = delta
    let offset = 0
    let length = 0
    if (code >= 128) {
      for (let bit = 0; bit < 4; bit++) if ((code & (1 << bit)) !== 0) offset += (delta[at++] ?? 0) * 2 ** (8 * bit)
      for (let bit = 0; bit < 3; bit++) if ((code & (16 << bit)) !== 0) length += (delta[at++] ?? 0) * 2 ** (8 * bit)
      if (length === 0) length = 65_536
      from = base
    } else {
      offset = at
      length = code
      at += code
    }
    if (code === 0 || offset + length > from.length || written + length > size) throw damaged("a delta is broken")
    from.copy(result, written, offset, offset + length)
    written += length
  }
  if (written !== size) throw damaged("a delta ends too early")
  return result
}
