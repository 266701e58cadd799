import { clip } from "../domain/plainText.ts"
import { equals, short } from "../domain/Revision.ts"
import { stages } from "../domain/StageError.ts"
import { commitUrl, place } from "./links.ts"
import type { Message } from "./Message.ts"
import { firstLine, nameOf, namespaceOf, plural, seconds, sentence, untilMended, verbs } from "./phrases.ts"
import { join, type RichText } from "./richText.ts"
import type { Wording } from "./wording.ts"

const changedCount = ({ changes }: Message): number =>
  changes === undefined ? 0 : changes.created + changes.configured + changes.replaced

const revision = (message: Message): RichText =>
  message.revision === undefined ? [] : [{ code: short(message.revision) }]

const stays = (message: Message): RichText =>
  message.previous === undefined
    ? [" Nothing was written to the cluster."]
    : [" Cluster stays on ", { code: short(message.previous) }, "."]

const isHealth = (reason: string): boolean => reason === "HealthTimeout" || reason === "HealthCheckFailed"

const headline = (message: Message): RichText => {
  const name = { strong: nameOf(message) }
  const about = message.revision === undefined ? [" its source"] : [" ", ...revision(message)]
  switch (message.state) {
    case "applied":
    case "recovered": {
      const word = message.state === "recovered" ? " recovered and is on" : " is on"
      const where = message.revision === undefined ? [" its revision"] : [" ", ...revision(message)]
      const took = seconds(message.durationMs)
      return message.changes === undefined
        ? [name, word, ...where, " — nothing had to change"]
        : [
          name,
          word,
          ...where,
          ` — ${changedCount(message)} changed, ${message.changes.pruned} pruned, `,
          message.healthy ? `healthy in ${took}` : `in ${took}`
        ]
    }
    case "blocked": {
      const why = message.error === undefined
        ? plural(message.summary?.denied ?? message.violationCount, "policy violation")
        : firstLine(message.error.message)
      // The policies are others than when it was let through.
      return message.error === undefined && message.revision !== undefined && equals(message.previous, message.revision)
        ? [name, " is on", ...about, `, which would be refused by now: ${sentence(why)}`, " It stays as it is."]
        : [name, " did not deploy", ...about, `: ${sentence(why)}`, ...stays(message)]
    }
    case "failed": {
      const { error } = message
      if (error === undefined) return [name, " failed on", ...about, "."]
      const written = changedCount(message) + (message.changes?.pruned ?? 0)
      const consequence: RichText = written > 0
        ? [` ${plural(written, "object")} changed before that.`]
        : isUncertain(message)
        ? []
        : stays(message)
      const why = sentence(firstLine(error.message))
      if (message.isHeld === true) return [name, ` cannot run: ${why}`, ...stays(message)]
      const failed = isHealth(error.reason) ? " is not healthy on" : ` failed to ${verbs[error.stage]}`
      return [name, failed, ...about, `: ${why}`, ...consequence]
    }
  }
}

const strip = (message: Message): RichText | undefined => {
  const failed = message.error?.stage
  if (failed === undefined || message.isHeld === true) return undefined
  const at = stages.indexOf(failed)
  const told = stages.filter((stage) => stage !== "notify")
  return join(
    told.map((stage, index): RichText =>
      index < at ? [`${stage} ✓`] : index === at ? [{ strong: `${stage} ✗` }] : [`${stage} –`]
    ),
    "  ›  "
  )
}

const commit = (message: Message): RichText => {
  const hash = message.commit?.hash ?? message.revision?.hash
  if (hash === undefined) return []
  const link = { link: hash.slice(0, 8), url: commitUrl(message.url, hash) }
  return message.commit === undefined ? [link] : [link, ` ${message.commit.subject}`]
}

const policies = ({ summary }: Message): string =>
  summary === undefined ? "" : [
    `${summary.passed} passed`,
    ...summary.warned === 0 ? [] : [plural(summary.warned, "warning")],
    ...summary.denied === 0 ? [] : [`${summary.denied} denied`],
    ...summary.waived === 0 ? [] : [`${summary.waived} waived`]
  ].join(", ")

const list = (names: ReadonlyArray<string>, total: number): string => {
  const shown = names.slice(0, 5)
  return clip(shown.join(", "), 600) + (total > shown.length ? ` +${total - shown.length} more` : "")
}

const lost = (losses: ReadonlyArray<string>, total: number): string => {
  const shown = losses.slice(0, 3)
  return clip(shown.join("; "), 600) + (total > shown.length ? `; and ${total - shown.length} more` : "")
}

const next = {
  transient: "tried again by itself, later each time; a new commit is taken at once",
  stalled: "waits for a new commit or a changed Delivery",
  blocked: "waits for a person"
} as const

const whatNext = (message: Message): RichText => {
  if (message.error === undefined) return []
  if (message.isHeld === true) return [untilMended]
  const { attempt, inMs } = message.next ?? {}
  return [
    inMs === undefined || attempt === undefined
      ? next[message.error.class]
      : `retry ${attempt} in ${seconds(inMs)}; a new commit is taken at once`
  ]
}

const facts = (message: Message): Wording["facts"] => {
  if (message.state === "blocked" && message.error === undefined) return []
  const isSuccess = message.state === "applied" || message.state === "recovered"
  const all: Wording["facts"] = [
    { title: "Commit", value: commit(message) },
    { title: "Author", value: message.commit === undefined ? [] : [message.commit.author] },
    { title: "Changes", value: message.objects.length === 0 ? [] : [list(message.objects, message.objectCount)] },
    { title: "Lost", value: message.losses === undefined ? [] : [lost(message.losses, message.lossCount ?? 0)] },
    { title: "Policies", value: isSuccess && message.summary !== undefined ? [policies(message)] : [] },
    { title: "Cluster now", value: isSuccess ? [] : clusterNow(message) },
    { title: "Next", value: whatNext(message) }
  ]
  return all.filter(({ value }) => value.length > 0)
}

/** A retry that wrote nothing may follow a run that did: then nobody can say what the cluster is on. */
const isUncertain = ({ changes, error, state }: Message): boolean =>
  state === "failed" && error?.stage === "apply" && changes === undefined

const clusterNow = (message: Message): RichText => {
  if (message.previous === undefined || isUncertain(message)) return []
  const written = changedCount(message)
  return [
    { code: short(message.previous) },
    ...written === 0 || message.revision === undefined
      ? []
      : [` + ${plural(written, "object")} from `, { code: short(message.revision) }]
  ]
}

const context = (message: Message): Wording["context"] => {
  const who: RichText = message.commit === undefined ? commit(message) : [
    `${message.commit.author} committed `,
    ...commit(message)
  ]
  const isSuccess = message.state === "applied" || message.state === "recovered"
  const where: RichText = join([
    message.cluster === undefined ? [] : ["cluster ", { strong: message.cluster }],
    ["ns ", { code: namespaceOf(message) }],
    isSuccess && message.previous !== undefined && message.previous.hash !== message.revision?.hash
      ? ["was ", { code: short(message.previous) }]
      : []
  ], " · ")
  return message.state === "blocked" && message.error === undefined
    ? [join([who, [policies(message)].filter((text) => text !== "")], " · "), where]
    : [where]
}

const violations = (message: Message): Wording["items"] =>
  (message.state === "blocked" ? message.violations : []).map((found, index) => {
    const source = found.source === undefined
      ? undefined
      : place(message.url, message.revision?.hash, found.source)
    return {
      title: [
        { strong: `${index + 1}. ${found.policy}` },
        "  ",
        { code: found.severity },
        ` · ${found.object.kind}/${found.object.name}`,
        ...found.bundle.name === "repository" ? [] : [" · bundle ", { code: found.bundle.name }]
      ],
      lines: [
        [found.message],
        ...source === undefined ? [] : [[{ link: source.text, url: source.url }]],
        ...found.remedy === undefined ? [] : [[{ emphasis: "Fix:" }, ` ${found.remedy}`]],
        ...found.url === undefined ? [] : [[{ link: "About this policy", url: found.url }]]
      ]
    }
  })

const whatToDo = (message: Message): RichText | undefined => {
  if (message.error === undefined) return undefined
  const source = message.error.origin === undefined
    ? undefined
    : place(message.url, message.revision?.hash, message.error.origin)
  return join([[message.error.hint], source === undefined ? [] : [{ link: source.text, url: source.url }]], " ")
}

/** What a run's message says. */
export const runWording = (message: Message): Wording => ({
  look: message.state,
  headline: headline(message),
  stages: strip(message),
  why: message.error?.message,
  whatToDo: whatToDo(message),
  items: violations(message),
  itemCount: message.state === "blocked" ? message.violationCount : 0,
  facts: facts(message),
  context: context(message),
  commitUrl: message.revision === undefined ? undefined : commitUrl(message.url, message.revision.hash)
})
