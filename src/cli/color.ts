import { styleText } from "node:util"

/** Puts a style on text, or leaves it alone. */
export type Paint = (style: "bold" | "cyan" | "dim" | "green" | "red" | "yellow", text: string) => string

export const plain: Paint = (_, text) => text

/** Styles only where a person sees them: on a terminal, unless `NO_COLOR` says no (`FORCE_COLOR` says yes). */
export const painting = (stream: NodeJS.WritableStream): Paint => (style, text) => styleText(style, text, { stream })
