const block = 512

const field = (bytes: Uint8Array, start: number, length: number): string =>
  Buffer.from(bytes.subarray(start, start + length)).toString("latin1").replace(/\0.*$/s, "")

/** The content of one file of a tar archive (ustar); undefined if it is not there. */
export const fileOfTar = (archive: Uint8Array, name: string): Uint8Array | undefined => {
  for (let offset = 0; offset + block <= archive.length;) {
    const path = field(archive, offset, 100)
    const size = Number.parseInt(field(archive, offset + 124, 12).trim() || "0", 8)
    if (path === "" || Number.isNaN(size)) return undefined
    if (path.replace(/^\//, "") === name) return archive.subarray(offset + block, offset + block + size)
    offset += block + Math.ceil(size / block) * block
  }
  return undefined
}
