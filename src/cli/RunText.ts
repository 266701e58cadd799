import { type Counts } from "../domain/Changeset.ts"
import type { Verdict } from "../domain/Decision.ts"
import { displayPlace } from "../domain/Manifest.ts"
import type { Losses, Outcome, Run, RunEvent } from "../domain/Outcome.ts"
import { lines, oneLine } from "../domain/plainText.ts"
import { short } from "../domain/Revision.ts"
import { errorPage, hintOf, type Stage } from "../domain/StageError.ts"
import { reported } from "./CheckReport.ts"
import type { Paint } from "./color.ts"
import { duration } from "./duration.ts"
import * as table from "./report/table.ts"

const counted = (changes: Counts): string =>
  Object.entries(changes).filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`).join(", ")

const at = (run: Run): string => run.revision === undefined ? "" : ` ${short(run.revision)}`
const stays = (run: Run): string =>
  run.previous === undefined ? "Nothing was written to the cluster." : `The cluster stays on ${short(run.previous)}.`

/** Somebody else's text: it stays on its line and moves no cursor. */
const foreign = (text: string): string => oneLine(text, 2_000)

/** What was found and what of it was waived, in the words of `check` and `diff`. */
const findings = (
  { violations, waived = [] }: Partial<Pick<Verdict, "waived">> & Pick<Verdict, "violations">,
  paint: Paint
) =>
  [
    ...violations.flatMap((violation) => table.violationLines(violation, paint)),
    ...waived.flatMap((found) => table.waivedLines(found, paint))
  ].map((line) => `  ${line}`)

const lossLines = (losses: Losses | undefined, paint: Paint): ReadonlyArray<string> =>
  (losses ?? []).map((loss) => `  ${paint("yellow", "LOST")} ${foreign(loss)}`)

/** What tells one failure from another. */
export const sameness = (outcome: Outcome): string | undefined =>
  outcome._tag === "Failed" ? `${outcome.error._tag}: ${outcome.error.message}` : undefined

const upcoming = (run: Run, paint: Paint): ReadonlyArray<string> =>
  run.next === undefined ? [] : [paint("dim", `next: attempt ${run.next.attempt} in ${duration(run.next.inMs)}`)]

/** An outcome for people: what happened, where, what would help, what comes next; a failure told before, in one line. */
export const outcomeText = (run: Run, outcome: Outcome, paint: Paint, isKnown = false): string => {
  const took = paint("dim", `(${duration(run.durationMs)})`)
  switch (outcome._tag) {
    case "Applied":
      return [
        `${paint("green", "✔")} ${run.delivery} is on${at(run)}: ${counted(outcome.changes)} ${took}`,
        ...lossLines(outcome.losses, paint),
        ...findings(outcome, paint)
      ].join("\n")
    case "Unchanged":
      return [
        `${paint("green", "✔")} ${run.delivery} is on${at(run)}: unchanged ${took}`,
        ...lossLines(outcome.losses, paint),
        ...findings(outcome, paint)
      ].join("\n")
    case "Denied":
      return [
        `${paint("red", "✗")} ${run.delivery} refused${at(run)}: ${outcome.summary.denied} denied. ${
          stays(run)
        } ${took}`,
        ...findings(outcome, paint)
      ].join("\n")
    case "Failed": {
      const { error } = outcome
      const written = outcome.changes === undefined ? "" : ` after ${counted(outcome.changes)}`
      if (isKnown) {
        const then = run.next === undefined ? ["given up"] : upcoming(run, paint)
        return `${paint("red", "✗")} ${run.delivery}${at(run)}: ${error._tag} again; ${then.join("")}`
      }
      const { message, source } = reported(error)
      const place = source === undefined ? "" : `${displayPlace(source)}: `
      return [
        `${paint("red", "✗")} ${run.delivery} failed at ${errorPage[error._tag].stage}${at(run)}${written}: ` +
        `${error._tag} ${took}`,
        ...lines(`${place}${message}`, 10_000).split("\n").map((line) => `  ${line}`),
        ...lossLines(outcome.losses, paint),
        `  ${paint("cyan", "help")} ${foreign(hintOf(error))}`,
        ...upcoming(run, paint).map((line) => `  ${line}`)
      ].join("\n")
    }
    case "Interrupted":
      return `${paint("yellow", "↷")} ${run.delivery}${at(run)} was interrupted by ${outcome.by} ${took}`
  }
}

/** The stages of one run as they go, on one line: `fetch 31 ms › render 18 ms › policy …`. */
export class StageStrip {
  readonly #done: Array<string> = []
  #current: Stage | undefined

  /** Takes an event; answers the strip as it is now. */
  take(event: RunEvent, paint: Paint): string {
    if (event._tag === "StageStarted") this.#current = event.stage
    if (event._tag === "StageFinished") {
      this.#current = undefined
      this.#done.push(`${event.stage} ${paint("dim", duration(event.durationMs))}`)
    }
    return [...this.#done, ...this.#current === undefined ? [] : [paint("cyan", `${this.#current} …`)]].join(" › ")
  }
}

/** One finished stage on a line of its own, for where no line can be rewritten. */
export const stageLine = (event: RunEvent & { readonly _tag: "StageFinished" }): string =>
  `  ${event.delivery} ${event.stage.padEnd(6)} ${duration(event.durationMs).padStart(8)}  ${event.note}`
