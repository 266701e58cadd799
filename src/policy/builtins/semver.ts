import { compareText } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, text } from "./Builtin.ts"

interface Version {
  readonly numbers: ReadonlyArray<bigint>
  readonly identifiers: ReadonlyArray<string>
}

const pattern =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/

/** Go counts in 64 bits. */
const maximumNumber = 2n ** 63n - 1n

const parse = (version: string): Version | undefined => {
  const match = pattern.exec(version)
  if (match === null) return undefined
  const numbers = match.slice(1, 4).map(BigInt)
  if (numbers.some((number) => number > maximumNumber)) return undefined
  return { numbers, identifiers: match[4]?.split(".") ?? [] }
}

const isDecimal = (identifier: string) => /^\d+$/.test(identifier)

const compareIdentifiers = (a: string, b: string): number => {
  if (isDecimal(a) && isDecimal(b)) return Math.sign(Number(BigInt(a) - BigInt(b)))
  if (isDecimal(a) !== isDecimal(b)) return isDecimal(a) ? -1 : 1
  return Math.sign(compareText(a, b))
}

/** Semantic Versioning 2.0.0, section 11: build metadata does not count. */
const compare = (a: Version, b: Version): number => {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index]!
    if (number !== other) return number < other ? -1 : 1
  }
  if (a.identifiers.length === 0 || b.identifiers.length === 0) {
    return Math.sign(b.identifiers.length - a.identifiers.length)
  }
  for (const [index, identifier] of a.identifiers.entries()) {
    const other = b.identifiers[index]
    const order = other === undefined ? 1 : compareIdentifiers(identifier, other)
    if (order !== 0) return order
  }
  return Math.sign(a.identifiers.length - b.identifiers.length)
}

const version = (value: string): Version => {
  const parsed = parse(value)
  if (parsed === undefined) throw new BuiltinError(`${value} is not a semantic version`)
  return parsed
}

/** Versions; one leading `v` is allowed. */
export const semver: BuiltinGroup = {
  "semver.compare": (a, b) => compare(version(text(a)), version(text(b))),
  "semver.is_valid": (value) => typeof value === "string" && parse(value) !== undefined
}
