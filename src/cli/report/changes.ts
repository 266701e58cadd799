import { type Action, counted, type FieldChange } from "../../domain/Changeset.ts"
import type { Json } from "../../domain/Json.ts"
import { display, groupOf } from "../../domain/ObjectRef.ts"
import { clip, oneLine } from "../../domain/plainText.ts"
import type { ChangesetReport, ReportedChange } from "../ChangesetReport.ts"
import { differs } from "../ChangesetReport.ts"
import type { Paint } from "../color.ts"
import { violationLines, waivedLines } from "./table.ts"

const order: ReadonlyArray<Exclude<Action, "unchanged">> = ["create", "update", "replace", "delete"]
const style = { create: "green", update: "yellow", replace: "red", delete: "red" } as const

const widest = 160

const value = (json: Json | undefined): string =>
  json === undefined ? "(none)" : clip(oneLine(typeof json === "string" ? json : JSON.stringify(json), 2_000), widest)

const fieldLine = ({ from, path, to }: FieldChange, paint: Paint): string =>
  `    ${oneLine(path, 500)}: ${paint("red", value(from))} → ${paint("green", value(to))}`

const changeLines = (change: ReportedChange, paint: Paint): ReadonlyArray<string> => {
  const { object } = change
  const name = display({ group: groupOf(object.apiVersion), namespace: "", ...object })
  return [
    `  ${oneLine(name, 600)}`,
    // A new object is new in every field: its name says enough.
    ...change.action === "create" ? [] : change.fields.map((field) => fieldLine(field, paint)),
    ...change.takesFrom.map((manager) => `    ${paint("yellow", `takes fields from ${oneLine(manager, 200)}`)}`),
    ...(change.handsOver ?? []).map((path) => `    leaves ${oneLine(path, 500)} to others, as it is`),
    ...change.unproven === undefined ? [] : [`    ${paint("dim", `unproven: ${oneLine(change.unproven, 500)}`)}`]
  ]
}

/** What would change, for people: grouped by what happens, each field with its old and new value. */
export const changes = (report: ChangesetReport, paint: Paint): string => {
  const groups = order.flatMap((action) => {
    const members = report.changes.filter((change) => change.action === action)
    return members.length === 0 ? [] : [
      paint(style[action], `${counted[action]}:`),
      ...members.flatMap((change) => changeLines(change, paint)),
      ""
    ]
  })
  const sums = [...order, "unchanged" as const]
    .map((action) => [counted[action], report.changes.filter((change) => change.action === action).length] as const)
    .filter(([word, count]) => count > 0 || word === "unchanged")
    .map(([word, count]) => `${count} ${word}`)
  const said = [
    ...report.violations.flatMap((violation) => violationLines(violation, paint)),
    ...(report.waived ?? []).flatMap((found) => waivedLines(found, paint))
  ]
  return [
    ...said,
    ...said.length === 0 ? [] : [""],
    ...groups,
    ...report.losses.map((loss) => `${paint("yellow", "loses:")} ${oneLine(loss, 1_000)}`),
    ...report.verdict === "error"
      ? []
      : report.verdict === "denied"
      ? ["denied: nothing would be applied"]
      : [differs(report) ? sums.join(", ") : `no differences (${sums.join(", ")})`]
  ].map((line) => `${line}\n`).join("")
}
