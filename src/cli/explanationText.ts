import type { Violation } from "../domain/Decision.ts"
import { oneLine } from "../domain/plainText.ts"
import type { Paint } from "./color.ts"
import { duration, relative } from "./duration.ts"
import type { Dependency, Explanation, Told } from "./Explanation.ts"
import { changesText } from "./history.ts"
import { shownLines } from "./report/explained.ts"
import { violationLines } from "./report/table.ts"
import { nameOf, shortened, shortRevision } from "./ShownDelivery.ts"
import type { Shown } from "./sourceTexts.ts"
import { suspensionText } from "./suspensionText.ts"

const most = 2_000
const labelWidth = 11

/** Somebody else's text: it stays on its line and moves no cursor. */
const foreign = (text: string): string => oneLine(text, most)

export type Row = readonly [label: string, ...lines: ReadonlyArray<string>]

/** A label and, beside it, what there is to say; what is empty is left out. */
export const rows = (all: ReadonlyArray<Row>, paint: Paint): ReadonlyArray<string> =>
  all.flatMap(([label, ...lines]) =>
    lines.filter((line) => line !== "").map((line, index) =>
      `  ${index === 0 ? paint("cyan", label.padEnd(labelWidth)) : " ".repeat(labelWidth)}${line}`
    )
  )

/** One line that says it all: `✗ shop/checkout is not ready: PolicyDenied`. */
export const headline = (
  { delivery, isDeleting, ready, running, suspended, applied }: Explanation,
  paint: Paint
): string => {
  const name = paint("bold", foreign(nameOf(delivery)))
  const reason = ready.reason === "" ? "" : `: ${foreign(ready.reason)}`
  if (isDeleting) return `${paint("yellow", "…")} ${name} is being deleted`
  if (suspended !== undefined) return `${paint("yellow", "‖")} ${name} is suspended`
  if (ready.ready === "True") {
    const on = shortRevision(applied?.revision)
    return `${paint("green", "✔")} ${name} is ready${on === "" ? "" : ` on ${foreign(on)}`}`
  }
  if (ready.ready === "False") return `${paint("red", "✗")} ${name} is not ready${reason}`
  return `${paint("yellow", "…")} ${name} is not known to be ready${reason}${
    running === undefined ? "" : ` (at ${foreign(running)})`
  }`
}

const state = {
  True: "is ready",
  False: "is not ready",
  Unknown: "is not ready yet",
  Missing: "does not exist",
  Unreadable: "cannot be read"
}

const dependencyLines = (all: ReadonlyArray<Dependency>, depth: number, paint: Paint): ReadonlyArray<string> =>
  all.flatMap((dependency) => {
    const isWell = dependency.ready === "True"
    const message = isWell || dependency.message === "" ? "" : `: ${foreign(dependency.message)}`
    return [
      `${"  ".repeat(depth)}${foreign(nameOf(dependency))} ${
        paint(isWell ? "green" : "yellow", state[dependency.ready])
      }${message}`,
      ...dependencyLines(dependency.waitsFor, depth + 1, paint)
    ]
  })

const told = ({ author, revision, subject, time }: Told, now: number): string => {
  const commit = [
    subject === undefined ? "" : `"${foreign(subject)}"`,
    author === undefined ? "" : `by ${foreign(author)}`,
    time === undefined ? "" : foreign(relative(time, now))
  ].filter((part) => part !== "").join(" ")
  return `${foreign(shortRevision(revision))}${commit === "" ? "" : `  ${commit}`}`
}

const revisionRows = ({ applied, attempted }: Explanation, now: number): ReadonlyArray<Row> => [
  ["runs", applied === undefined ? "nothing yet" : told(applied, now)],
  ["wants", attempted === undefined || attempted.revision === applied?.revision ? "" : told(attempted, now)]
]

const driftRow = ({ drift }: Explanation, now: number): Row => {
  const { count = 0, last, mode, polled = [] } = drift
  return [
    "drift",
    ...count === 0 && last === undefined && mode === "heal" ? [] : [
      `${count} so far${mode === "heal" ? "" : `; spec.apply.drift is ${foreign(mode)}`}`
    ],
    ...last === undefined ? [] : [
      `${foreign(last.object)}: ${last.fields.length === 0 ? "changed" : foreign(last.fields.join(", "))} by ${
        foreign(last.manager)
      } ${foreign(relative(last.time, now))}: ${last.action}`
    ],
    ...polled.length === 0
      ? []
      : [`looked for at the interval only, of ${foreign(polled.join(", "))}: no right to watch`]
  ]
}

const lastRunRow = ({ lastRun }: Explanation, now: number): Row => {
  if (lastRun === undefined) return ["last run"]
  const isUntouched = lastRun.outcome === "Unchanged"
  const changes = changesText(lastRun)
  return [
    "last run",
    `${lastRun.outcome} ${foreign(relative(lastRun.startedAt, now))}, took ${duration(lastRun.durationMs)}: ${
      foreign(lastRun.because)
    }`,
    changes,
    lastRun.message !== undefined
      ? foreign(shortened(lastRun.message))
      : isUntouched
      ? "nothing was written: nothing differs of what it reads"
      : ""
  ]
}

const policyLines = (
  { policy }: Explanation,
  paint: Paint,
  shown: ReadonlyMap<Violation, Shown>
): Row => {
  if (policy === undefined) return ["policy"]
  const { denied, passed, violations = [], waived, waivers = [], warned } = policy
  return [
    "policy",
    `${passed} passed, ${warned} warned, ${denied} denied, ${waived} waived`,
    ...violations.flatMap((violation) => [
      ...violationLines(violation, paint),
      ...shownLines(violation, shown.get(violation), paint)
    ]),
    ...waivers.map(({ object, owner, policy, reason, until }) =>
      foreign(
        `${policy} for ${object} is waived by ${owner}${until === undefined ? "" : ` until ${until}`}: ${reason}`
      )
    ),
    ...denied + warned > violations.length && violations.length > 0 ? ["… and more: sluice check shows all"] : []
  ]
}

const suspendedRow = ({ delivery, suspended }: Explanation, now: number): Row => {
  if (suspended === undefined) return ["suspended"]
  const goOn = `sluice resume ${foreign(delivery.name)} -n ${foreign(delivery.namespace)}`
  return ["suspended", suspensionText({ suspension: suspended }, now) || "nobody says why", `it goes on with: ${goOn}`]
}

const sourceRow = ({ path, ref = "", source }: Explanation): Row => {
  if (source === undefined) return ["source"]
  const parts = [source.url, ref, path === "" ? "" : `(${path})`]
  return ["source", foreign(parts.filter((part) => part !== "").join(" "))]
}

const healthyRow = ({ healthy }: Explanation): Row => {
  if (healthy === undefined) return ["healthy"]
  const word = { True: "yes", False: "no", Unknown: "not known" }[healthy.ready]
  return ["healthy", `${word}: ${foreign(healthy.message)}`]
}

const noteRow = (
  { asked, delivery, isObserved, missingNotifiers, unreadable }: Explanation,
  now: number
): Row => [
  "note",
  ...missingNotifiers.map((name) =>
    `Notifier ${foreign(name)} is not in namespace ${foreign(delivery.namespace)}: nobody is told through it`
  ),
  asked === undefined ? "" : `a run was asked for ${foreign(relative(asked, now))} and has not ended`,
  isObserved ? "" : "the agent has not seen the last change of the Delivery yet",
  unreadable.length === 0 ? "" : `of its status could not be read: ${unreadable.join(", ")}`
]

/**
 * An explanation for people: what runs, who made it, whether it is well, and if not why, and what would help. `shown` is
 * what stands where the violations are, where a checkout is at hand.
 */
export const explanationText = (
  explanation: Explanation,
  paint: Paint,
  now: number,
  shown: ReadonlyMap<Violation, Shown> = new Map()
): string => {
  const { help = "", next = "", ready, stage = "", suspended } = explanation
  return [
    headline(explanation, paint),
    ...rows([
      ["stage", stage],
      ["says", ready.ready === "True" || suspended !== undefined ? "" : foreign(shortened(ready.message))],
      ["help", help],
      ["next", suspended === undefined ? foreign(next) : ""],
      ["more", stage === "" || suspended !== undefined ? "" : `sluice explain ${ready.reason}`],
      suspendedRow(explanation, now),
      ...revisionRows(explanation, now),
      sourceRow(explanation),
      healthyRow(explanation),
      policyLines(explanation, paint, shown),
      ["waits for", ...dependencyLines(explanation.waitsFor, 0, paint)],
      driftRow(explanation, now),
      lastRunRow(explanation, now),
      noteRow(explanation, now)
    ], paint)
  ].join("\n")
}
