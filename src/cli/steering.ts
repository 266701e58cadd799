import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import { ofObject } from "../domain/ObjectRef.ts"
import { deliveryLabel, displayValue, fieldManager } from "../domain/ownership.ts"
import { oneLine } from "../domain/plainText.ts"
import type { StageError } from "../domain/StageError.ts"
import { type Given, textOf } from "./commandLine.ts"
import { document, listOf, nameLine, withoutManagers } from "./documents.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { answeredInTime } from "./scope.ts"
import { nameOf, type ShownDelivery } from "./ShownDelivery.ts"

/** One Delivery that was steered: what people read of it, and what it is then. */
export interface Steered {
  readonly text: string
  readonly object: JsonObject
}

/** Writes what was done as `-o` says; nothing for nothing. */
export const tell = (given: Given, steered: ReadonlyArray<Steered>): Effect.Effect<void> => {
  const objects = steered.map(({ object }) => withoutManagers(object))
  switch (textOf(given, "output")) {
    case "name":
      return print.result(objects.map((object) => nameLine(ofObject(object))).join("\n"))
    case "json":
    case "yaml": {
      const output = textOf(given, "output") === "json" ? "json" : "yaml"
      return Effect.flatMap(document(output, objects.length === 1 ? objects[0] : listOf(objects)), print.result)
    }
    default:
      return print.result(steered.map(({ text }) => text).join("\n"))
  }
}

/** Changes one after the other; what is refused is told after what was done. Answers 0 if all of it was done. */
export const steer = Effect.fnUntraced(function*<R>(
  given: Given,
  all: ReadonlyArray<ShownDelivery>,
  one: (delivery: ShownDelivery) => Effect.Effect<Steered, StageError, R>
) {
  const done = yield* Effect.forEach(all, (delivery) => Effect.result(answeredInTime(given, one(delivery))))
  yield* tell(given, done.flatMap((each) => Result.isSuccess(each) ? [each.success] : []))
  const errors = done.flatMap((each) => Result.isFailure(each) ? [each.failure] : [])
  return errors.length > 0 ? yield* new Failures({ errors }) : 0
})

const entries = (object: JsonObject): ReadonlyArray<Json> => {
  const all = at(object, "metadata", "managedFields")
  return Array.isArray(all) ? all as ReadonlyArray<Json> : []
}

/** Warns where the Delivery comes from Git itself, which has the last word. */
export const warnOfGit = (delivery: ShownDelivery): Effect.Effect<void> => {
  const parent = delivery.labels[deliveryLabel]
  if (parent === undefined) return Effect.void
  const says = entries(delivery.object).some((entry) =>
    at(entry, "manager") === fieldManager && isJsonObject(at(entry, "fieldsV1", "f:spec", "f:suspend"))
  )
  const from = oneLine(displayValue(parent), 200)
  return says
    ? print.warning(
      `${nameOf(delivery)} comes from ${from}, and Git says spec.suspend: it will be put back`,
      `Change it in Git, or suspend ${from}.`
    )
    : print.warning(
      `${nameOf(delivery)} comes from ${from}: this holds until Git says spec.suspend`,
      "What should last belongs into Git."
    )
}
