import { at, isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"

type Problems = Array<string>

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

const text = (value: Json | undefined, where: string, problems: Problems) => {
  if (typeof value !== "string" || value === "") return void problems.push(`${where}: no text`)
  for (const [, url] of value.matchAll(/(?<!\\)\[(?:\\.|[^\]\\])*\]\(([^)]*)\)/gu)) {
    if (!/^https?:\/\//u.test(url!)) problems.push(`${where}: links to ${url}`)
  }
}

const element = (value: Json, where: string, problems: Problems) => {
  if (!isJsonObject(value)) return void problems.push(`${where}: not an object`)
  switch (value.type) {
    case "TextBlock":
      return text(value.text, where, problems)
    case "Container":
      return list(value.items).forEach((item, index) => element(item, `${where}.items[${index}]`, problems))
    case "FactSet":
      return list(value.facts).forEach((fact, index) => {
        text(at(fact, "title"), `${where}.facts[${index}].title`, problems)
        text(at(fact, "value"), `${where}.facts[${index}].value`, problems)
      })
    default:
      problems.push(`${where}: ${String(value.type)} is not in version 1.4`)
  }
}

const action = (value: Json, where: string, problems: Problems) => {
  const url = at(value, "url")
  if (at(value, "type") !== "Action.OpenUrl") problems.push(`${where}: type`)
  if (typeof at(value, "title") !== "string") problems.push(`${where}: title`)
  if (typeof url !== "string" || !/^https?:\/\//u.test(url)) problems.push(`${where}: url`)
}

/** What a Workflows webhook or Teams would refuse or show wrongly, one line each. */
export const adaptiveCardProblems = (body: JsonObject): ReadonlyArray<string> => {
  const problems: Problems = []
  const attachment = at(body, "attachments", 0)
  const card = at(attachment, "content")
  if (body.type !== "message") problems.push("type is not message")
  if (at(attachment, "contentType") !== "application/vnd.microsoft.card.adaptive") problems.push("contentType")
  if (at(attachment, "contentUrl") !== null) problems.push("contentUrl")
  if (at(card, "type") !== "AdaptiveCard" || at(card, "version") !== "1.4") problems.push("not an Adaptive Card 1.4")
  if (typeof at(card, "fallbackText") !== "string") problems.push("no fallbackText")
  if (list(at(card, "body")).length === 0) problems.push("empty body")
  list(at(card, "body")).forEach((value, index) => element(value, `body[${index}]`, problems))
  list(at(card, "actions")).forEach((value, index) => action(value, `actions[${index}]`, problems))
  if (Buffer.byteLength(JSON.stringify(body)) > 20_000) problems.push("request entity too large")
  return problems
}
