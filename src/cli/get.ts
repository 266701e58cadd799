import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { JsonObject } from "../domain/Json.ts"
import { nearest } from "../domain/nearest.ts"
import { ofObject } from "../domain/ObjectRef.ts"
import { InvalidSpec, type StageError } from "../domain/StageError.ts"
import { painting } from "./color.ts"
import { columnsOf } from "./columns.ts"
import { type Given, textOf } from "./commandLine.ts"
import { document, json, listOf, nameLine, type Output, outputOf, withoutManagers } from "./documents.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { deliveries, get as getOne, type Kind, kindCalled, kinds, list, notifiers } from "./resources.ts"
import { answeredInTime, type Name, nameIn, namespaceOf, scopeOf } from "./scope.ts"
import { read } from "./ShownDelivery.ts"
import { stateSelector } from "./stateSelector.ts"
import { Table } from "./table.ts"
import { type Change, changes } from "./watching.ts"

interface Asked {
  readonly kind: Kind
  readonly names: ReadonlyArray<Name>
}

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail, hint })

/** `deliveries shop`, `delivery/shop`, `policies`, `shop`: what stands first may be a kind. */
const whatIsAsked = Effect.fnUntraced(function*(given: Given) {
  const [first, ...rest] = given.operands
  const [before, after] = first?.split("/") ?? []
  const called = before === undefined ? undefined : kindCalled(before)
  const kind = called ?? deliveries
  const texts = called === undefined ? given.operands : after === undefined ? rest : [after, ...rest]
  if (texts.length > 0 && given.switches.has("all-namespaces")) {
    const near = kindMeant(given)
    const hint = near === undefined
      ? "Say where it is: -n NAMESPACE, or NAMESPACE/NAME."
      : `Did you mean ${JSON.stringify(near)}?`
    return yield* refuse("-A and a name are too much together", hint)
  }
  if (given.switches.has("watch") && textOf(given, "output") === "yaml") {
    return yield* refuse("-w does not write YAML", "Take -o json: a document a line.")
  }
  const namespace = texts.length === 0 ? "" : yield* namespaceOf(given)
  const names = texts.map((text) => kind === deliveries ? nameIn(text, namespace) : { namespace, name: text })
  const asked: Asked = { kind, names }
  return asked
})

/** The kind that may have been meant by the first word, which is none. */
const kindMeant = ({ operands: [word = ""] }: Given): string | undefined =>
  kindCalled(word) === undefined ? nearest(word, kinds.flatMap(({ words }) => words)) : undefined

/** Who misspells a kind has named a Delivery. */
const misspelt = (given: Given) => (error: StageError): StageError => {
  const near = kindMeant(given)
  return error._tag === "InvalidSpec" && error.hint?.startsWith("sluice get") === true && near !== undefined
    ? refuse(error.detail, `Did you mean ${JSON.stringify(near)}?`)
    : error
}

const named = Effect.fnUntraced(function*(given: Given, { kind, names }: Asked) {
  const found = yield* Effect.forEach(
    names,
    ({ name, namespace }) => Effect.result(Effect.mapError(getOne(kind, namespace, name), misspelt(given))),
    { concurrency: 8 }
  )
  return {
    objects: found.flatMap((each) => Result.isSuccess(each) ? [each.success] : []),
    errors: found.flatMap((each) => Result.isFailure(each) ? [each.failure] : [])
  }
})

const byName = (a: JsonObject, b: JsonObject): number => {
  const [left, right] = [a, b].map(ofObject).map(({ name, namespace }) => `${namespace}/${name}`)
  return left! < right! ? -1 : 1
}

/** Nothing there is an answer, but one that people may not expect. */
const tellNothing = (given: Given, kind: Kind, namespace: string | undefined) => {
  const what = kind === deliveries ? "Deliveries" : kind === notifiers ? "Notifiers" : "PolicyBundles"
  const where = kind.namespaced && namespace !== undefined ? ` in namespace ${namespace}; -A looks in all` : ""
  const narrowed = ["selector", "status-selector"].some((flag) => textOf(given, flag) !== undefined)
  return print.aside(`no ${what}${narrowed ? " that are selected" : ""}${where}`)
}

/** Writes objects, and later what becomes of them. */
const writer = (output: Output, kind: Kind, withNamespace: boolean) => {
  const columns = columnsOf(kind, { isWide: output === "wide", withNamespace })
  const table = new Table(columns.headers, painting(process.stdout))
  const status = columns.headers.indexOf("STATUS")
  const rows = (changes: ReadonlyArray<Change>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      print.result(
        table.lines(changes.map(({ object, type }) => {
          const row = columns.row(object, now)
          return type === "DELETED" ? row.with(status === -1 ? 1 : status, { text: "Deleted", style: "red" }) : row
        })).join("\n")
      ))
  const all = (objects: ReadonlyArray<JsonObject>, isOne: boolean) =>
    output === "name"
      ? print.result(objects.map((object) => nameLine(ofObject(object))).join("\n"))
      : output === "json" || output === "yaml"
      ? Effect.flatMap(document(output, isOne ? objects[0] : listOf(objects)), print.result)
      : objects.length === 0
      ? Effect.void
      : rows(objects.map((object) => ({ type: "ADDED", object })))
  const change = ({ object, type }: Change) =>
    output === "name"
      ? print.result(nameLine(ofObject(object)))
      : output === "json"
      ? print.result(json({ type, object: withoutManagers(object) }))
      : rows([{ type, object }])
  return { all, change }
}

/** Lists the agent's resources, or those that are named. Answers 0, or 2 where one that is named is not there. */
export const get = Effect.fn("get")(function*(given: Given) {
  const asked = yield* whatIsAsked(given)
  const { kind, names } = asked
  const output = outputOf(given)
  const hasState = yield* stateSelector(textOf(given, "status-selector"))
  const namespace = kind.namespaced ? yield* scopeOf(given) : undefined
  const labels = textOf(given, "selector")
  const { errors, objects } = yield* answeredInTime(
    given,
    names.length > 0
      ? named(given, asked)
      : Effect.map(list(kind, { namespace, labels }), (objects) => ({ objects, errors: [] }))
  )
  const isSelected = (object: JsonObject): boolean => kind !== deliveries || hasState(read(object))
  const found = objects.filter(isSelected).sort(byName).map(withoutManagers)
  const namespaces = new Set([
    ...found.map((object) => ofObject(object).namespace),
    ...names.map((each) => each.namespace)
  ])
  const { all, change } = writer(output, kind, given.switches.has("all-namespaces") || namespaces.size > 1)
  const isWatch = given.switches.has("watch")

  if (isWatch && output === "json") {
    for (const object of found) yield* change({ type: "ADDED", object })
  } else if (found.length > 0 || errors.length === 0) {
    yield* all(found, names.length === 1 && found.length === 1)
  }
  if (errors.length > 0) return yield* new Failures({ errors })
  if (found.length === 0) yield* tellNothing(given, kind, namespace)
  if (!isWatch) return 0

  const isWanted = (object: JsonObject): boolean => {
    const ref = ofObject(object)
    return names.length === 0 ||
      names.some((each) => each.name === ref.name && (!kind.namespaced || each.namespace === ref.namespace))
  }
  const where = names.some((each) => each.namespace !== namespace) ? undefined : namespace
  yield* Stream.runForEach(
    changes(kind, { namespace: where, labels }, found, (object) => isWanted(object) && isSelected(object)),
    change
  )
  return 0
})
