import { RE2JS } from "re2js"
import { BuiltinError, type BuiltinGroup, integerOf, text } from "./Builtin.ts"
import { doIntersect } from "./globIntersection.ts"

const compiled = new Map<string, RE2JS>()
const maximumCompiled = 100

/** Go's syntax, in linear time: a policy's pattern or a manifest's text can never make the gate hang. */
const expression = (pattern: string): RE2JS => {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  let made: RE2JS
  try {
    made = RE2JS.compile(pattern)
  } catch (error) {
    throw new BuiltinError(error instanceof Error ? error.message : "bad pattern")
  }
  if (compiled.size >= maximumCompiled) compiled.clear()
  compiled.set(pattern, made)
  return made
}

interface Match {
  readonly start: number
  readonly end: number
  readonly groups: ReadonlyArray<string>
  readonly named: (name: string) => string
}

/** As Go finds them: an empty match right behind another match does not count. */
const matchesOf = (pattern: RE2JS, whole: string, limit: number): ReadonlyArray<Match> => {
  const matcher = pattern.matcher(whole)
  const names = pattern.namedGroups()
  const found: Array<Match> = []
  let previousEnd = -1
  while (found.length !== limit && matcher.find()) {
    const start = matcher.start()
    const end = matcher.end()
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? "")
    const named = (name: string) => groups[/^\d+$/.test(name) ? Number(name) : names[name] ?? -1] ?? ""
    if (start !== end || start !== previousEnd) found.push({ start, end, groups, named })
    previousEnd = end
  }
  return found
}

/** Go's `Regexp.Expand`: `$1`, `${name}`, `$$`; an unknown group is empty. */
const expand = (template: string, match: Match): string =>
  template.replace(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (whole, braced?: string, bare?: string) => whole === "$$" ? "$" : match.named(braced ?? bare!)
  )

const replace = (whole: string, pattern: RE2JS, template: string): string => {
  let result = ""
  let position = 0
  for (const match of matchesOf(pattern, whole, -1)) {
    result += whole.slice(position, match.start) + expand(template, match)
    position = match.end
  }
  return result + whole.slice(position)
}

/** Go's `Regexp.Split` without a limit. */
const split = (pattern: string, whole: string): ReadonlyArray<string> => {
  if (pattern !== "" && whole === "") return [""]
  const parts: Array<string> = []
  let begin = 0
  let end = 0
  for (const match of matchesOf(expression(pattern), whole, -1)) {
    end = match.start
    if (match.end !== 0) parts.push(whole.slice(begin, end))
    begin = match.end
  }
  return end === whole.length ? parts : [...parts, whole.slice(begin)]
}

/** `urn:foo:{.*}` to a pattern: what stands between the delimiters is one, the rest is literal. */
const fromTemplate = (template: string, open: string, close: string): string => {
  let pattern = "^"
  let level = 0
  let begin = 0
  for (const [index, character] of [...template].entries()) {
    if (character === open && level++ === 0) {
      pattern += RE2JS.quote(template.slice(begin, index))
      begin = index + 1
    } else if (character === close && --level === 0) {
      pattern += `(${template.slice(begin, index)})`
      begin = index + 1
    }
    if (level < 0) break
  }
  if (level !== 0) throw new BuiltinError("unbalanced delimiters")
  return `${pattern}${RE2JS.quote(template.slice(begin))}$`
}

const delimiter = (value: string): string => {
  if (value.length !== 1) throw new BuiltinError("a delimiter is one character")
  return value
}

/** Regular expressions of RE2. */
export const regex: BuiltinGroup = {
  "regex.find_n": (pattern, whole, limit) =>
    matchesOf(expression(text(pattern)), text(whole), integerOf(limit)).map(({ groups }) => groups[0]!),
  "regex.globs_match": (a, b) => doIntersect(text(a), text(b)),
  "regex.replace": (whole, pattern, template) => replace(text(whole), expression(text(pattern)), text(template)),
  "regex.split": (pattern, whole) => split(text(pattern), text(whole)),
  "regex.template_match": (template, whole, open, close) =>
    expression(fromTemplate(text(template), delimiter(text(open)), delimiter(text(close)))).matcher(text(whole)).find()
}
