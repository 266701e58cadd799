/** What the loader reads of an ELF file. */
export interface Elf {
  /** The path of the loader; none in static programs. */
  readonly interpreter: string | undefined
  /** The libraries that it asks for, by name. */
  readonly needed: ReadonlyArray<string>
  /** Where what is loaded ends; symbols and debug sections lie behind it. */
  readonly end: number
}

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

const [load, dynamic, interp] = [1, 2, 3]
const [neededTag, stringsTag] = [1, 5]

export const isElf = (bytes: Buffer): boolean => bytes.subarray(0, 4).toString("latin1") === "\x7fELF"

const number = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at))

const text = (bytes: Buffer, at: number): string => bytes.toString("latin1", at, bytes.indexOf(0, at))

/** Reads a file for 64 bits, little end first: amd64 and arm64. Throws on any other. */
export const readElf = (bytes: Buffer): Elf => {
  if (!isElf(bytes) || bytes[4] !== 2 || bytes[5] !== 1) throw new Error("not an ELF file for amd64 or arm64")
  const [table, entry, count] = [number(bytes, 0x20), bytes.readUInt16LE(0x36), bytes.readUInt16LE(0x38)]
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const at = table + index * entry
    const [offset, address, size] = [number(bytes, at + 8), number(bytes, at + 16), number(bytes, at + 32)]
    return { type: bytes.readUInt32LE(at), offset, address, size }
  })
  const ofType = (wanted: number) => segments.find(({ type }) => type === wanted)
  const offsetOf = (address: number): number => {
    const home = segments.find((each) =>
      each.type === load && address >= each.address && address < each.address + each.size
    )
    if (home === undefined) throw new Error(`nothing is loaded at ${address}`)
    return home.offset + address - home.address
  }

  const section = ofType(dynamic)
  const entries = section === undefined ? [] : Array.from({ length: section.size / 16 }, (_, index) => {
    const at = section.offset + index * 16
    return { tag: number(bytes, at), value: number(bytes, at + 8) }
  })
  const last = entries.findIndex(({ tag }) => tag === 0)
  const used = last < 0 ? entries : entries.slice(0, last)
  const strings = used.find(({ tag }) => tag === stringsTag)
  const path = ofType(interp)
  return {
    interpreter: path === undefined ? undefined : text(bytes, path.offset),
    needed: used.filter(({ tag }) => tag === neededTag).map(({ value }) =>
      text(bytes, offsetOf(strings!.value) + value)
    ),
    end: Math.max(table + count * entry, ...segments.map(({ offset, size }) => offset + size))
  }
}

/** The same program without symbols, debug information and the table of sections: no loader reads them. */
export const stripped = (bytes: Buffer): Buffer => {
  const kept = Buffer.from(bytes.subarray(0, readElf(bytes).end))
  kept.writeBigUInt64LE(0n, 0x28)
  kept.fill(0, 0x3a, 0x40)
  return kept
}
