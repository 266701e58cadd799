import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { age } from "./duration.ts"
import { deliveries, type Kind, notifiers } from "./resources.ts"
import { conditionOf, read, shortRevision, type ShownDelivery, type State, stateOf } from "./ShownDelivery.ts"
import type { Cell } from "./table.ts"

interface Column {
  readonly header: string
  readonly cell: (object: JsonObject, now: number) => Cell | string
  readonly isWide?: boolean
}

/** Green, red or yellow: of a condition's status. */
export const styleOf = (status: State["ready"]): Cell["style"] =>
  status === "True" ? "green" : status === "False" ? "red" : "yellow"

const text = (object: Json | undefined, ...path: ReadonlyArray<string>): string => {
  const value = at(object, ...path)
  return typeof value === "string" || typeof value === "number" ? String(value) : ""
}

const statusOf = (delivery: ShownDelivery): string => {
  const { reason } = stateOf(delivery)
  if (delivery.isDeleting) return "Deleting"
  if (delivery.isSuspended) return "Suspended"
  return reason === "InProgress" && delivery.status.stage !== undefined
    ? `${reason} (${delivery.status.stage})`
    : reason
}

/** `12 passed`, or what is worse. */
export const policyText = ({ status: { policy } }: Pick<ShownDelivery, "status">): string =>
  policy === undefined
    ? ""
    : policy.denied > 0
    ? `${policy.denied} denied`
    : policy.warned > 0
    ? `${policy.warned} warned`
    : `${policy.passed} passed`

const policyStyle = ({ status: { policy } }: ShownDelivery): Cell["style"] =>
  (policy?.denied ?? 0) > 0 ? "red" : (policy?.warned ?? 0) > 0 ? "yellow" : undefined

const driftText = ({ drift, status }: ShownDelivery): string =>
  [
    drift === "heal" ? "" : drift,
    status.drift === undefined || status.drift.count === 0 ? "" : `${status.drift.count}x`,
    (status.drift?.polled?.length ?? 0) > 0 ? "polled" : ""
  ].filter((word) => word !== "").join(", ")

const of = (cell: (delivery: ShownDelivery) => Cell | string) => (object: JsonObject) => cell(read(object))

const namespaceColumn: Column = { header: "NAMESPACE", cell: (object) => text(object, "metadata", "namespace") }
const nameColumn: Column = { header: "NAME", cell: (object) => text(object, "metadata", "name") }
const ageColumn: Column = {
  header: "AGE",
  cell: (object, now) => age(text(object, "metadata", "creationTimestamp"), now)
}

const readyColumn: Column = {
  header: "READY",
  cell: of((delivery) => {
    const { ready } = stateOf(delivery)
    return { text: ready, style: styleOf(ready) }
  })
}

const deliveryColumns: ReadonlyArray<Column> = [
  nameColumn,
  readyColumn,
  {
    header: "STATUS",
    cell: of((delivery) => ({ text: statusOf(delivery), style: delivery.isSuspended ? "yellow" : undefined }))
  },
  { header: "REVISION", cell: of(({ status }) => shortRevision(status.lastAppliedRevision)) },
  { header: "POLICY", cell: of((delivery) => ({ text: policyText(delivery), style: policyStyle(delivery) })) },
  ageColumn,
  { header: "SUSPENDED", isWide: true, cell: of(({ isSuspended }) => isSuspended ? "True" : "False") },
  { header: "AUTHOR", isWide: true, cell: of(({ status }) => status.source?.author ?? "") },
  { header: "DRIFT", isWide: true, cell: of(driftText) },
  {
    header: "SOURCE",
    isWide: true,
    cell: of(({ source, status }) => [status.source?.url ?? source?.url ?? "", source?.ref ?? ""].join(" "))
  },
  { header: "PATH", isWide: true, cell: of(({ path }) => path) },
  { header: "MESSAGE", isWide: true, cell: of((delivery) => stateOf(delivery).message) }
]

const library = (object: JsonObject): string => {
  const names = at(object, "spec", "source", "library")
  return Array.isArray(names) ? names.join(",") : ""
}

const count = (object: JsonObject, field: string): string => {
  const value = at(object, "status", field)
  return typeof value === "number" ? String(value) : ""
}

const reasonColumn: Column = { header: "STATUS", cell: of((resource) => conditionOf(resource, "Ready")?.reason ?? "") }
const messageColumn: Column = {
  header: "MESSAGE",
  isWide: true,
  cell: of((resource) => conditionOf(resource, "Ready")?.message ?? "")
}

const bundleColumns: ReadonlyArray<Column> = [
  nameColumn,
  readyColumn,
  reasonColumn,
  { header: "ENFORCEMENT", cell: (object) => text(object, "spec", "enforcement") || "mandatory" },
  { header: "POLICIES", cell: (object) => count(object, "policies") },
  { header: "DELIVERIES", cell: (object) => count(object, "deliveries") },
  { header: "SOURCE", cell: (object) => text(object, "spec", "source", "git", "url") || library(object) },
  ageColumn,
  {
    header: "REVISION",
    isWide: true,
    cell: (object) => shortRevision(text(object, "status", "revision") || undefined)
  },
  { header: "PATH", isWide: true, cell: (object) => text(object, "spec", "path") },
  messageColumn
]

const sinkOf = (object: JsonObject): string => Object.keys(at(object, "spec") ?? {})[0] ?? ""

const notifierColumns: ReadonlyArray<Column> = [
  nameColumn,
  readyColumn,
  reasonColumn,
  { header: "SINK", cell: sinkOf },
  { header: "CHANNEL", cell: (object) => text(object, "spec", sinkOf(object), "channel") },
  ageColumn,
  { header: "SECRET", isWide: true, cell: (object) => text(object, "spec", sinkOf(object), "secretRef", "name") },
  messageColumn
]

/** The columns of a kind: their headers, and the row of one object. */
export const columnsOf = (
  kind: Kind,
  options: { readonly isWide: boolean; readonly withNamespace: boolean }
): {
  readonly headers: ReadonlyArray<string>
  readonly row: (object: JsonObject, now: number) => ReadonlyArray<Cell>
} => {
  const columns = [
    ...options.withNamespace && kind.namespaced ? [namespaceColumn] : [],
    ...kind === deliveries ? deliveryColumns : kind === notifiers ? notifierColumns : bundleColumns
  ].filter(({ isWide }) => options.isWide || isWide !== true)
  return {
    headers: columns.map(({ header }) => header),
    row: (object, now) =>
      columns.map(({ cell }) => {
        const made = cell(object, now)
        return typeof made === "string" ? { text: made } : made
      })
  }
}
