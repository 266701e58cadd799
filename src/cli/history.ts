import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { PastRun } from "../api/v1alpha1/DeliveryStatus.ts"
import { oneLine } from "../domain/plainText.ts"
import { painting } from "./color.ts"
import type { Given } from "./commandLine.ts"
import { document, outputOf } from "./documents.ts"
import { age, duration } from "./duration.ts"
import * as print from "./print.ts"
import { deliveries, get } from "./resources.ts"
import { answeredInTime, nameIn, namespaceOf } from "./scope.ts"
import { nameOf, read, shortRevision, type ShownDelivery } from "./ShownDelivery.ts"
import { type Cell, Table } from "./table.ts"

const style = {
  Applied: "green",
  Unchanged: undefined,
  Denied: "red",
  Failed: "red",
  Interrupted: "yellow"
} as const satisfies Record<PastRun["outcome"], Cell["style"]>

/** `2 created, 1 pruned`; what stayed as it was is not counted. */
export const changesText = ({ changes }: Pick<PastRun, "changes">): string =>
  Object.entries(changes ?? {})
    .filter(([word, count]) => count > 0 && word !== "unchanged")
    .map(([word, count]) => `${count} ${word}`)
    .join(", ")

export const headers = {
  table: ["WHEN", "REVISION", "OUTCOME", "TOOK", "CHANGES", "WHY", "AUTHOR", "SUBJECT"],
  wide: ["WHEN", "RUN", "REVISION", "OUTCOME", "REASON", "TOOK", "CHANGES", "WHY", "AUTHOR", "SUBJECT", "MESSAGE"]
}

/** One run as a row. The narrow table tells the commit where the run was well, and the message where it was not. */
export const row = (run: PastRun, now: number, isWide: boolean): ReadonlyArray<Cell> => {
  const outcome: Cell = { text: run.outcome, style: style[run.outcome] }
  const [subject, message] = [run.subject ?? "", run.message ?? ""]
  const isBad = run.outcome === "Denied" || run.outcome === "Failed"
  const text = (value: string): Cell => ({ text: value })
  const middle = [text(duration(run.durationMs)), text(changesText(run)), text(run.why), text(run.author ?? "")]
  return isWide
    ? [
      text(run.startedAt),
      text(run.id),
      text(run.revision ?? ""),
      outcome,
      text(run.reason ?? ""),
      ...middle,
      text(subject),
      text(message)
    ]
    : [
      text(age(run.startedAt, now)),
      text(shortRevision(run.revision)),
      outcome,
      ...middle,
      text(isBad && message !== "" ? message : subject || message)
    ]
}

const reported = (delivery: ShownDelivery) => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "DeliveryHistory",
  delivery: { namespace: delivery.namespace, name: delivery.name },
  runs: delivery.status.history ?? []
})

/** The last runs of one Delivery, the newest first. */
export const history = Effect.fn("history")(function*(given: Given) {
  const output = outputOf(given)
  const delivery = yield* answeredInTime(
    given,
    Effect.gen(function*() {
      const { name, namespace } = nameIn(given.operands[0]!, yield* namespaceOf(given))
      return read(yield* get(deliveries, namespace, name))
    })
  )
  const runs = delivery.status.history ?? []
  if (output === "json" || output === "yaml") {
    yield* print.result(yield* document(output, reported(delivery)))
    return 0
  }
  if (runs.length === 0) {
    const why = delivery.unreadable.includes("history") ? "its history cannot be read" : "it has not run yet"
    yield* print.aside(`${nameOf(delivery)}: ${why}`)
  } else if (output === "name") {
    yield* print.result(runs.map(({ id }) => oneLine(id, 100)).join("\n"))
  } else {
    const now = yield* Clock.currentTimeMillis
    const table = new Table(headers[output], painting(process.stdout))
    yield* print.result(table.lines(runs.map((run) => row(run, now, output === "wide"))).join("\n"))
  }
  return 0
})
