/** Significant digits without leading zeros, and where the point stands: `0.digits × 10^point`. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

const bits = new DataView(new ArrayBuffer(8))

/** The exact value of a positive float. */
const exact = (value: number): Decimal => {
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & 0xfffffffffffffn
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n
  const exponent = (biased === 0 ? 1 : biased) - 1075
  const digits = String(exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent))
  return digits === "0" ? { digits: "", point: 0 } : { digits, point: digits.length + Math.min(exponent, 0) }
}

/** The fewest digits that read back as the same float. */
const shortest = (value: number): Decimal => {
  if (value === 0) return { digits: "", point: 0 }
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string]
  return { digits: mantissa.replace(".", ""), point: Number(exponent) + 1 }
}

/** Rounds to a count of digits, halves to even. JavaScript's toFixed rounds halves up. */
const round = ({ digits, point }: Decimal, count: number): Decimal => {
  if (count >= digits.length) return { digits, point }
  if (count < 0) return { digits: "", point: 0 }
  const kept = digits.slice(0, count)
  const rest = digits.slice(count)
  const isHalf = /^50*$/.test(rest)
  const isOdd = count > 0 && Number(kept.at(-1)) % 2 === 1
  if (isHalf ? !isOdd : rest[0]! < "5") return trim({ digits: kept, point })
  const raised = String(BigInt(kept === "" ? "0" : kept) + 1n).padStart(count, "0")
  return trim({ digits: raised, point: raised.length > count ? point + 1 : point })
}

const trim = ({ digits, point }: Decimal): Decimal => {
  const trimmed = digits.replace(/0+$/, "")
  return trimmed === "" ? { digits: "", point: 0 } : { digits: trimmed, point }
}

const scientific = ({ digits, point }: Decimal, precision: number): string => {
  const padded = digits.padEnd(precision + 1, "0")
  const exponent = digits === "" ? 0 : point - 1
  const fraction = precision > 0 ? `.${padded.slice(1, precision + 1)}` : ""
  return `${padded[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
}

const fixed = ({ digits, point }: Decimal, precision: number): string => {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0"
  const fraction = ("0".repeat(Math.max(-point, 0)) + digits.slice(Math.max(point, 0))).slice(0, precision)
  return precision > 0 ? `${whole}.${fraction.padEnd(precision, "0")}` : whole
}

/** Go's `strconv.FormatFloat` of a finite value that is not negative; a precision of -1 is the shortest text. */
export const formatFloat = (value: number, verb: "e" | "f" | "g", precision: number): string => {
  const isShortest = precision < 0
  if (verb === "e") {
    const decimal = isShortest ? shortest(value) : round(exact(value), precision + 1)
    return scientific(decimal, isShortest ? Math.max(decimal.digits.length - 1, 0) : precision)
  }
  if (verb === "f") {
    const source = isShortest ? shortest(value) : exact(value)
    const decimal = isShortest ? source : round(source, source.point + precision)
    return fixed(decimal, isShortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision)
  }
  const wanted = precision === 0 ? 1 : precision
  const decimal = trim(isShortest ? shortest(value) : round(exact(value), wanted))
  const { digits, point } = decimal
  const count = digits.length
  const threshold = isShortest ? 6 : wanted > count && count >= point ? count : wanted
  if (digits !== "" && (point < -3 || point > threshold)) return scientific(decimal, Math.max(count - 1, 0))
  return fixed(decimal, Math.max(count - point, 0))
}
