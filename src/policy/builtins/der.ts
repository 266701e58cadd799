import { BuiltinError } from "./Builtin.ts"

/** One element of DER. */
export interface Element {
  /** The identifier octet: class, form and number. */
  readonly tag: number
  readonly body: Buffer
  /** Identifier and length included. */
  readonly raw: Buffer
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utc: 0x17,
  generalized: 0x18,
  sequence: 0x30,
  set: 0x31
} as const

/** Context-specific tags. */
export const context = (number: number): number => 0x80 | number
export const constructed = (number: number): number => 0xa0 | number

const malformed = (): never => {
  throw new BuiltinError("malformed DER")
}

/** The elements that stand one behind the other in some bytes. */
export const elements = (bytes: Buffer): ReadonlyArray<Element> => {
  const found: Array<Element> = []
  let start = 0
  while (start < bytes.length) {
    const tag = bytes[start]!
    let length = bytes[start + 1] ?? malformed()
    let begin = start + 2
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 4 || begin + size > bytes.length) malformed()
      length = bytes.readUIntBE(begin, size)
      begin += size
    }
    if ((tag & 0x1f) === 0x1f || begin + length > bytes.length) malformed()
    found.push({ tag, body: bytes.subarray(begin, begin + length), raw: bytes.subarray(start, begin + length) })
    start = begin + length
  }
  return found
}

export const expect = (element: Element | undefined, tag: number): Element =>
  element?.tag === tag ? element : malformed()

/** The elements inside of the one element that bytes hold. */
export const inside = (bytes: Buffer, tag: number): ReadonlyArray<Element> => {
  const [only, ...rest] = elements(bytes)
  return rest.length > 0 ? malformed() : elements(expect(only, tag).body)
}

export const children = (element: Element | undefined, tag: number): ReadonlyArray<Element> =>
  elements(expect(element, tag).body)

export const integerIn = (bytes: Buffer): bigint =>
  bytes.length === 0 ? malformed() : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`))

/** The numbers of an object identifier. */
export const oidIn = (bytes: Buffer): ReadonlyArray<bigint> => {
  const numbers: Array<bigint> = []
  let number = 0n
  if (bytes.length === 0 || bytes.at(-1)! >= 0x80) malformed()
  for (const byte of bytes) {
    number = number << 7n | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    if (numbers.length === 0) {
      const first = number < 80n ? number / 40n : 2n
      numbers.push(first, number - first * 40n)
    } else numbers.push(number)
    number = 0n
  }
  return numbers
}

/** The bytes of a bit string that fills them. */
export const bitsIn = (element: Element | undefined): Buffer => expect(element, tags.bits).body.subarray(1)

const wide = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString("utf16le")

/** A text of any of the kinds that names are made of; undefined where the element is none. */
export const textOf = ({ body, tag }: Element): string | undefined => {
  if (tag === 0x0c || tag === 0x12 || tag === 0x13 || tag === 0x16) return body.toString("utf8")
  if (tag === 0x14) return body.toString("latin1")
  return tag === 0x1e && body.length % 2 === 0 ? wide(body) : undefined
}

/** A moment of a certificate, as RFC 3339 writes it. */
export const timeOf = ({ body, tag }: Element): string => {
  const digits = body.toString("latin1")
  const isShort = tag === tags.utc
  const pattern = isShort
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/
    : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  if (!isShort && tag !== tags.generalized) malformed()
  const [, year = "", month, day, hour, minute, second = "00"] = pattern.exec(digits) ?? malformed()
  const whole = !isShort ? year : Number(year) >= 50 ? `19${year}` : `20${year}`
  return `${whole}-${month}-${day}T${hour}:${minute}:${second}Z`
}
