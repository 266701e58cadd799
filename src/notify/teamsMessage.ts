import { clip } from "../domain/plainText.ts"
import { type RichText, type Span, textOf, webAddress } from "./richText.ts"
import { type ChatMessage, type Wording, wording } from "./wording.ts"

// Documented 28 KB; what arrives in practice is about 21 KB.
const byteLimit = 20_000

const icons: Readonly<Record<Wording["look"], string>> = {
  applied: "✅",
  recovered: "✅",
  blocked: "⛔",
  failed: "❌",
  reverted: "↩️",
  noticed: "👀",
  fighting: "⚔️",
  calm: "✅"
}
const styles = {
  applied: "good",
  recovered: "good",
  blocked: "attention",
  failed: "attention",
  reverted: "warning",
  noticed: "warning",
  fighting: "warning",
  calm: "good"
} as const

/** Takes the meaning from what Markdown would read as emphasis, link, list or heading. */
export const escape = (text: string): string =>
  text
    .replace(/[\\*[\]~]/gu, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replace(/^(\s*)([#>+-])(?=\s)/gmu, "$1\\$2")
    .replace(/<(?=\/?[a-z!?])/giu, "‹")

const span = (part: Span): string => {
  if (typeof part === "string") return escape(part)
  if ("strong" in part) return `**${escape(part.strong)}**`
  if ("emphasis" in part) return `_${escape(part.emphasis)}_`
  if ("code" in part) return escape(part.code)
  if ("time" in part) return escape(part.text)
  const url = webAddress(part.url)
  return url === undefined
    ? escape(part.link)
    : `[${escape(part.link)}](${url.replace(/[()\s]/gu, (character) => `%${character.charCodeAt(0).toString(16)}`)})`
}

const markdown = (text: RichText): string => text.map(span).join("")

const textBlock = (text: string, more: { readonly [name: string]: string | boolean } = {}) => ({
  type: "TextBlock",
  text,
  wrap: true,
  ...more
})

const item = ({ lines, title }: Wording["items"][number]) => [
  textBlock(markdown(title), { separator: true }),
  ...lines.length === 0 ? [] : [textBlock(lines.map(markdown).join(" "), { spacing: "None" })]
]

const card = (message: ChatMessage, id: string, words: Wording, shown: number) => {
  const icon = icons[words.look]
  const headline = clip(textOf(words.headline), 500)
  const hint = words.hint === undefined ? [] : [{ title: "Hint", value: words.hint }]
  // A single change reads better as a table.
  const facts = words.facts.length === 0 ? [] : [...words.facts, ...hint]
  const listed = facts.length === 0 ? words.items.slice(0, shown) : []
  const hidden = facts.length === 0 ? words.itemCount - shown : 0
  const url = webAddress(words.commitUrl)
  const context = words.context.map((text) => textBlock(markdown(text)))
  const isBlocked = message.state === "blocked"
  return {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    fallbackText: `${icon} ${escape(headline)}`,
    msteams: { width: "Full" },
    body: [
      {
        type: "Container",
        id,
        style: styles[words.look],
        bleed: true,
        items: [textBlock(`${icon} ${escape(headline)}`, { weight: "Bolder", size: "Medium" })]
      },
      ...isBlocked ? context.slice(0, 1) : [],
      ...words.stages === undefined ? [] : [textBlock(markdown(words.stages))],
      ...words.why === undefined
        ? []
        : [textBlock(escape(words.why), { fontType: "Monospace", color: "attention" })],
      ...words.whatToDo === undefined ? [] : [textBlock(`**What to do:** ${markdown(words.whatToDo)}`)],
      ...listed.flatMap(item),
      ...hidden > 0 ? [textBlock(`+${hidden} more`, { separator: true })] : [],
      ...facts.length > 0 ? [] : hint.map(({ title, value }) => textBlock(`**${title}:** ${markdown(value)}`)),
      ...facts.length === 0 ? [] : [{
        type: "FactSet",
        facts: facts.map(({ title, value }) => ({ title, value: markdown(value) }))
      }],
      ...isBlocked ? context.slice(1) : context
    ],
    ...url === undefined ? {} : { actions: [{ type: "Action.OpenUrl", title: "Open commit", url }] }
  }
}

/** The message as a Workflows webhook takes it: one Adaptive Card of at most 20,000 bytes. */
export const teamsMessage = (message: ChatMessage, id: string) => {
  const words = wording(message)
  const envelope = (shown: number) => ({
    type: "message",
    attachments: [{
      contentType: "application/vnd.microsoft.card.adaptive",
      contentUrl: null,
      content: card(message, id, words, shown)
    }]
  })
  let shown = words.items.length
  while (shown > 0 && Buffer.byteLength(JSON.stringify(envelope(shown))) > byteLimit) shown--
  return envelope(shown)
}
