import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { ResourceKind } from "../kube/KubeReader.ts"
import { painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import { document, json, listOf, outputOf, withoutManagers } from "./documents.ts"
import { age } from "./duration.ts"
import * as print from "./print.ts"
import { deliveries, list } from "./resources.ts"
import { answeredInTime, nameIn, namespaceOf, scopeOf } from "./scope.ts"
import { type Cell, Table } from "./table.ts"
import { changes } from "./watching.ts"

const kind: ResourceKind = { apiVersion: "v1", kind: "Event", plural: "events", namespaced: true, verbs: [] }

const text = (object: Json | undefined, ...path: ReadonlyArray<string>): string => {
  const value = at(object, ...path)
  return typeof value === "string" || typeof value === "number" ? String(value) : ""
}

/** When an Event was last seen: its series, the old fields, or when it was made. */
export const lastSeen = (event: JsonObject): string =>
  text(event, "series", "lastObservedTime") || text(event, "lastTimestamp") || text(event, "eventTime") ||
  text(event, "metadata", "creationTimestamp")

const firstSeen = (event: JsonObject): string =>
  text(event, "firstTimestamp") || text(event, "eventTime") || text(event, "metadata", "creationTimestamp")

export const headers = {
  table: ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
  wide: ["LAST SEEN", "TYPE", "REASON", "OBJECT", "COUNT", "FIRST SEEN", "FROM", "MESSAGE"]
}

/** One Event as a row. */
export const row = (event: JsonObject, now: number, isWide: boolean, withNamespace: boolean): ReadonlyArray<Cell> => {
  const type = text(event, "type")
  const object = at(event, "involvedObject")
  const name = [text(object, "kind"), ...withNamespace ? [text(object, "namespace")] : [], text(object, "name")]
  return [
    { text: age(lastSeen(event), now) },
    { text: type, style: type === "Warning" ? "yellow" : undefined },
    { text: text(event, "reason") },
    { text: name.join("/") },
    ...isWide ?
      [
        { text: text(event, "series", "count") || text(event, "count") || "1" },
        { text: age(firstSeen(event), now) },
        { text: text(event, "reportingComponent") || text(event, "source", "component") }
      ] :
      [],
    { text: text(event, "message") }
  ]
}

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail, hint })

/** Whose Events are asked for, as the API server selects them. */
const regarding = Effect.fnUntraced(function*(given: Given) {
  const [operand] = given.operands
  const of = textOf(given, "for")
  if (operand !== undefined && of !== undefined) {
    return yield* refuse("a Delivery and --for are too much together", "Name one of both.")
  }
  if (of === undefined && operand === undefined) {
    return { namespace: yield* scopeOf(given), fields: `involvedObject.apiVersion=${apiVersion}` }
  }
  if (given.switches.has("all-namespaces")) {
    return yield* refuse("-A and a name are too much together", "Say where it is: -n NAMESPACE.")
  }
  const namespace = yield* namespaceOf(given)
  if (of !== undefined) {
    const [what = "", name = "", ...rest] = of.split("/")
    if (what === "" || name === "" || rest.length > 0 || /[=,]/u.test(of)) {
      return yield* refuse(`--for ${of} names no object`, "Write KIND/NAME: Deployment/checkout.")
    }
    return { namespace, fields: `involvedObject.kind=${what},involvedObject.name=${name}` }
  }
  const name = nameIn(operand!, namespace)
  if (/[=,]/u.test(name.name)) {
    return yield* refuse(`${operand} is no name`, "Names are lower-case letters, digits, - and .")
  }
  return {
    namespace: name.namespace,
    fields: `involvedObject.kind=${deliveries.kind},involvedObject.name=${name.name}`
  }
})

const typesOf = Effect.fnUntraced(function*(given: Given) {
  const types = textOf(given, "types")?.split(",").map((type) => type.trim().toLowerCase())
  const stray = types?.find((type) => type !== "normal" && type !== "warning")
  if (stray !== undefined) {
    return yield* refuse(`--types knows no ${JSON.stringify(stray)}`, "Known here: Normal, Warning.")
  }
  return (event: JsonObject): boolean => types?.includes(text(event, "type").toLowerCase()) ?? true
})

/** The Events of Deliveries, the newest last, and with `-w` those to come. */
export const events = Effect.fn("events")(function*(given: Given) {
  const output = outputOf(given)
  const isWatch = given.switches.has("watch")
  const isSelected = yield* typesOf(given)
  if (isWatch && output === "yaml") return yield* refuse("-w does not write YAML", "Take -o json: a document a line.")
  const where = yield* regarding(given)
  const found = (yield* answeredInTime(given, list(kind, where))).filter(isSelected)
    .sort((a, b) => Date.parse(lastSeen(a)) - Date.parse(lastSeen(b)))
  const isWide = output === "wide"
  const table = new Table(headers[isWide ? "wide" : "table"], painting(process.stdout))
  const show = (all: ReadonlyArray<JsonObject>) =>
    output === "name"
      ? print.result(all.map((event) => `event/${text(event, "metadata", "name")}`).join("\n"))
      : output === "json" && isWatch
      ? print.result(all.map((object) => json({ type: "ADDED", object: withoutManagers(object) })).join("\n"))
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
        print.result(
          table.lines(all.map((event) => row(event, now, isWide, where.namespace === undefined))).join("\n")
        ))

  if ((output === "json" || output === "yaml") && !isWatch) {
    yield* print.result(yield* document(output, listOf(found.map(withoutManagers))))
    return 0
  }
  if (found.length > 0) yield* show(found)
  else yield* print.aside("no events; the cluster keeps them for an hour")
  if (!isWatch) return 0
  // An Event that is forgotten by the cluster is no news.
  const news = Stream.filter(changes(kind, where, found, isSelected), ({ type }) => type !== "DELETED")
  yield* Stream.runForEach(news, ({ object }) => show([object]))
  return 0
})
