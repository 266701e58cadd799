import * as DateTime from "effect/DateTime"
import { unknownManager } from "../domain/DriftReport.ts"
import { display, key } from "../domain/ObjectRef.ts"
import { clip } from "../domain/plainText.ts"
import { short } from "../domain/Revision.ts"
import type { Finding } from "./driftDigest.ts"
import type { DriftMessage } from "./DriftMessage.ts"
import { commitUrl } from "./links.ts"
import { nameOf, namespaceOf, plural, seconds } from "./phrases.ts"
import { join, type RichText } from "./richText.ts"
import type { Wording } from "./wording.ts"

/** What people's own tools call themselves in managedFields. */
const isByHand = ({ manager }: Finding): boolean =>
  manager === unknownManager || /^(kubectl|before-first-apply|k9s|lens|oc$|dashboard)/iu.test(manager)

const objectsOf = (message: DriftMessage): ReadonlyArray<string> => [
  ...new Map(message.findings.map(({ object }) => [key(object), display(object)])).values()
]

/** `1 manual change on Deployment/shop/checkout`. */
const changes = (message: DriftMessage): string => {
  const objects = objectsOf(message)
  const word = message.findings.every(isByHand) ? "manual change" : "change"
  const where = message.more > 0 ? "" : objects.length === 1 ? ` on ${objects[0]}` : ` on ${objects.length} objects`
  return plural(message.changes, word) + where
}

const managers = (message: DriftMessage): RichText => {
  const names = [...new Set(message.findings.map(({ manager }) => manager))]
  const shown = join(names.slice(0, 3).map(who), ", ")
  return names.length > 3 ? [...shown, ` and ${names.length - 3} more`] : shown
}

const who = (manager: string): RichText =>
  manager === unknownManager ? ["somebody unknown (see the audit log)"] : [{ code: clip(manager, 80) }]

const fought = (message: DriftMessage): string => {
  const objects = objectsOf(message)
  return message.more > 0 || objects.length > 1 ? `${objects.length + message.more} objects` : objects[0] ?? "nothing"
}

/** Whether it is as somebody left it, and stays so for now. */
const isLeft = ({ action }: Finding): boolean => action === "reported" || action === "denied"

const headline = (message: DriftMessage): RichText => {
  const name = { strong: nameOf(message) }
  const lasted = seconds(Math.max(0, message.time - message.since))
  switch (message.phase) {
    case "changes": {
      const left = message.findings.filter(isLeft).length
      return left === 0
        ? [name, ` reverted ${changes(message)}`]
        : left === message.findings.length
        ? [name, ` noticed ${changes(message)} and left ${message.changes === 1 ? "it" : "them"} alone`]
        : [name, ` noticed ${changes(message)} and reverted what it may`]
    }
    case "fighting":
      return [
        name,
        ` fights over ${fought(message)} with `,
        ...managers(message),
        ": what it reverts comes back at once"
      ]
    case "still fighting":
      return [
        name,
        ` still fights over ${fought(message)} with `,
        ...managers(message),
        `: ${plural(message.changes, "change")} in ${lasted}`
      ]
    case "over":
      return [name, ` no longer fights over ${fought(message)}: ${plural(message.changes, "change")} in ${lasted}`]
  }
}

const day = 24 * 3_600_000

/** The hour alone where the day goes without saying. */
const at = (time: number, now: number): RichText => {
  const iso = DateTime.formatIso(DateTime.makeUnsafe(time))
  const hour = `${iso.slice(11, 16)} UTC`
  return [{ time, text: Math.abs(now - time) < day / 2 ? hour : `${iso.slice(0, 10)} ${hour}` }]
}

const isDeleted = ({ fields, isThere }: Finding): boolean => fields.length === 0 && isThere !== true

const fields = ({ fieldCount, fields, isThere }: Finding): RichText => {
  if (fields.length === 0) return [isThere === true ? "something in it" : "the whole object"]
  const named = join(fields.map((field): RichText => [{ code: clip(field, 150) }]), ", ")
  return fieldCount > fields.length ? [...named, ` and ${fieldCount - fields.length} more`] : named
}

const consequence = ({ action, seen, time, why = "" }: Finding): string => {
  if (action === "denied") return `not reverted, because a policy denies it: ${clip(why, 300)}`
  const because = why === "" ? "" : `; ${clip(why, 300)}`
  if (action === "reported") return `not reverted${because}`
  if (action === "backing off") return "reverted later each time"
  const after = time === undefined ? 0 : seen - time
  // managedFields know seconds, and clocks differ.
  return (after < 2_000 ? "reverted at once" : `reverted after ${seconds(after)}`) + because
}

const changedBy = (finding: Finding, now: number): RichText => {
  const verb = isDeleted(finding) ? "deleted by " : "changed by "
  const author: RichText = finding.manager === unknownManager
    ? who(finding.manager)
    : ["field manager ", ...who(finding.manager)]
  const when: RichText = finding.time === undefined ? [] : [" at ", ...at(finding.time, now)]
  const often = finding.times === 1 ? "" : `, ${finding.times} times`
  return [verb, ...author, ...when, `${often}, ${consequence(finding)}`]
}

const item = (finding: Finding, alone: boolean, now: number): Wording["items"][number] => {
  const line = join([fields(finding), changedBy(finding, now)], "  ·  ")
  return alone
    ? { title: line, lines: [] }
    : { title: [{ strong: clip(display(finding.object), 180) }], lines: [line] }
}

/** What a JSON pointer can say: no entry of a list, which `apply.ignore` would name by its place. */
const pointer = (field: string): string | undefined =>
  /^[\w-]+(\.[\w-]+)*$/u.test(field) ? `/${field.replaceAll(".", "/")}` : undefined

/** `apply.ignore`, spelt out where one rule says it all. */
const ignore = ({ findings }: DriftMessage): string => {
  const paths = new Set(findings.flatMap(({ fields }) => fields.map(pointer)))
  const kinds = new Set(findings.map(({ object }) => object.kind))
  const [[path], [kind]] = [[...paths], [...kinds]]
  return path === undefined || paths.size > 1 || kinds.size > 1
    ? "apply.ignore"
    : `apply.ignore: [{paths: [${path}], target: {kind: ${kind}}}]`
}

const hint = (message: DriftMessage): RichText | undefined => {
  const { findings, phase } = message
  if (phase === "over") return undefined
  if (phase === "changes" && findings.every(isDeleted)) {
    return ["On purpose? Delete it in Git."]
  }
  const isReported = findings.every(({ action }) => action === "reported")
  return [
    phase === "changes" ? "On purpose? Change it in Git" : "Stop one of the two: change it in Git",
    ", or let somebody else decide: ",
    { code: clip(ignore(message), 300) },
    ...isReported ? [" · Not on purpose? It is reverted once the delivery is resumed, or its apply.drift is heal"] : []
  ]
}

const look = (message: DriftMessage): Wording["look"] =>
  message.phase === "over"
    ? "calm"
    : message.phase !== "changes"
    ? "fighting"
    : message.findings.every(isLeft)
    ? "noticed"
    : "reverted"

/** What a message about somebody else's changes says: which fields, by whom, when, and what to do if it was meant so. */
export const driftWording = (message: DriftMessage): Wording => {
  const [only, ...others] = message.findings
  const alone = only !== undefined && others.length === 0 && message.more === 0
  return {
    look: look(message),
    headline: headline(message),
    items: message.findings.map((finding) => item(finding, alone, message.time)),
    itemCount: message.findings.length + message.more,
    facts: !alone ? [] : [
      { title: only.fields.length === 1 ? "Field" : "Fields", value: fields(only) },
      { title: isDeleted(only) ? "Deleted by" : "Changed by", value: changedBy(only, message.time).slice(1) }
    ],
    context: [join([
      message.cluster === undefined ? [] : ["cluster ", { strong: message.cluster }],
      ["ns ", { code: namespaceOf(message) }],
      message.revision === undefined ? [] : [{ code: short(message.revision) }]
    ], " · ")],
    hint: hint(message),
    commitUrl: message.revision === undefined ? undefined : commitUrl(message.url, message.revision.hash)
  }
}
