import { createHash } from "node:crypto"
import { inflateSync } from "node:zlib"
import { damaged } from "./GitFailure.ts"

export type ObjectType = "commit" | "tree" | "blob" | "tag"

export interface GitObject {
  readonly type: ObjectType
  readonly data: Buffer
}

const types: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" }
const maximumSize = 2 ** 40

/** The head of one object in a pack; `at` is where its deflated bytes start. */
export interface EntryHead {
  readonly at: number
  /** Bytes when inflated. */
  readonly size: number
  readonly type?: ObjectType
  /** Of a delta: how far before this entry its base starts, or the base's name. */
  readonly base?: number | string
}

/** Reads the head of an entry (gitformat-pack). */
export const entryHead = (pack: Buffer, start: number): EntryHead => {
  let at = start
  const next = () => {
    const byte = pack[at++]
    if (byte === undefined) throw damaged("a pack ends too early")
    return byte
  }
  let byte = next()
  const kind = (byte >> 4) & 7
  let size = byte & 15
  for (let factor = 16; byte >= 128; factor *= 128) {
    byte = next()
    size += (byte & 127) * factor
    if (size > maximumSize) throw damaged("an object in a pack claims to be larger than anything can be")
  }
  const type = types[kind]
  if (type !== undefined) return { at, size, type }
  if (kind === 7) return { at: at + 20, size, base: pack.toString("hex", at, at + 20) }
  if (kind !== 6) throw damaged(`a pack holds an object of unknown type ${kind}`)
  byte = next()
  let offset = byte & 127
  while (byte >= 128) {
    byte = next()
    offset = (offset + 1) * 128 + (byte & 127)
    if (offset > maximumSize) throw damaged("a delta points out of its pack")
  }
  return { at, size, base: offset }
}

interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

const isInflated = (value: unknown): value is Inflated =>
  typeof value === "object" && value !== null && "buffer" in value && "engine" in value

/** Inflates exactly `size` bytes, never more, and says how many bytes of input that took. */
export const inflate = (input: Buffer, size: number): { readonly data: Buffer; readonly used: number } => {
  let result: unknown
  try {
    result = inflateSync(input, {
      info: true,
      maxOutputLength: Math.max(1, size),
      chunkSize: Math.max(64, Math.min(size + 1, 65_536))
    })
  } catch {
    throw damaged("an object in a pack does not inflate to the size it claims")
  }
  if (!isInflated(result) || result.buffer.length !== size) {
    throw damaged("an object in a pack does not inflate to the size it claims")
  }
  return { data: result.buffer, used: result.engine.bytesWritten }
}

/** The name that Git gives to an object. */
export const objectId = (type: ObjectType, data: Buffer): string =>
  createHash("sha1").update(`${type} ${data.length}\0`).update(data).digest("hex")
