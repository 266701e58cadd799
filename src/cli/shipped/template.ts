import { stringify } from "yaml"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"

// A template of Helm is text around actions. An object is written as YAML first, with marks where the actions will be:
// what is no mark cannot become one.

const encode = (text: string): string => Buffer.from(text).toString("hex")
const decode = (text: string): string => Buffer.from(text, "hex").toString()

/** A value that is an expression's: `.Values.replicas`. */
export const filled = (expression: string): string => `EXPRESSION${encode(expression)}END`

/** A whole block that is an expression's, as YAML. */
export const block = (expression: string): string => `BLOCK${encode(expression)}END`

/** Entries behind the others of a list, where the expression has some. */
export const more = (expression: string): string => `MORE${encode(expression)}END`

/** The key of a field that is there where the condition holds; the first one of a list's entry brings all of the entry. */
export const onlyIf = (condition: string, key: string): string => `IF${encode(condition)}END${key}`

/** The value with every text replaced for which there is another. */
export const replaced = (value: Json, by: (text: string) => string): Json =>
  typeof value === "string"
    ? by(value)
    : Array.isArray(value)
    ? value.map((entry) => replaced(entry as Json, by))
    : isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, replaced(entry, by)]))
    : value

const indentOf = (line: string): number => line.length - line.trimStart().length

const filledIn = (line: string): ReadonlyArray<string> => {
  const indent = " ".repeat(indentOf(line))
  const added = /^ *- MORE([0-9a-f]+)END$/u.exec(line)
  if (added !== null) {
    return [
      `${indent}{{- with ${decode(added[1]!)} }}`,
      `${indent}{{- toYaml . | nindent ${indent.length} }}`,
      `${indent}{{- end }}`
    ]
  }
  const whole = /^( *(?:- )?\S+:) BLOCK([0-9a-f]+)END$/u.exec(line)
  if (whole !== null) {
    return [whole[1]!, `${indent}  {{- toYaml ${decode(whole[2]!)} | nindent ${indent.length + 2} }}`]
  }
  return [line.replace(/EXPRESSION([0-9a-f]+)END/gu, (_, expression: string) => `{{ ${decode(expression)} }}`)]
}

/** Fields that are there under a condition, with what they hold: until a line that is no deeper. */
const conditional = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const open: Array<number> = []
  const result: Array<string> = []
  const close = (indent: number) => {
    while (open.length > 0 && open.at(-1)! >= indent) result.push(`${" ".repeat(open.pop()!)}{{- end }}`)
  }
  for (const line of lines) {
    close(indentOf(line))
    const found = /^( *)(- )?IF([0-9a-f]+)END(.*)$/u.exec(line)
    if (found === null) {
      result.push(line)
      continue
    }
    const [, indent = "", dash = "", condition = "", rest = ""] = found
    result.push(`${indent}{{- if ${decode(condition)} }}`, indent + dash + rest)
    open.push(indent.length)
  }
  close(0)
  return result
}

/** One object as a document of a template. Braces in it are nobody's action. */
export const template = (object: JsonObject): string => {
  const text = stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd()
    .replaceAll("{{", "{{ \"{{\" }}")
  return conditional(text.split("\n")).flatMap(filledIn).join("\n")
}
