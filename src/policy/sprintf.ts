import { type Argument, argument, bare, format, typeOf, type Verb } from "./goVerbs.ts"
import type { RegoValue } from "./regoValue.ts"

const tooLarge = 1_000_000

/** The state of one pass over a format; Go's `doPrintf`. */
class Printer {
  readonly #format: string
  readonly #arguments: ReadonlyArray<Argument>
  #position = 0
  #next = 0
  #isReordered = false
  #isGoodIndex = true
  #output = ""

  constructor(text: string, values: ReadonlyArray<Argument>) {
    this.#format = text
    this.#arguments = values
  }

  print(): string {
    for (;;) {
      const percent = this.#format.indexOf("%", this.#position)
      this.#output += this.#format.slice(this.#position, percent < 0 ? undefined : percent)
      if (percent < 0) break
      this.#position = percent + 1
      if (!this.#printVerb()) break
    }
    return this.#output + this.#extra()
  }

  #extra(): string {
    const rest = this.#arguments.slice(this.#next)
    if (this.#isReordered || rest.length === 0) return ""
    return `%!(EXTRA ${rest.map((value) => `${typeOf(value)}=${format(value, "v", bare)}`).join(", ")})`
  }

  #number(): number | undefined {
    const digits = /^\d+/.exec(this.#format.slice(this.#position, this.#position + 16))?.[0]
    if (digits === undefined) return undefined
    this.#position += digits.length
    return Number(digits) > tooLarge ? undefined : Number(digits)
  }

  #index(): boolean {
    if (this.#format[this.#position] !== "[") return false
    this.#isReordered = true
    const close = this.#format.indexOf("]", this.#position)
    const index = Number(this.#format.slice(this.#position + 1, close < 0 ? undefined : close)) - 1
    this.#position = close < 0 ? this.#position + 1 : close + 1
    const isGood = close >= 0 && Number.isInteger(index) && index >= 0 && index < this.#arguments.length
    if (isGood) this.#next = index
    else this.#isGoodIndex = false
    return isGood
  }

  #star(): number | undefined {
    this.#position++
    const value = this.#arguments[this.#next]
    if (value !== undefined) this.#next++
    return typeof value === "bigint" && value <= tooLarge && value >= -tooLarge ? Number(value) : undefined
  }

  #flags(verb: Verb): void {
    const names = { "+": "plus", "-": "minus", "#": "sharp", " ": "space", "0": "zero" } as const
    for (;; this.#position++) {
      const flag = this.#format[this.#position]
      if (flag !== "+" && flag !== "-" && flag !== "#" && flag !== " " && flag !== "0") return
      verb[names[flag]] = true
    }
  }

  #width(verb: Verb, isAfterIndex: boolean): boolean {
    if (this.#format[this.#position] !== "*") {
      verb.width = this.#number()
      if (isAfterIndex && verb.width !== undefined) this.#isGoodIndex = false
      return isAfterIndex
    }
    const width = this.#star()
    if (width === undefined) this.#output += "%!(BADWIDTH)"
    else if (width < 0) verb.minus = true
    verb.width = width === undefined ? undefined : Math.abs(width)
    return false
  }

  #precision(verb: Verb, isAfterIndex: boolean): boolean {
    if (this.#format[this.#position] !== ".") return isAfterIndex
    this.#position++
    if (isAfterIndex) this.#isGoodIndex = false
    const isIndexed = this.#index()
    if (this.#format[this.#position] !== "*") {
      verb.precision = this.#number() ?? 0
      return isIndexed
    }
    const precision = this.#star()
    verb.precision = precision === undefined || precision < 0 ? undefined : precision
    if (verb.precision === undefined) this.#output += "%!(BADPREC)"
    return false
  }

  /** False at the end of the format. */
  #printVerb(): boolean {
    this.#isGoodIndex = true
    const verb = { ...bare }
    this.#flags(verb)
    const isAfterIndex = this.#precision(verb, this.#width(verb, this.#index()))
    if (!isAfterIndex) this.#index()
    const code = this.#format.codePointAt(this.#position)
    if (code === undefined) {
      this.#output += "%!(NOVERB)"
      return false
    }
    const letter = String.fromCodePoint(code)
    this.#position += letter.length
    this.#output += this.#formatNext(letter, verb)
    return true
  }

  #formatNext(letter: string, verb: Verb): string {
    if (letter === "%") return "%"
    if (!this.#isGoodIndex) return `%!${letter}(BADINDEX)`
    const value = this.#arguments[this.#next]
    if (value === undefined) return `%!${letter}(MISSING)`
    this.#next++
    return format(value, letter, verb)
  }
}

/** Go's `fmt.Sprintf` of Rego values, as OPA calls it. */
export const sprintf = (text: string, values: ReadonlyArray<RegoValue>): string =>
  new Printer(text, values.map(argument)).print()
