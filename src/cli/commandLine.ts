import { parseArgs } from "node:util"
import { help, helpOf } from "./help.ts"
import { suggestion } from "./suggestion.ts"
import { isVerb, type VerbName, verbNames, verbOf } from "./verbs.ts"

/** What a command line gives to its verb. */
export interface Given {
  readonly operands: ReadonlyArray<string>
  readonly texts: Readonly<Record<string, ReadonlyArray<string>>>
  readonly switches: ReadonlySet<string>
}

/** The value of a flag that may stand once. */
export const textOf = (given: Given, flag: string): string | undefined => given.texts[flag]?.at(-1)

export interface Mistake {
  readonly detail: string
  readonly hint: string
}

export type CommandLine =
  | { readonly _tag: "Show"; readonly text: string }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Run"; readonly verb: VerbName; readonly given: Given }
  | { readonly _tag: "Wrong"; readonly mistakes: ReadonlyArray<Mistake> }

const wrong = (...mistakes: ReadonlyArray<Mistake>): CommandLine => ({ _tag: "Wrong", mistakes })

const parseVerb = (verb: VerbName, args: ReadonlyArray<string>): CommandLine => {
  const { flags, operands } = verbOf(verb)
  const see = `sluice ${verb} --help shows what may be said here.`
  const options = Object.fromEntries(
    Object.entries({ ...flags, help: { about: "", short: "h" } }).map(([name, flag]) => [name, {
      type: "value" in flag && flag.value !== undefined ? "string" as const : "boolean" as const,
      multiple: true,
      ...flag.short === undefined ? {} : { short: flag.short }
    }])
  )
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const texts: Record<string, Array<string>> = {}
  const switches = new Set<string>()
  const mistakes: Array<Mistake> = []
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    const choices = flags[token.name]?.choices
    if (option === undefined) {
      const known = Object.keys(flags).map((name) => `--${name}`)
      const detail = `unknown flag ${token.rawName}`
      mistakes.push({ detail, hint: token.name.length === 1 ? see : suggestion(token.rawName, known) })
    } else if (option.type === "boolean") {
      if (token.value !== undefined) mistakes.push({ detail: `${token.rawName} takes no value`, hint: see })
      switches.add(token.name)
    } else if (token.value === undefined || token.value === "" || (!token.inlineValue && token.value.startsWith("-"))) {
      mistakes.push({ detail: `${token.rawName} wants a value: ${flags[token.name]?.value}`, hint: see })
    } else if (choices !== undefined && !choices.includes(token.value)) {
      const detail = `${token.rawName} cannot be ${JSON.stringify(token.value)}`
      mistakes.push({ detail, hint: suggestion(token.value, choices) })
    } else {
      ;(texts[token.name] ??= []).push(token.value)
    }
  }
  if (switches.has("help")) return { _tag: "Show", text: helpOf(verb) }
  for (const [name, flag] of Object.entries(flags)) {
    const count = texts[name]?.length ?? 0
    if (
      flag.required === true && count === 0 && !tokens.some((token) => token.kind === "option" && token.name === name)
    ) {
      mistakes.push({ detail: `--${name} ${flag.value} is missing`, hint: see })
    }
    if (flag.repeated !== true && count > 1) mistakes.push({ detail: `--${name} is there twice`, hint: see })
  }
  if (operands === undefined && positionals.length > 0) {
    mistakes.push({ detail: `${JSON.stringify(positionals[0])} does not belong here`, hint: see })
  }
  if (operands !== undefined && positionals.length < (operands.least ?? 0)) {
    mistakes.push({ detail: `sluice ${verb} wants a ${operands.name}`, hint: see })
  }
  if (operands?.most !== undefined && positionals.length > operands.most) {
    mistakes.push({ detail: `${JSON.stringify(positionals[operands.most])} is one too many`, hint: see })
  }
  return mistakes.length > 0
    ? wrong(...mistakes)
    : { _tag: "Run", verb, given: { operands: positionals, texts, switches } }
}

/** Reads a command line by the table of verbs; every mistake in it is told. */
export const commandLine = (args: ReadonlyArray<string>): CommandLine => {
  const [first, ...rest] = args
  if (first === undefined || first === "--help" || first === "-h") return { _tag: "Show", text: help }
  if (first === "help") {
    const [verb] = rest
    return { _tag: "Show", text: verb !== undefined && isVerb(verb) ? helpOf(verb) : help }
  }
  if (first === "--version") return { _tag: "Version" }
  if (isVerb(first)) return parseVerb(first, rest)
  return first.startsWith("-")
    ? wrong({ detail: `${first} comes before a verb`, hint: "sluice --help shows the verbs." })
    : wrong({ detail: `there is no verb ${JSON.stringify(first)}`, hint: suggestion(first, verbNames) })
}
