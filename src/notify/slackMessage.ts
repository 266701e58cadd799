import * as DateTime from "effect/DateTime"
import { type RichText, type Span, textOf, webAddress } from "./richText.ts"
import { type ChatMessage, type Wording, wording } from "./wording.ts"

// Slack's limits: 50 blocks, 3,000 characters a section, 10 fields of 2,000, 10 context elements, about 13,200
// characters in all (`msg_blocks_too_long`, documented nowhere).
const sectionLimit = 3_000
const fieldLimit = 2_000
const totalLimit = 12_000

const icons: Readonly<Record<Wording["look"], string>> = {
  applied: ":white_check_mark:",
  recovered: ":white_check_mark:",
  blocked: ":no_entry:",
  failed: ":x:",
  reverted: ":leftwards_arrow_with_hook:",
  noticed: ":eyes:",
  fighting: ":crossed_swords:",
  calm: ":white_check_mark:"
}

const colors: Readonly<Record<Wording["look"], string>> = {
  applied: "#2EB67D",
  recovered: "#2EB67D",
  blocked: "#E01E5A",
  failed: "#E01E5A",
  reverted: "#ECB22E",
  noticed: "#ECB22E",
  fighting: "#ECB22E",
  calm: "#2EB67D"
}

/** Slack reads mentions, links and dates in angle brackets only: without `&`, `<` and `>` text stays text. */
export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** Escaped text of at most `limit` characters; cut between characters, never inside an entity. */
const escapeWithin = (text: string, limit: number): string => {
  if (escape(text).length <= limit) return escape(text)
  let length = 1
  let kept = ""
  for (const point of text) {
    length += escape(point).length
    if (length > limit) break
    kept += point
  }
  return `${escape(kept)}…`
}

const longDate = "{date_short_pretty} {time}"

/** `<!date^…>`: each reader sees the time in their own zone. */
const date = (milliseconds: number, format: string, otherwise: string): string =>
  `<!date^${Math.floor(milliseconds / 1_000)}^${format}|${otherwise}>`

/** `2026-11-23 00:00 UTC`. */
const utc = (milliseconds: number): string => {
  const text = DateTime.formatIso(DateTime.makeUnsafe(milliseconds))
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`
}

const span = (part: Span): string => {
  if (typeof part === "string") return escape(part)
  if ("strong" in part) return `*${escape(part.strong.replaceAll("*", "∗"))}*`
  if ("emphasis" in part) return `_${escape(part.emphasis.replaceAll("_", " "))}_`
  if ("code" in part) return `\`${escape(part.code.replaceAll("`", "'"))}\``
  if ("time" in part) return date(part.time, /^\d{2}:/u.test(part.text) ? "{time}" : longDate, escape(part.text))
  const url = webAddress(part.url)
  // A bar or a bracket would end the link early.
  return url === undefined || /[|<>]/u.test(url)
    ? escape(part.link)
    : `<${escape(url)}|${escape(part.link.replaceAll("|", "¦"))}>`
}

/** In Slack's notation, whole spans only: a link is never cut in two. */
const mrkdwn = (text: RichText, limit: number): string => {
  let result = ""
  for (const part of text) {
    const next = span(part)
    if (result.length + next.length <= limit) {
      result += next
    } else {
      const room = limit - result.length
      return typeof part === "string" && room > 1 ? result + escapeWithin(part, room) : result
    }
  }
  return result
}

// Verbatim: Slack must not make links or mentions of what it believes to recognise.
const textObject = (text: string) => ({ type: "mrkdwn", text, verbatim: true }) as const
const section = (text: string) => ({ type: "section", text: textObject(text) }) as const

const item = ({ lines, title }: Wording["items"][number]) =>
  section(lines.reduce((text, line) => {
    const next = mrkdwn(line, 1_200)
    return text.length + next.length + 1 <= sectionLimit ? `${text}\n${next}` : text
  }, mrkdwn(title, 1_000)))

const failure = ({ whatToDo, why }: Wording) => {
  const advice = whatToDo === undefined ? "" : `\n*What to do*: ${mrkdwn(whatToDo, 1_000)}`
  const shown = escapeWithin((why ?? "").replaceAll("```", "'''"), sectionLimit - advice.length - 20)
  return section(`*Why*\n\`\`\`${shown}\`\`\`${advice}`)
}

const facts = (all: Wording["facts"]) => ({
  type: "section",
  fields: all.slice(0, 10).map(({ title, value }) =>
    textObject(`*${title}*\n${mrkdwn(value, fieldLimit - title.length - 3)}`)
  )
} as const)

const blocks = (message: ChatMessage, words: Wording, shown: number, buttons: boolean) => {
  const hidden = words.itemCount - shown
  const url = buttons ? webAddress(words.commitUrl) : undefined
  return [
    ...words.stages === undefined ? [] : [section(mrkdwn(words.stages, sectionLimit))],
    ...words.why === undefined ? [] : [failure(words)],
    ...words.items.slice(0, shown).map(item),
    ...hidden > 0 ? [section(`+${hidden} more`)] : [],
    ...words.facts.length === 0 || words.items.length > 0 ? [] : [facts(words.facts)],
    {
      type: "context",
      elements: [
        ...[...words.context, ...words.hint === undefined ? [] : [words.hint]].map((text) =>
          textObject(mrkdwn(text, fieldLimit))
        ),
        textObject(date(message.time, longDate, utc(message.time)))
      ]
    } as const,
    ...url === undefined || url.length > 3_000 ? [] : [
      {
        type: "actions",
        elements: [{
          type: "button",
          text: { type: "plain_text", text: "Open commit" },
          url,
          action_id: "open_commit"
        }]
      } as const
    ]
  ]
}

/** The message in Block Kit. Items that do not fit are counted; the first block carries the message's id. */
export const slackMessage = (message: ChatMessage, id: string, options: {
  /** Link buttons, which want a bot's app. */
  readonly buttons: boolean
}) => {
  const words = wording(message)
  const headline = mrkdwn(words.headline, 1_000)
  const built = (shown: number) => {
    const [first, ...others] = blocks(message, words, shown, options.buttons)
    return [{ ...first, block_id: id }, ...others]
  }
  let shown = words.items.length
  while (shown > 0 && JSON.stringify(built(shown)).length > totalLimit - headline.length) shown--
  return {
    text: `${icons[words.look]} ${headline}`,
    unfurl_links: false,
    unfurl_media: false,
    attachments: [{
      color: colors[words.look],
      fallback: `${icons[words.look]} ${escapeWithin(textOf(words.headline), 1_000)}`,
      blocks: built(shown)
    }]
  }
}
