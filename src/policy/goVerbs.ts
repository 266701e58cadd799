import { formatFloat } from "./goFloat.ts"
import { quote, show } from "./regoText.ts"
import { isNumeric, RegoNumber, type RegoValue } from "./regoValue.ts"

/** What OPA hands to Go's fmt: `int64`, `*big.Int`, `float64` or `string`. */
export type Argument = bigint | number | string

const isSmall = (value: bigint) => value >= -(2n ** 63n) && value < 2n ** 63n

/** The argument that OPA makes of a value: text of what is neither number nor string. */
export const argument = (value: RegoValue): Argument => {
  if (typeof value === "string") return value
  if (!isNumeric(value)) return show(value)
  if (!(value instanceof RegoNumber)) return BigInt(value)
  return Number.isFinite(value.value) ? value.value : value.text
}

/** Flags, width and precision of one verb; `width` and `precision` are undefined where they are not given. */
export interface Verb {
  plus: boolean
  minus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  width: number | undefined
  precision: number | undefined
}

const pad = (text: string, verb: Verb, zero = verb.zero): string => {
  const missing = (verb.width ?? 0) - (verb.width === undefined ? 0 : [...text].length)
  if (missing <= 0) return text
  return verb.minus ? text + " ".repeat(missing) : (zero ? "0" : " ").repeat(missing) + text
}

const bases: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, s: 10, x: 16, X: 16 }
const prefixes: Readonly<Record<string, string>> = { b: "0b", o: "0", x: "0x", X: "0X" }

const formatInteger = (value: bigint, letter: string, verb: Verb): string => {
  const magnitude = value < 0n ? -value : value
  const sign = value < 0n ? "-" : verb.plus ? "+" : verb.space ? " " : ""
  if (verb.precision === 0 && value === 0n) return isSmall(value) ? pad("", verb, false) : ""
  let digits = magnitude.toString(bases[letter])
  if (letter === "X") digits = digits.toUpperCase()
  const zeros = verb.precision ?? (verb.zero && !verb.minus && verb.width !== undefined ? verb.width - sign.length : 0)
  digits = digits.padStart(zeros, "0")
  const prefix = letter === "O"
    ? "0o"
    : !verb.sharp || letter === "o" && digits[0] === "0"
    ? ""
    : prefixes[letter] ?? ""
  return pad(sign + prefix + digits, verb, false)
}

/** `math/big` counts the prefix as part of the width, fmt does not. */
const formatBigInteger = (value: bigint, letter: string, verb: Verb): string => {
  if (!(letter in bases)) return `%!${letter}(big.Int=${value})`
  const hasPrefix = verb.sharp && letter in prefixes || letter === "O"
  if (!hasPrefix || verb.width === undefined || !verb.zero) return formatInteger(value, letter, verb)
  const prefix = letter === "O" ? 2 : prefixes[letter]!.length
  return formatInteger(value, letter, { ...verb, width: Math.max(verb.width - prefix, 0) })
}

const runeOf = (value: bigint): string =>
  value < 0n || value > 0x10ffffn || value >= 0xd800n && value <= 0xdfffn
    ? "\ufffd"
    : String.fromCodePoint(Number(value))

const toAscii = (quoted: string): string =>
  [...quoted].map((rune) => {
    const code = rune.codePointAt(0)!
    if (code < 0x80) return rune
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`
  }).join("")

const quoteRune = (value: bigint): string => {
  const body = quote(runeOf(value)).slice(1, -1)
  return `'${body === "\\\"" ? "\"" : body === "'" ? "\\'" : body}'`
}

const formatUnicode = (value: bigint, verb: Verb): string => {
  const unsigned = BigInt.asUintN(64, value)
  const digits = unsigned.toString(16).toUpperCase().padStart(Math.max(verb.precision ?? 4, 4), "0")
  const quoted = verb.sharp && unsigned <= 0x10ffffn && !quote(runeOf(unsigned)).startsWith("\"\\")
    ? ` '${runeOf(unsigned)}'`
    : ""
  return pad(`U+${digits}${quoted}`, verb, false)
}

const formatSmallInteger = (value: bigint, letter: string, verb: Verb): string | undefined => {
  if (letter === "c") return pad(runeOf(value), verb)
  if (letter === "q") return pad(verb.plus ? toAscii(quoteRune(value)) : quoteRune(value), verb)
  if (letter === "U") return formatUnicode(value, verb)
  return letter === "s" || !(letter in bases) ? undefined : formatInteger(value, letter, verb)
}

/** The `#` flag: always a point, and no zeros taken away from `%g`. */
const withPoint = (text: string, letter: string, precision: number): string => {
  const [mantissa, exponent] = text.split("e") as [string, string?]
  const significant = mantissa.replace(".", "").replace(/^0+(?=.)/, "").length
  const wanted = letter === "g" ? (precision < 0 ? 6 : precision) - (mantissa === "0" ? 1 : significant) : 0
  const pointed = mantissa.includes(".") ? mantissa : `${mantissa}.`
  return pointed + "0".repeat(Math.max(wanted, 0)) + (exponent === undefined ? "" : `e${exponent}`)
}

const formatNumber = (value: number, letter: string, verb: Verb): string | undefined => {
  const kind = letter === "v" ? "g" : letter.toLowerCase()
  if (kind !== "e" && kind !== "f" && kind !== "g") return undefined
  const precision = verb.precision ?? (kind === "g" ? -1 : 6)
  const plain = formatFloat(Math.abs(value), kind, precision)
  const body = verb.sharp ? withPoint(plain, kind, precision) : plain
  const text = letter === "E" || letter === "G" ? body.toUpperCase() : body
  const sign = value < 0 || Object.is(value, -0) ? "-" : verb.plus ? "+" : verb.space ? " " : ""
  if (sign === "" || !verb.zero || verb.minus) return pad(sign + text, verb)
  return sign + pad(text, { ...verb, width: Math.max((verb.width ?? 0) - 1, 0) })
}

const formatHex = (text: string, letter: string, verb: Verb): string => {
  const bytes = Buffer.from(text, "utf8").subarray(0, verb.precision)
  const prefix = verb.sharp && bytes.length > 0 ? `0${letter}` : ""
  const pairs = [...bytes].map((byte) => {
    const pair = byte.toString(16).padStart(2, "0")
    return letter === "X" ? pair.toUpperCase() : pair
  })
  return pad(prefix + pairs.join(verb.space ? ` ${prefix}` : ""), verb)
}

const canBackquote = (text: string): boolean =>
  ![...text].some((rune) => rune === "`" || rune < " " && rune !== "\t" || rune === "\x7f" || rune === "\ufeff")

const formatText = (text: string, letter: string, verb: Verb, isSharpValue: boolean): string | undefined => {
  if (letter === "x" || letter === "X") return formatHex(text, letter, verb)
  const cut = verb.precision === undefined ? text : [...text].slice(0, verb.precision).join("")
  if (letter === "q" || isSharpValue) {
    if (verb.sharp && canBackquote(cut)) return pad(`\`${cut}\``, verb)
    return pad(verb.plus ? toAscii(quote(cut)) : quote(cut), verb)
  }
  return letter === "s" || letter === "v" ? pad(cut, verb) : undefined
}

/** A verb without flags. */
export const bare: Verb = {
  plus: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined
}

/** The Go type that Go names in its complaints. */
export const typeOf = (value: Argument): string =>
  typeof value === "string" ? "string" : typeof value === "number" ? "float64" : isSmall(value) ? "int64" : "*big.Int"

const formatAs = (value: Argument, letter: string, verb: Verb, isSharpValue: boolean): string | undefined => {
  if (letter === "T") return formatText(typeOf(value), "s", verb, false)
  if (typeof value === "string") return formatText(value, letter, verb, isSharpValue)
  if (typeof value === "number") return formatNumber(value, letter, verb)
  return isSmall(value) ? formatSmallInteger(value, letter, verb) : formatBigInteger(value, letter, verb)
}

/** One argument under one verb, complaints included. The verbs `%b` and `%x` of floats are not known here. */
export const format = (value: Argument, letter: string, given: Verb): string => {
  const isBig = typeof value === "bigint" && !isSmall(value)
  const verb = letter === "v" && !isBig ? { ...given, sharp: false, plus: false } : given
  const text = formatAs(value, letter, verb, letter === "v" && given.sharp)
  return text ?? `%!${letter}(${typeOf(value)}=${formatAs(value, "v", verb, false)})`
}
