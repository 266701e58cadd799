import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { displayPlace } from "../domain/Manifest.ts"
import { Redactions } from "../domain/redact.ts"
import type { StageError } from "../domain/StageError.ts"
import { reported } from "./CheckReport.ts"
import { type Paint, painting } from "./color.ts"

/** What would move the cursor, recolour or reorder a terminal's text; line breaks and tabs stay. */
const control = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

const clean = (text: string): string => text.replace(control, "\uFFFD")
/** The only escape sequences that we write ourselves are colours. */
const withoutEscapes = (text: string): string => text.replaceAll("\u001b", "\uFFFD")

/** The result of a verb: redacted, one line break at its end; no text, no line. */
export const result = (text: string): Effect.Effect<void> =>
  text === ""
    ? Effect.void
    : Effect.flatMap(Redactions, (redactions) => Console.log(clean(redactions.redact(text)).replace(/\n$/u, "")))

/** Progress, warnings, errors: whatever is not the result. */
export const aside = (text: string): Effect.Effect<void> =>
  Effect.flatMap(Redactions, (redactions) => Console.error(clean(redactions.redact(text)).replace(/\n$/u, "")))

/** `error: …`, where, and what would help. */
export const errorText = (error: StageError, paint: Paint): string => {
  const { hint, message, source } = reported(error)
  const place = source === undefined ? undefined : displayPlace(source)
  const lines = withoutEscapes(message).split("\n")
  return [
    `${paint("red", "error:")} ${lines.join("\n       ")}`,
    ...place === undefined ? [] : [`  ${paint("dim", "at")} ${withoutEscapes(place)}`],
    `  ${paint("cyan", "help:")} ${withoutEscapes(hint)}`
  ].join("\n")
}

const mostErrors = 20

/** Every error, up to a screenful, on stderr. */
export const errors = (all: ReadonlyArray<StageError>): Effect.Effect<void> => {
  const paint = painting(process.stderr)
  const more = all.length - mostErrors
  return aside([
    ...all.slice(0, mostErrors).map((error) => errorText(error, paint)),
    ...more > 0 ? [`…and ${more} more errors`] : []
  ].join("\n"))
}

export const warning = (text: string, help?: string): Effect.Effect<void> => {
  const paint = painting(process.stderr)
  const lines = [`${paint("yellow", "warning:")} ${withoutEscapes(text)}`]
  return aside(
    [...lines, ...help === undefined ? [] : [`  ${paint("cyan", "help:")} ${withoutEscapes(help)}`]].join("\n")
  )
}
