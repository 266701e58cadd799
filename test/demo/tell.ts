import { styleText } from "node:util"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"

type Style = "bold" | "cyan" | "dim" | "green" | "red" | "yellow"

/** Styles on a terminal, none elsewhere or where `NO_COLOR` is set. */
export const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout })

const width = 108

/** Breaks a line between words. */
const wrap = (line: string): ReadonlyArray<string> =>
  line.split(" ").reduce<Array<string>>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
    return lines
  }, [])

const signs: Readonly<Record<string, string>> = {
  white_check_mark: "✅",
  no_entry: "⛔",
  x: "❌",
  warning: "⚠️"
}

/** Slack's notation as Slack shows it. */
const shown = (text: string): ReadonlyArray<string> =>
  text.replace(/:(\w+):/gu, (all, name: string) => signs[name] ?? all)
    .replace(/<[^<>|]*\|([^<>]*)>/gu, "$1")
    .replace(/&lt;/gu, "<").replace(/&gt;/gu, ">").replace(/&amp;/gu, "&")
    .split("\n").flatMap(wrap)
    .map((line) =>
      line.replace(/(?<!\w)[*]([^*]+)[*]/gu, (_, bold: string) => paint("bold", bold))
        .replace(/(?<!\w)_([^_]+)_(?!\w)/gu, (_, word: string) => paint("cyan", word)).replace(/`/gu, "")
    )

const texts = (json: Json | undefined): ReadonlyArray<string> =>
  Array.isArray(json)
    ? json.flatMap((one: Json) => at(one, "text") ?? []).filter((text) => typeof text === "string")
    : []

const blockLines = (block: Json): ReadonlyArray<string> => {
  const section = at(block, "text", "text")
  if (typeof section === "string") return shown(section)
  const fields = texts(at(block, "fields"))
  if (fields.length > 0) return fields.flatMap((field) => shown(field.replace("\n", "  ")))
  return texts(at(block, "elements")).flatMap(shown).map((line) => paint("dim", line))
}

/** What a person reads in the channel: the first line, or all of it. */
export const chatLines = (body: JsonObject, isWhole: boolean): ReadonlyArray<string> => {
  const blocks = at(body, "attachments", 0, "blocks")
  return [
    ...shown(typeof body.text === "string" ? body.text : ""),
    ...isWhole && Array.isArray(blocks) ? blocks.flatMap(blockLines) : []
  ]
}

/** The lines of a file that a commit takes away and adds, long digests cut short. */
export const changedLines = (before: string, after: string): ReadonlyArray<string> => {
  const cut = (line: string) => line.replace(/(sha256:\w{12})\w+/u, "$1…")
  const [old, now] = [before.split("\n"), after.split("\n")]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => paint("red", `- ${cut(line)}`)),
    ...now.filter((line) => !old.includes(line)).map((line) => paint("green", `+ ${cut(line)}`))
  ]
}

const duration = (milliseconds: number): string =>
  milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`

/** `fetch 31 ms › render 18 ms › …` */
export const strip = (stages: ReadonlyArray<{ readonly stage?: string; readonly durationMs?: number }>): string =>
  stages.map(({ durationMs, stage }) => `${stage} ${duration(durationMs ?? 0)}`).join(" › ")

export { duration }
