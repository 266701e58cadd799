import { isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"

type Problems = Array<string>

const textObject = (value: Json | undefined, limit: number, where: string, problems: Problems) => {
  if (!isJsonObject(value)) return void problems.push(`${where}: no text object`)
  if (value.type !== "mrkdwn" && value.type !== "plain_text") problems.push(`${where}: type ${String(value.type)}`)
  if (typeof value.text !== "string" || value.text.length < 1) return void problems.push(`${where}: empty text`)
  if (value.text.length > limit) problems.push(`${where}: ${value.text.length} characters, more than ${limit}`)
  if (value.type === "mrkdwn") markup(value.text, where, problems)
}

/** Every angle bracket has to be a link, a date or a mention; what else stands in brackets was not escaped. */
const markup = (text: string, where: string, problems: Problems) => {
  const rest = text.replace(/<(https?:\/\/[^<>|]+\|[^<>|]+|!date\^\d+\^[^<>|]+\|[^<>|]+)>/gu, "")
  if (/[<>]/u.test(rest)) problems.push(`${where}: unescaped bracket in ${JSON.stringify(rest)}`)
  if (/&(?!amp;|lt;|gt;)/u.test(rest)) problems.push(`${where}: unescaped & in ${JSON.stringify(rest)}`)
}

const elements = (block: JsonObject, most: number, where: string, problems: Problems): ReadonlyArray<Json> => {
  const found = Array.isArray(block.elements) ? block.elements as ReadonlyArray<Json> : []
  if (found.length < 1 || found.length > most) problems.push(`${where}: ${found.length} elements`)
  return found
}

const button = (value: Json, where: string, problems: Problems) => {
  if (!isJsonObject(value) || value.type !== "button") return void problems.push(`${where}: not a button`)
  textObject(value.text, 75, where, problems)
  if (typeof value.url !== "string" || !/^https?:\/\//u.test(value.url) || value.url.length > 3_000) {
    problems.push(`${where}: url`)
  }
  if (typeof value.action_id !== "string" || value.action_id.length > 255) problems.push(`${where}: action_id`)
}

const check = (block: Json, where: string, problems: Problems) => {
  if (!isJsonObject(block)) return void problems.push(`${where}: not an object`)
  if (block.block_id !== undefined && (typeof block.block_id !== "string" || block.block_id.length > 255)) {
    problems.push(`${where}: block_id`)
  }
  switch (block.type) {
    case "section": {
      if (block.text === undefined && block.fields === undefined) problems.push(`${where}: neither text nor fields`)
      if (block.text !== undefined) textObject(block.text, 3_000, where, problems)
      const fields = Array.isArray(block.fields) ? block.fields as ReadonlyArray<Json> : []
      if (fields.length > 10 || block.fields !== undefined && fields.length === 0) problems.push(`${where}: fields`)
      for (const field of fields) textObject(field, 2_000, `${where}.fields`, problems)
      return
    }
    case "context":
      for (const element of elements(block, 10, where, problems)) textObject(element, 3_000, where, problems)
      return
    case "actions":
      for (const element of elements(block, 25, where, problems)) button(element, where, problems)
      return
    default:
      problems.push(`${where}: block type ${String(block.type)}`)
  }
}

/** What Slack would refuse in a message, one line each: its documented limits and the total that it does not document. */
export const blockKitProblems = (body: JsonObject): ReadonlyArray<string> => {
  const problems: Problems = []
  if (typeof body.text !== "string" || body.text === "") problems.push("no text: no push notification")
  else {
    if (body.text.length > 40_000) problems.push("text is too long")
    markup(body.text, "text", problems)
  }
  const attachments = Array.isArray(body.attachments) ? body.attachments as ReadonlyArray<Json> : []
  const blocks = attachments.flatMap((attachment) =>
    isJsonObject(attachment) && Array.isArray(attachment.blocks) ? attachment.blocks as ReadonlyArray<Json> : []
  )
  if (blocks.length < 1 || blocks.length > 50) problems.push(`${blocks.length} blocks`)
  blocks.forEach((block, index) => check(block, `blocks[${index}]`, problems))
  if (JSON.stringify(blocks).length > 13_200) problems.push("msg_blocks_too_long")
  return problems
}
