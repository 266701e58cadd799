import type { Json } from "./Json.ts"

const words = new Map<string, Json>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const)
])

const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/u
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/u
const infinite = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/u
const largest = 2n ** 64n

const integerOf = (text: string): bigint | undefined => {
  const match = integer.exec(text)
  if (match === null) return undefined
  const [, sign, hexadecimal, binary, octal, decimal] = match
  const size = hexadecimal !== undefined
    ? BigInt(`0x${hexadecimal}`)
    : binary !== undefined
    ? BigInt(`0b${binary}`)
    : octal !== undefined
    ? BigInt(`0o${octal}`)
    : BigInt(decimal!)
  return sign === "-" ? -size : size
}

/**
 * What an unquoted YAML scalar means to `kubectl` (go-yaml v2 under sigs.k8s.io/yaml): `yes`, `on` and `y` are true,
 * `0777` is octal, a date is a string. So what we judge and send is what `kubectl apply` would have sent.
 *
 * Returns an error's text, without the value (it may be a secret), for what JSON cannot carry exactly: infinities and
 * integers beyond 2^53.
 */
export const resolve = (text: string): { readonly value: Json } | { readonly problem: string } => {
  const word = words.get(text)
  if (word !== undefined) return { value: word }
  const first = text.charCodeAt(0)
  // + - . and digits: nothing else can start a number
  if (first !== 43 && first !== 45 && first !== 46 && (first < 48 || first > 57)) return { value: text }
  if (infinite.test(text)) return { problem: "a number that JSON cannot say; quote it if it is text" }
  const plain = first === 46 ? text : text.replaceAll("_", "")
  const whole = text.length < 80 ? integerOf(plain) : undefined
  if (whole !== undefined && whole < largest) {
    const value = Number(whole)
    return Number.isSafeInteger(value)
      ? { value }
      : { problem: "a number beyond 2^53 would lose digits; quote it if it is text" }
  }
  if (!float.test(plain)) return { value: text }
  const value = Number(plain)
  return Number.isFinite(value) ? { value } : { value: text }
}
