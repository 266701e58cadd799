import { BuiltinError, LimitError } from "./Builtin.ts"

/** What one token takes: any rune where `runes` is undefined. */
interface Token {
  readonly runes: ReadonlySet<string> | undefined
  readonly flag: "" | "+" | "*"
}

interface Rune {
  readonly rune: string
  readonly isEscaped: boolean
}

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

const runesOf = (pattern: string): ReadonlyArray<Rune> => {
  const characters = [...pattern]
  const runes: Array<Rune> = []
  for (let index = 0; index < characters.length; index++) {
    const isEscaped = characters[index] === "\\"
    if (isEscaped) index++
    runes.push({ rune: characters[index] ?? fail("ends with a backslash"), isEscaped })
  }
  return runes
}

const is = (rune: Rune | undefined, wanted: string) => rune !== undefined && !rune.isEscaped && rune.rune === wanted

const range = (from: Rune, to: Rune): ReadonlyArray<string> => {
  const [first, last] = [from.rune.codePointAt(0)!, to.rune.codePointAt(0)!]
  if (last < first) fail("range is out of order")
  return Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index))
}

/** A set from behind its `[`, and where it ends. */
const readSet = (runes: ReadonlyArray<Rune>, start: number): readonly [ReadonlySet<string>, number] => {
  const members: Array<string> = []
  let previous: Rune | undefined
  for (let index = start; index < runes.length; index++) {
    const rune = runes[index]!
    if (is(rune, "]")) return [new Set(members), index]
    if (is(rune, "-")) {
      const next = runes[++index]
      if (previous === undefined || next === undefined || is(next, "]") || is(next, "-")) fail("no such range")
      members.push(...range(previous!, next!))
      previous = undefined
    } else {
      members.push(rune.rune)
      previous = rune
    }
  }
  return fail("[ without ]")
}

const tokenize = (pattern: string): ReadonlyArray<Token> => {
  const runes = runesOf(pattern)
  const tokens: Array<Token> = []
  for (let index = 0; index < runes.length; index++) {
    const rune = runes[index]!
    let taken: ReadonlySet<string> | undefined = new Set([rune.rune])
    if (is(rune, "]") || is(rune, "+") || is(rune, "*")) fail(`unexpected ${rune.rune}`)
    if (is(rune, ".")) taken = undefined
    if (is(rune, "[")) [taken, index] = readSet(runes, index + 1)
    const next = runes[index + 1]
    const flag = is(next, "+") ? "+" : is(next, "*") ? "*" : ""
    if (flag !== "") index++
    tokens.push({ runes: taken, flag })
  }
  return tokens
}

const areEqual = (a: Token, b: Token): boolean =>
  a.runes === undefined || b.runes === undefined
    ? a.runes === b.runes
    : a.runes.size === b.runes.size && [...a.runes].every((rune) => b.runes!.has(rune))

/** Neighbours that repeat the same are one. */
const simplify = (tokens: ReadonlyArray<Token>): ReadonlyArray<Token> => {
  const simple: Array<Token> = []
  for (const token of tokens) {
    const last = simple.at(-1)
    if (last === undefined || last.flag === "" || token.flag === "" || !areEqual(last, token)) simple.push(token)
    else simple[simple.length - 1] = { ...last, flag: last.flag === "+" || token.flag === "+" ? "+" : "*" }
  }
  return simple
}

const matches = (a: Token, b: Token): boolean =>
  a.runes === undefined || b.runes === undefined || [...a.runes].some((rune) => b.runes!.has(rune))

type Glob = ReadonlyArray<Token>

/** Without prefix and suffix that match, but for one token of each; undefined where they do not match. */
const trimmed = (a: Glob, b: Glob): readonly [Glob, Glob] | undefined => {
  const isPlain = (x: Token | undefined, y: Token | undefined) => x?.flag === "" && y?.flag === ""
  let left = 0
  for (; isPlain(a[left], b[left]); left++) if (!matches(a[left]!, b[left]!)) return undefined
  if (left > 0) left--
  let [endA, endB] = [a.length - 1, b.length - 1]
  for (; endA >= left && endB >= left && isPlain(a[endA], b[endB]); endA--, endB--) {
    if (!matches(a[endA]!, b[endB]!)) return undefined
  }
  const kept = endA < a.length - 1 ? 1 : 0
  return [a.slice(left, endA + 1 + kept), b.slice(left, endB + 1 + kept)]
}

const maximumSteps = 1_000_000

/** The search of the library that OPA uses, step by step: it is exponential, so it ends after a million steps. */
class Search {
  #steps = 0

  meet(a: Glob, b: Glob): boolean {
    let index = 0
    for (; index < a.length && index < b.length; index++) {
      const [x, y] = [a[index]!, b[index]!]
      if (x.flag !== "" || y.flag !== "") return this.#repeated(a.slice(index), b.slice(index))
      if (!this.#match(x, y)) return false
    }
    return index === a.length && index === b.length
  }

  #match(a: Token, b: Token): boolean {
    if (++this.#steps > maximumSteps) throw new LimitError("patterns too intricate to compare")
    return matches(a, b)
  }

  #repeated(a: Glob, b: Glob): boolean {
    const [repeating, other] = a[0]!.flag === "" ? [b, a] : [a, b]
    return repeating[0]!.flag === "+" ? this.#plus(repeating, other) : this.#star(repeating, other)
  }

  #plus(repeating: Glob, other: Glob): boolean {
    if (!this.#match(repeating[0]!, other[0]!)) return false
    return this.#star(repeating, other.slice(1)) ||
      other[0]!.flag !== "" && this.meet(repeating.slice(1), other)
  }

  #star(repeating: Glob, other: Glob): boolean {
    const [star, next] = [repeating[0]!, repeating[1]]
    for (const [index, token] of other.entries()) {
      if (next !== undefined && this.#match(token, next) && this.meet(repeating.slice(1), other.slice(index))) {
        return true
      }
      if (!this.#match(token, star)) return false
    }
    return next === undefined
  }
}

/** Whether a text exists that both patterns take: `.`, sets, `+` and `*`, as `regex.globs_match` has it. */
export const doIntersect = (a: string, b: string): boolean => {
  const rest = trimmed(simplify(tokenize(a)), simplify(tokenize(b)))
  return rest !== undefined && new Search().meet(...rest)
}
